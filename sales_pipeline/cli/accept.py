"""`sales-pipeline accept`: a held correction takes effect."""

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
  sales-pipeline accept paris/ventes_2025-01.csv
  sales-pipeline accept paris/ventes_2025-01.csv --json

\b
To refuse the correction instead: sales-pipeline withdraw, with the same file.
"""


def accept(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="The file as the run names it: its path below the landing folder."
        ),
    ],
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
    """Lets a held correction take effect.

    A file with the name of an earlier one takes its place. Where it has no record, shares no
    key with the earlier one or would remove more of it than max_removed allows, it is held
    until it is accepted here. The pipeline runs then, so that the answers change at once.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    prepare_process(declaration)
    # Spark comes with these imports, and --help must not wait for it.
    from sales_pipeline.cli.running import run_and_tell
    from sales_pipeline.operations import decisions

    raise typer.Exit(
        run_and_tell(declaration, partial(decisions.accept, file=file), wait=wait, as_json=as_json)
    )
