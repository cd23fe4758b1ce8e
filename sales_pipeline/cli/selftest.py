"""`sales-pipeline selftest`: kills runs at every commit point, on copies, and compares."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from sales_pipeline.cli.declaration import chosen_path, load_declaration, with_options
from sales_pipeline.cli.options import ConfigOption, JsonOption, VerboseOption
from sales_pipeline.cli.progress import progress_on_stderr
from sales_pipeline.cli.screen import show, show_json
from sales_pipeline.config.locations import EMBEDDED
from sales_pipeline.engines.spark_session import prepare_process
from sales_pipeline.errors import UsageError

RECORDS = 1_000
EXAMPLE = """\b
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
    everything: Annotated[
        bool,
        typer.Option("--all", help=f"Take whole files, not the first {RECORDS:,} records of each."),
    ] = False,
    sample: Annotated[
        bool, typer.Option("--sample", help="Take the sample retailer and its files.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Kills runs at every commit point, and compares.

    It works in a temporary folder, on a copy of the files in the landing folder: the folders that
    are declared are only read. A run is killed as the operating system kills, just before and just
    after each commit to a table and each move of a file. Every table must be readable then, and
    after another run every row and every file must be what a run makes that is not killed. A kill
    and its comparison take some 4 seconds, and the sample has 99 points: try --points first.
    """
    chosen = None if points is None else _numbers(points)
    path = None if sample else chosen_path(config)
    # Hundreds of runs; the promise that they show is kept by the same code on every engine.
    loaded = with_options(None) if sample else load_declaration(path)
    declaration = loaded.model_copy(update={"engine": EMBEDDED})
    prepare_process(declaration)
    # Spark comes with these imports, and --help must not wait for it.
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.proofs.retailer_copy import copy_landing_files
    from sales_pipeline.proofs.selftest import selftest as run_selftest
    from sales_pipeline.report.selftest import selftest_document, selftest_text
    from sales_pipeline.sample import place_sample

    records = None if everything else RECORDS
    place = partial(copy_landing_files, declaration, records=records)
    with stopped_by_signals("the same again, from its beginning"), progress_on_stderr() as progress:
        result = run_selftest(
            declaration,
            (lambda folder: len(place_sample(folder))) if path is None else place,
            points=chosen,
            on_trial=lambda what: progress.stage(what, 0),
        )
    if as_json:
        show_json(selftest_document(result))
    else:
        show(selftest_text(result))
    raise typer.Exit(result.exit_code)


def _numbers(text: str) -> set[int]:
    """Parses a list of numbers and ranges.

    >>> sorted(_numbers("3,7-9"))
    [3, 7, 8, 9]
    """
    numbers: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)):
            raise UsageError(f"--points: numbers and ranges such as 3,7-9, got {text!r}")
        numbers |= set(range(int(first), int(last or first) + 1))
    return numbers
