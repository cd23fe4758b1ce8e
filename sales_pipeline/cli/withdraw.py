"""`sales-pipeline withdraw`: a file is taken back, with all its versions."""

from __future__ import annotations

from functools import partial
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
from sales_pipeline.cli.screen import say
from sales_pipeline.engines.spark_session import prepare_process
from sales_pipeline.errors import counted

if TYPE_CHECKING:
    from sales_pipeline.operations.decisions import Withdrawal

EXAMPLE = """\b
Examples:
  sales-pipeline withdraw paris/ventes_2025-01.csv
  sales-pipeline withdraw paris/ventes_2025-01.csv --yes
"""


def withdraw(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="The file as the run names it: its path below the landing folder."
        ),
    ],
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
    """Takes a delivered file back, after asking.

    None of its records counts any more, and no earlier version of it comes back; what they
    had displaced does. The archive keeps the file, and the same file may be delivered again.
    Where a correction of the file is held, only the correction is refused.
    """
    declaration = load_declaration(chosen_path(config), Given(lakehouse, engine, catalog, schema))
    prepare_process(declaration)
    # Spark comes with these imports, and --help must not wait for it.
    from sales_pipeline.cli.running import run_and_tell
    from sales_pipeline.operations import decisions

    if not yes and not typer.confirm(_question(decisions.withdrawal(declaration, file)), err=True):
        say("Nothing was changed.")
        raise typer.Exit(1)
    raise typer.Exit(
        run_and_tell(
            declaration, partial(decisions.withdraw, file=file), wait=wait, as_json=as_json
        )
    )


def _question(found: Withdrawal) -> str:
    if found.is_refusal:
        return f"Refuse the held correction {found.file}? What it would correct stays in force."
    versions = len(found.deliveries)
    which = f"all {versions:,} deliveries" if versions > 1 else "the delivery"
    return f"Take back {which} of {found.file}, {counted(found.rows, 'record')} in force?"
