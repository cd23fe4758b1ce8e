"""`sales-pipeline certify`, `selftest` and `doctor`: the promises, tried in the user's place."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sales_pipeline.cli.declaration import Given, chosen_path, load_declaration
from sales_pipeline.cli.options import (
    CatalogOption,
    ConfigOption,
    EngineOption,
    JsonOption,
    LakehouseOption,
    SchemaOption,
    VerboseOption,
    check_engine,
)
from sales_pipeline.cli.progress import progress_on_stderr
from sales_pipeline.cli.screen import show_report
from sales_pipeline.config.locations import EMBEDDED
from sales_pipeline.engines.spark_session import check_catalog, engine_name, prepare_process
from sales_pipeline.errors import UsageError

if TYPE_CHECKING:
    from sales_pipeline.config.model import Declaration

RECORDS = 1_000
EverythingOption = Annotated[
    bool,
    typer.Option("--all", help=f"Take whole files, not the first {RECORDS:,} records of each."),
]
SampleFilesOption = Annotated[
    bool, typer.Option("--sample", help="Take the sample retailer and its files.")
]
CERTIFY_EXAMPLE = """\b
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
    everything: EverythingOption = False,
    sample: SampleFilesOption = False,
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
    declaration = load_declaration(path, Given(catalog=catalog), sample=sample)
    check_catalog(against, declaration.catalog)
    from sales_pipeline.proofs.certificate import certify as run_certify
    from sales_pipeline.report.proofs import certificate_document, certificate_text

    with progress_on_stderr() as progress:
        certificate = run_certify(
            declaration,
            _files_to_copy(declaration, path, everything=everything),
            against=against,
            folder=folder,
            on_run=lambda what: progress.stage(what, 0),
        )
    show_report(certificate, certificate_document, certificate_text, as_json=as_json)
    raise typer.Exit(certificate.exit_code)


SELFTEST_EXAMPLE = """\b
Examples:
  sales-pipeline selftest
  sales-pipeline selftest --config shops.yaml --points 3,7-9
  sales-pipeline selftest --sample --json

\b
Exit code 0: whatever the kills, the tables and files were those of a run that was not killed.
Exit code 1: something differed, or the run fails without being killed, too.
Exit code 2: the declaration or the command line is wrong, or there is no landing file.
"""


def selftest(
    *,
    points: Annotated[
        str | None,
        typer.Option(
            "--points",
            metavar="POINTS",
            help="Try only these commit points, such as 3,7-9. They are numbered from 1.",
            show_default=False,
        ),
    ] = None,
    everything: EverythingOption = False,
    sample: SampleFilesOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Kills runs at every commit point, and compares.

    It works in a temporary folder, on a copy of the files in the landing folder: the folders that
    are declared are only read. A run is killed as the operating system kills, just before and just
    after each commit to a table and each move of a file. Every table must be readable then, and
    after another run every row and every file must be what a run makes that is not killed. A kill
    and its comparison take some 4 seconds, and the sample has 90 points: try --points first.
    """
    chosen = None if points is None else _numbers(points)
    path = None if sample else chosen_path(config)
    # Hundreds of runs; the promise that they show is kept by the same code on every engine.
    loaded = load_declaration(path, sample=sample)
    declaration = loaded.model_copy(update={"engine": EMBEDDED})
    prepare_process(declaration)
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.proofs.selftest import selftest as run_selftest
    from sales_pipeline.report.proofs import selftest_document, selftest_text

    with stopped_by_signals("the same again, from its beginning"), progress_on_stderr() as progress:
        result = run_selftest(
            declaration,
            _files_to_copy(declaration, path, everything=everything),
            points=chosen,
            on_trial=lambda what: progress.stage(what, 0),
        )
    show_report(result, selftest_document, selftest_text, as_json=as_json)
    raise typer.Exit(result.exit_code)


def _files_to_copy(
    declaration: Declaration, path: Path | None, *, everything: bool
) -> Callable[[Path], int]:
    """Returns how files get into the landing folder of a copy: the sample's without a path."""
    from sales_pipeline.proofs.retailer_copies import copy_landing_files
    from sales_pipeline.sample import place_sample

    if path is None:
        return lambda folder: len(place_sample(folder))
    return partial(copy_landing_files, declaration, records=None if everything else RECORDS)


_POINTS = re.compile("([0-9]{1,6})(?:-([0-9]{1,6}))?")


def _numbers(text: str) -> set[int]:
    """Parses a list of numbers and ranges.

    >>> sorted(_numbers("3,7-9"))
    [3, 7, 8, 9]
    """
    numbers: set[int] = set()
    for part in text.split(","):
        points = _POINTS.fullmatch(part)
        if points is None:
            raise UsageError(f"--points: numbers and ranges such as 3,7-9, got {text[:40]!r}")
        numbers |= set(range(int(points[1]), int(points[2] or points[1]) + 1))
    return numbers


DOCTOR_EXAMPLE = """\b
Examples:
  sales-pipeline doctor
  sales-pipeline doctor --engine sc://spark.example.com:15002
  sales-pipeline doctor --engine databricks --catalog main --schema sales
  sales-pipeline doctor --json | jq '.checks[] | select(.state != "ok")'

\b
Exit code 0: all is well.
Exit code 1: something is wrong, or could not be tried.
Exit code 2: the declaration or the command line is wrong.
"""


def doctor(
    *,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Tries everything that a run asks of an engine.

    That is: versions, the session, its time zone and ANSI mode, exact decimals, the landing folder
    and the lakehouse with what this user may do there, reading a landing file, moving it to the
    archive, the lock, and tables: making them, writing, MERGE, replaceWhere, deleting, earlier
    versions. Each line says ok, or what is wrong and what to do. It works on tables and a file of
    its own, which it removes; nothing else is changed.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    prepare_process(declaration)
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.databricks.redaction import Secrets
    from sales_pipeline.proofs.doctor import diagnose
    from sales_pipeline.report.proofs import diagnosis_document, diagnosis_text

    secrets = Secrets(os.environ)
    secrets.learn_address(engine_name(declaration))
    with stopped_by_signals("the same again"), progress_on_stderr() as progress:
        diagnosis = diagnose(
            declaration, on_check=lambda name: progress.stage(name, 0), hide=secrets.hide
        )
    show_report(diagnosis, diagnosis_document, diagnosis_text, as_json=as_json)
    raise typer.Exit(diagnosis.exit_code)
