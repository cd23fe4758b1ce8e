"""`sales-pipeline plan`: what a run would do, without doing it."""

from __future__ import annotations

from typing import Annotated

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
)
from sales_pipeline.cli.screen import show, show_json

EXAMPLE = """\b
Examples:
  sales-pipeline plan
  sales-pipeline plan --rejudge paris
  sales-pipeline plan --json | jq '.files[] | {path, becomes, months}'

\b
Exit code 0: a run would do all of it.
Exit code 1: a file would be rejected or held, as far as can be seen before the run.
Exit code 2: the declaration or the command line is wrong; also where the run would stop
because the declaration says otherwise what its records mean.
"""


def plan(
    *,
    rejudge: Annotated[
        list[str] | None,
        typer.Option(
            "--rejudge",
            metavar="FEED",
            help="Say what a run with this option would do: judge all records of the feed again. "
            "May be given several times.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Says what a run would do, without doing it.

    That is: what an interrupted run left; what becomes of every file in the landing folder, in
    the order in which a run takes them; the months of gold that it touches; and what waits.
    Nothing is written, no lock is taken and no session started: a run at the same time may
    change what is said here. SQL in the declaration is not tried: sales-pipeline check does that.

    Only the run can tell whether a record is accepted. So the months are those of the days in
    the files: one in which no sale comes into force is not made, and one in which a file takes
    the key of an earlier sale is made, too. A file may still be rejected for its records, and a
    month be held for want of a rate.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    # Arrow and delta-rs come with these imports, and --help must not wait for them.
    from sales_pipeline.operations import plan as planning
    from sales_pipeline.report.plan_json import plan_document
    from sales_pipeline.report.plan_text import plan_text

    found = planning.plan(declaration, rejudge=rejudge or ())
    if as_json:
        show_json(plan_document(found))
    else:
        show(plan_text(found))
    raise typer.Exit(found.exit_code)
