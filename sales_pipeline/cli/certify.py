"""`sales-pipeline certify`: the same files on two engines, every row compared."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sales_pipeline.cli.declaration import Given, chosen_path, load_declaration, with_options
from sales_pipeline.cli.options import (
    CatalogOption,
    ConfigOption,
    JsonOption,
    VerboseOption,
    check_engine,
)
from sales_pipeline.cli.progress import progress_on_stderr
from sales_pipeline.cli.screen import show, show_json
from sales_pipeline.engines.spark_session import check_catalog

RECORDS = 1_000
EXAMPLE = """\b
Examples:
  sales-pipeline certify --against spark --sample
  sales-pipeline certify --against sc://spark.example.com:15002 --folder /mnt/shared --json
  sales-pipeline certify --against sc://spark.example.com:15002 --folder /mnt/shared --catalog main

\b
Exit code 0: every row and every file is the same on both engines.
Exit code 1: something differs, or a run failed.
Exit code 2: the declaration or the command line is wrong, or there is no landing file.
"""


def certify(
    *,
    against: Annotated[
        str,
        typer.Option(
            "--against",
            metavar="ENGINE",
            help="The engine to compare with the embedded one: spark, or sc://HOST:PORT.",
            callback=check_engine,
        ),
    ],
    everything: Annotated[
        bool,
        typer.Option("--all", help=f"Take whole files, not the first {RECORDS:,} records of each."),
    ] = False,
    sample: Annotated[
        bool, typer.Option("--sample", help="Take the sample retailer and its files.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder",
            metavar="PATH",
            help="Where to put the copies, and remove them again; a server has to see it under the "
            "same path. A temporary folder without it.",
            show_default=False,
            exists=True,
            file_okay=False,
        ),
    ] = None,
    config: ConfigOption = None,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Runs the same files on two engines and compares every row.

    It works on copies of the files in the landing folder and in two lakehouses of its own, one for
    the embedded engine and one for the other; the folders that are declared are only read. With a
    catalog the other one's tables are made in schemas there, which are dropped again. Then
    it compares every row of bronze, silver, gold and the ledger, and every kept file, and says the
    versions, the rows and the seconds: a certificate to keep.
    """
    path = None if sample else chosen_path(config)
    given = Given(catalog=catalog)
    declaration = with_options(None, given) if sample else load_declaration(path, given)
    check_catalog(against, declaration.catalog)
    # Arrow comes with these imports, and --help must not wait for it.
    from sales_pipeline.proofs.certificate import certify as run_certify
    from sales_pipeline.proofs.retailer_copy import copy_landing_files
    from sales_pipeline.report.certificate import certificate_document, certificate_text
    from sales_pipeline.sample import place_sample

    records = None if everything else RECORDS
    place = partial(copy_landing_files, declaration, records=records)
    with progress_on_stderr() as progress:
        certificate = run_certify(
            declaration,
            (lambda target: len(place_sample(target))) if path is None else place,
            against=against,
            folder=folder,
            on_run=lambda what: progress.stage(what, 0),
        )
    if as_json:
        show_json(certificate_document(certificate))
    else:
        show(certificate_text(certificate))
    raise typer.Exit(certificate.exit_code)
