"""`sales-pipeline reset`: back to before the first run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
from sales_pipeline.cli.screen import say, show, show_json

if TYPE_CHECKING:
    from sales_pipeline.config.model import Declaration

EXAMPLE = """\b
Examples:
  sales-pipeline reset
  sales-pipeline reset --yes
"""


def reset(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    wait: WaitOption = 0,
    config: ConfigOption = None,
    lakehouse: LakehouseOption = None,
    engine: EngineOption = None,
    catalog: CatalogOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Puts everything back to before the first run, after asking.

    Every archived or rejected file goes back to where it was delivered, then the tables are
    removed. No delivered file is ever removed.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    if not yes and not _is_agreed(declaration):
        say("Nothing was changed.")
        raise typer.Exit(1)
    # Spark comes with this import, and --help must not wait for it.
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.operations.reset import reset as put_back
    from sales_pipeline.report.reset_text import reset_document, reset_text

    with stopped_by_signals("the same again, which finishes it"):
        done = put_back(declaration, wait_seconds=wait)
    if as_json:
        show_json(reset_document(done))
    else:
        show(reset_text(done))


def _is_agreed(declaration: Declaration) -> bool:
    question = (
        f"Remove all tables in {declaration.tables_place} "
        f"and move its files back to {declaration.landing}?"
    )
    return typer.confirm(question, err=True)
