"""`sales-pipeline rebuild`: silver and gold again, from bronze and the ledger."""

from __future__ import annotations

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
from sales_pipeline.engines.spark_session import prepare_process

EXAMPLE = """\b
Examples:
  sales-pipeline rebuild
  sales-pipeline rebuild --lakehouse /data/lakehouse --wait 600
"""


def rebuild(
    *,
    wait: WaitOption = 0,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Judges all records again and makes gold again.

    They are judged under the declaration as it stands. Do it after a feed was declared
    otherwise: its date formats, its columns, its key. Bronze stays as it is, and no file has
    to be delivered again.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    prepare_process(declaration)
    # Spark comes with these imports, and --help must not wait for it.
    from sales_pipeline.cli.running import run_and_tell
    from sales_pipeline.operations import rebuild as operation

    raise typer.Exit(run_and_tell(declaration, operation.rebuild, wait=wait, as_json=as_json))
