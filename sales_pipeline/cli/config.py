"""`sales-pipeline config`: about the declaration itself."""

from __future__ import annotations

import typer

from sales_pipeline.cli.options import VerboseOption
from sales_pipeline.cli.screen import show_exactly

EXAMPLE = """\b
Examples:
  sales-pipeline config schema > config.schema.json

\b
Editors complete and check a declaration that begins with
  # yaml-language-server: $schema=config.schema.json
"""


def schema(*, verbose: VerboseOption = False) -> None:
    """Prints the JSON Schema of the declaration, by which editors complete and check it."""
    # pydantic comes with this import, and --help must not wait for it.
    from sales_pipeline.config.schema import schema_text

    show_exactly(schema_text())


def config_commands() -> typer.Typer:
    """Returns the commands below `config`."""
    commands = typer.Typer(
        help="About the declaration itself.", no_args_is_help=True, rich_markup_mode=None
    )
    commands.command(epilog=EXAMPLE)(schema)
    return commands
