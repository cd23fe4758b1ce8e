"""`sales-pipeline maintain`: keeps the tables small, without changing a row."""

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
    WaitOption,
)
from sales_pipeline.cli.screen import show, show_json

EXAMPLE = """\b
Examples:
  sales-pipeline maintain
  sales-pipeline maintain --yes --wait 600
"""


def maintain(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it, and not only say it.")] = False,
    wait: WaitOption = 0,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Says what keeping house would free; does it with --yes.

    It merges small data files, and removes versions of tables that are older than `keep_days` of
    the declaration, and what killed runs left behind. No row changes, and no delivered file is
    touched. What the last finished run left stays readable; older runs that are removed cannot be
    shown or compared any more.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    # Arrow and delta-rs come with these imports, and --help must not wait for them.
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.operations import maintenance
    from sales_pipeline.report.maintenance import maintenance_document, maintenance_text

    if yes:
        with stopped_by_signals("the same again, which goes on"):
            found = maintenance.maintain(declaration, wait_seconds=wait)
    else:
        found = maintenance.foreseen_maintenance(declaration)
    if as_json:
        show_json(maintenance_document(found))
    else:
        show(maintenance_text(found))
