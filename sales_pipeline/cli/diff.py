"""`sales-pipeline diff`: what moved between two finished runs."""

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
  sales-pipeline diff
  sales-pipeline diff 20250131T060000-1a2b3c
  sales-pipeline diff 20250131T060000-1a2b3c 20250201T060000-4d5e6f --json
"""


def diff(
    earlier: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            help="A finished run, by its id from `history`; the one before the last without it.",
            show_default=False,
        ),
    ] = None,
    later: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN", help="Another one; the last one without it.", show_default=False
        ),
    ] = None,
    *,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Shows what moved between two finished runs.

    That is units and revenue by month, store and product, on both sides. The screen shows the
    first of them; revenue is exact to the end and rounded half up once.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    # Arrow and delta-rs come with these imports, and --help must not wait for them.
    from sales_pipeline.report.compared_runs import compared_runs
    from sales_pipeline.report.compared_runs_json import compared_runs_document
    from sales_pipeline.report.compared_runs_text import compared_runs_text

    compared = compared_runs(declaration, earlier, later)
    if as_json:
        show_json(compared_runs_document(compared))
    else:
        show(compared_runs_text(compared))
