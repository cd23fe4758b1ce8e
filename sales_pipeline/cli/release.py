"""`sales-pipeline release`: what a rollback holds counts again."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from sales_pipeline.cli.declaration import chosen_path, load_declaration
from sales_pipeline.cli.options import (
    ConfigOption,
    JsonOption,
    LakehouseOption,
    VerboseOption,
    WaitOption,
)
from sales_pipeline.engines.private_network import enter_private_network

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
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Lets the deliveries that a rollback holds count again.

    Each takes the place of what has its name by then, as a file delivered now would. The pipeline
    runs then, so that the answers change at once.
    """
    declaration = load_declaration(chosen_path(config), lakehouse)
    enter_private_network()
    # Spark comes with these imports, and --help must not wait for it.
    from sales_pipeline import rollback
    from sales_pipeline.cli.running import run_and_tell

    verb = partial(rollback.release, files=files or ())
    raise typer.Exit(run_and_tell(declaration, verb, wait=wait, as_json=as_json))
