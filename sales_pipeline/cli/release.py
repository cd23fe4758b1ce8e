"""`sales-pipeline release`: what a rollback holds counts again."""

from __future__ import annotations

from functools import partial
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
from sales_pipeline.engines.spark_session import prepare_process

EXAMPLE = """\b
Examples:
  sales-pipeline release
  sales-pipeline release paris/ventes_2025-01.csv

\b
To refuse a file instead: sales-pipeline withdraw FILE.
"""


def release(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            help="Only these files, by their paths below the landing folder; all without any.",
            show_default=False,
        ),
    ] = None,
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
    """Lets the deliveries that a rollback holds count again.

    Each takes the place of what has its name by then, as a file delivered now would. The pipeline
    runs then, so that the answers change at once.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    prepare_process(declaration)
    # Spark comes with these imports, and --help must not wait for it.
    from sales_pipeline.cli.running import run_and_tell
    from sales_pipeline.operations import rollback

    verb = partial(rollback.release, files=files or ())
    raise typer.Exit(run_and_tell(declaration, verb, wait=wait, as_json=as_json))
