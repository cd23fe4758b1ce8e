"""`sales-pipeline rollback`: back to what an earlier run left."""

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
from sales_pipeline.engines.spark_session import prepare_process

EXAMPLE = """\b
Examples:
  sales-pipeline diff 20250131T060000-1a2b3c
  sales-pipeline rollback --to 20250131T060000-1a2b3c

\b
To undo it: sales-pipeline rollback, to the run before it.
"""


def rollback(
    *,
    to: Annotated[
        str,
        typer.Option("--to", metavar="RUN", help="A finished run, by its id from `history`."),
    ],
    wait: WaitOption = 0,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Brings all tables and the ledger back to what a run left.

    It is a run of its own and can be rolled back like any other. What was delivered since is held
    until `release`, so the next scheduled run does not undo it; no file and no record is removed.
    `diff RUN` says beforehand what will move.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    prepare_process(declaration)
    # Spark comes with these imports, and --help must not wait for it.
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.operations import rollback as going_back
    from sales_pipeline.report.rollback import rollback_document, rollback_text

    with stopped_by_signals():
        done = going_back.rollback(declaration, to=to, wait_seconds=wait)
    if as_json:
        show_json(rollback_document(done))
    else:
        show(rollback_text(done))
