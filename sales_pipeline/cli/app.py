"""The commands together, and the two scripts that start them."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from sales_pipeline.cli import (
    accept,
    certify,
    check,
    diff,
    doctor,
    history,
    maintain,
    plan,
    rebuild,
    release,
    reset,
    restore,
    rollback,
    run,
    selftest,
    show,
    status,
    whole,
    withdraw,
)
from sales_pipeline.cli.catalogue import catalogue_commands
from sales_pipeline.cli.config import config_commands
from sales_pipeline.cli.databricks import databricks_commands
from sales_pipeline.cli.failures import tell_failure
from sales_pipeline.cli.log import start_log
from sales_pipeline.cli.quarantine import quarantine_commands
from sales_pipeline.cli.rates import rates_commands
from sales_pipeline.cli.screen import prepare_streams
from sales_pipeline.version import __version__

EXAMPLE = """\b
Try it with the sample retailer, in an empty folder:
  sales-pipeline run --sample --show

\b
Every day:
  sales-pipeline run && sales-pipeline show global --json
"""

_COMMANDS = (
    *(run, plan, show, status, check, accept, withdraw),
    *(
        history,
        diff,
        rollback,
        release,
        rebuild,
        maintain,
        reset,
        restore,
        selftest,
        certify,
        doctor,
    ),
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"sales-pipeline {__version__}")
        raise typer.Exit


def _begin(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Takes the sales files of a retailer's stores to four answers in one currency.

    Stores drop CSV files into a landing folder; a run takes what is new through bronze,
    silver and gold. `sales-pipeline COMMAND --help` explains each command.
    """


def _make_app() -> typer.Typer:
    # Plain help: rich's takes twice as long to import as everything else together.
    made = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    made.callback(epilog=EXAMPLE)(_begin)
    for module in _COMMANDS:
        command = getattr(module, module.__name__.rpartition(".")[2])
        made.command(epilog=module.EXAMPLE)(command)
    made.add_typer(rates_commands(), name="rates")
    made.add_typer(catalogue_commands(), name="catalogue")
    made.add_typer(quarantine_commands(), name="quarantine")
    made.add_typer(config_commands(), name="config")
    made.add_typer(databricks_commands(), name="databricks")
    return made


def _make_whole() -> typer.Typer:
    made = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    made.command(epilog=whole.EXAMPLE)(whole.whole)
    return made


app = _make_app()


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs `sales-pipeline` and ends the process with its exit code.

    Args:
        arguments: What follows the name of the command; those of the process without it.
    """
    _start(app, "sales-pipeline", arguments)


def run_pipeline(arguments: Sequence[str] | None = None) -> None:
    """Runs `run-pipeline`, the whole pipeline and nothing else."""
    _start(_make_whole(), "run-pipeline", arguments)


def _start(commands: typer.Typer, name: str, arguments: Sequence[str] | None) -> None:
    prepare_streams()
    start_log()
    # Nobody needs the memory of a process that ends; to search it takes a tenth of a second.
    atexit.register(gc.freeze)
    try:
        commands(args=arguments, prog_name=name)
    except Exception as error:  # noqa: BLE001 -- the last stop: whatever comes becomes a message
        sys.exit(tell_failure(error))
