"""`sales-pipeline history`: the runs, or the versions of a table."""

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
  sales-pipeline history
  sales-pipeline history --table gold.sales_cube
  sales-pipeline history --json | jq -r '.runs[0].run_id'
"""


def history(
    *,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            metavar="TABLE",
            help="The versions of this table, such as gold.sales_cube, and what each changed.",
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
    """Shows the runs, or the versions of a table.

    Runs that found nothing to do are not kept. The latest comes first, and the screen shows the
    last 20. A version of a table has the rows and files that it held, what was done, and the run
    that left it.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    # Arrow and delta-rs come with these imports, and --help must not wait for them.
    from sales_pipeline.report import history_json, history_text
    from sales_pipeline.report.history import kept_of, runs_of, versions_of

    if table is None:
        runs = runs_of(declaration)
        kept = kept_of(declaration, runs)
        if as_json:
            show_json(history_json.runs_document(runs, kept=kept))
        else:
            show(history_text.runs_text(runs, kept=kept))
        return
    found = versions_of(declaration, table, limit=None if as_json else history_text.SHOWN)
    if as_json:
        show_json(history_json.versions_document(table, found))
    else:
        show(history_text.versions_text(table, found))
