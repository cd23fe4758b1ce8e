"""`sales-pipeline check`, `plan` and `config schema`: what to know before a run."""

from __future__ import annotations

from typing import Annotated

import typer

from sales_pipeline.cli.options import JsonOption, RowsOption, Shared, VerboseOption
from sales_pipeline.cli.screen import show_exactly, show_report
from sales_pipeline.engines.spark_session import prepare_process

CHECK_EXAMPLE = """\b
Examples:
  sales-pipeline check
  sales-pipeline check --config shops.yaml --rows 10

\b
Exit code 0: everything fits, though records may wait in quarantine.
Exit code 1: a file would be rejected or held.
Exit code 2: the declaration is wrong; every problem is named with its line, or with its SQL.
"""
SCHEMA_EXAMPLE = """\b
Examples:
  sales-pipeline config schema > config.schema.json

\b
Editors complete and check a declaration that begins with
  # yaml-language-server: $schema=config.schema.json
"""


def check(
    *,
    rows: RowsOption = None,
    as_json: JsonOption = False,
    shared: Shared,
) -> None:
    """Checks the declaration, and how files are understood.

    Declared SQL is tried over the columns that it may name. The files in the landing folder are
    read and judged as a run would do it, whole files without --rows: which would be rejected or
    held, how many records would wait in quarantine for which reason, with a text as delivered and
    the options that would read it. Nothing is changed: do it before the first run of a new store.
    """
    declaration = shared.declaration()
    prepare_process(declaration)
    from sales_pipeline.report.check import check_document, check_text
    from sales_pipeline.report.first_records import understand

    path = shared.path
    source = "the sample retailer's declaration" if path is None else str(path)
    checked = understand(declaration, source=source, rows=rows)
    show_report(checked, check_document, check_text, as_json=as_json)
    raise typer.Exit(checked.exit_code)


def schema(*, verbose: VerboseOption = False) -> None:
    """Prints the JSON Schema of the declaration, by which editors complete and check it."""
    from sales_pipeline.config.model import schema_text

    show_exactly(schema_text())


PLAN_EXAMPLE = """\b
Examples:
  sales-pipeline plan
  sales-pipeline plan --rejudge paris
  sales-pipeline plan --json | jq '.files[] | {path, becomes, months}'

\b
Exit code 0: a run would do all of it.
Exit code 1: a file would be rejected or held, or was written to after a run had moved it.
Exit code 2: the declaration or the command line is wrong; also if the run would stop
because records were judged under another declaration.
"""


def plan(
    *,
    rejudge: Annotated[
        list[str] | None,
        typer.Option(
            "--rejudge",
            metavar="FEED",
            help="Show a run with this option, which judges all records of the feed again. "
            "May be given several times.",
        ),
    ] = None,
    rows: RowsOption = None,
    as_json: JsonOption = False,
    shared: Shared,
) -> None:
    """Shows what a run would do, without doing it.

    That is: what an interrupted run left; what becomes of every file in the landing folder, in
    the order in which a run takes them; the months of gold that it touches; and what waits.
    Nothing is written and no lock is taken: a run at the same time may change what is said here.

    Files are judged as a run does it, whole files without --rows. Only what files have to do with
    earlier ones is left to the run: it leaves out a month in which no sale takes effect, and adds
    one in which a file takes the key of an earlier sale; a month may be on hold because it has no
    rate.
    """
    declaration = shared.declaration()
    from sales_pipeline.operations import plan as planning
    from sales_pipeline.report.plan import plan_document, plan_text

    planned = planning.plan(declaration, rejudge=rejudge or (), rows=rows)
    show_report(planned, plan_document, plan_text, as_json=as_json)
    raise typer.Exit(planned.exit_code)
