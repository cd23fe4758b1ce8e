"""The commands together, and the two scripts that start them."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer

from sales_pipeline.cli.options import with_shared_options
from sales_pipeline.cli.screen import prepare_streams, start_log, tell_failure
from sales_pipeline.version import __version__

_VERSION = "--version"
EXAMPLE = """\b
Try it with the sample retailer, in an empty folder:
  sales-pipeline run --sample --show

\b
Every day:
  sales-pipeline run && sales-pipeline show global --json
"""


class _Command(NamedTuple):
    """A command: its module in this folder, its function there, and the text of its examples."""

    module: str
    function: str
    examples: str


_Commands = dict[str, _Command]
"""Name of a command -> where it is."""

_COMMANDS: _Commands = {
    "run": _Command("run", "run", "EXAMPLE"),
    "plan": _Command("previews", "plan", "PLAN_EXAMPLE"),
    "show": _Command("show", "show", "EXAMPLE"),
    "why": _Command("why", "why", "WHY_EXAMPLE"),
    "explain": _Command("why", "explain", "EXPLAIN_EXAMPLE"),
    "report": _Command("report", "report", "EXAMPLE"),
    "status": _Command("history", "status", "STATUS_EXAMPLE"),
    "check": _Command("previews", "check", "CHECK_EXAMPLE"),
    "accept": _Command("held_files", "accept", "ACCEPT_EXAMPLE"),
    "withdraw": _Command("held_files", "withdraw", "WITHDRAW_EXAMPLE"),
    "close": _Command("closing", "close", "CLOSE_EXAMPLE"),
    "reopen": _Command("closing", "reopen", "REOPEN_EXAMPLE"),
    "history": _Command("history", "history", "HISTORY_EXAMPLE"),
    "diff": _Command("history", "diff", "DIFF_EXAMPLE"),
    "rollback": _Command("history", "rollback", "ROLLBACK_EXAMPLE"),
    "release": _Command("held_files", "release", "RELEASE_EXAMPLE"),
    "rebuild": _Command("upkeep", "rebuild", "REBUILD_EXAMPLE"),
    "maintain": _Command("upkeep", "maintain", "MAINTAIN_EXAMPLE"),
    "reset": _Command("upkeep", "reset", "RESET_EXAMPLE"),
    "restore": _Command("upkeep", "restore", "RESTORE_EXAMPLE"),
    "selftest": _Command("proofs", "selftest", "SELFTEST_EXAMPLE"),
    "certify": _Command("proofs", "certify", "CERTIFY_EXAMPLE"),
    "doctor": _Command("proofs", "doctor", "DOCTOR_EXAMPLE"),
}
_GROUPS: dict[str, tuple[str, _Commands]] = {
    "rates": (
        "Which exchange rate a sale takes.",
        {"show": _Command("reference", "show_rates", "RATES_EXAMPLE")},
    ),
    "catalogue": (
        "The names that the catalogue knows, and those it lacks.",
        {
            "show": _Command("reference", "show_catalogue", "CATALOGUE_EXAMPLE"),
            "missing": _Command("reference", "missing_names", "MISSING_EXAMPLE"),
        },
    ),
    "quarantine": (
        "Records that wait in quarantine, and how a person mends them.",
        {
            "list": _Command("quarantine", "list_", "LIST_EXAMPLE"),
            "show": _Command("quarantine", "show", "SHOW_EXAMPLE"),
            "export": _Command("quarantine", "export", "EXPORT_EXAMPLE"),
            "replay": _Command("quarantine", "replay", "REPLAY_EXAMPLE"),
        },
    ),
    "config": (
        "About the declaration itself.",
        {"schema": _Command("previews", "schema", "SCHEMA_EXAMPLE")},
    ),
    "databricks": (
        "A Databricks workspace: deploying to it, and the gate.",
        {
            "init": _Command("databricks", "init", "INIT_EXAMPLE"),
            "test": _Command("databricks", "run_test_job", "TEST_EXAMPLE"),
        },
    ),
}
"""Name of a group -> what it is about, and its commands."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"sales-pipeline {__version__}")
        raise typer.Exit


def _begin(
    *,
    version: Annotated[
        bool,
        typer.Option(_VERSION, help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Takes the sales files of a retailer's stores to four answers in one currency.

    Stores drop CSV files into a landing folder; a run takes what is new through bronze,
    silver and gold. `sales-pipeline COMMAND --help` explains each command.
    """


def _new_app(**settings: Any) -> typer.Typer:
    # Plain help: rich's takes twice as long to import as everything else together.
    return typer.Typer(
        rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, **settings
    )


def _add(group: typer.Typer, commands: _Commands) -> None:
    for name, command in commands.items():
        module = import_module(f"sales_pipeline.cli.{command.module}")
        function, examples = getattr(module, command.function), getattr(module, command.examples)
        group.command(name, epilog=examples)(with_shared_options(function))


def make_app(first: str | None = None) -> typer.Typer:
    """Returns `sales-pipeline` with the commands that a command line needs.

    Only the modules of its own command are imported, because importing all takes longer than some
    commands.

    Args:
        first: The first argument of the command line; None for every command.
    """
    app = _new_app(no_args_is_help=True)
    app.callback(epilog=EXAMPLE)(_begin)
    if first == _VERSION:
        return app
    is_named = first in _COMMANDS or first in _GROUPS
    _add(app, {name: item for name, item in _COMMANDS.items() if name == first or not is_named})
    for name, (about, commands) in _GROUPS.items():
        group = _new_app(help=about, no_args_is_help=True)
        # The list of all commands names a group, and not what is in it.
        _add(group, commands if first in (None, name) else {})
        if name == first or not is_named:
            app.add_typer(group, name=name)
    return app


def make_run_pipeline() -> typer.Typer:
    """Returns `run-pipeline`."""
    app = _new_app()
    _add(app, {"run-pipeline": _Command("run", "run_pipeline", "RUN_PIPELINE_EXAMPLE")})
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs `sales-pipeline`, by default with the arguments of the process, and ends the process."""
    given = sys.argv[1:] if arguments is None else arguments
    _start(make_app(given[0] if given else ""), "sales-pipeline", arguments)


def run_pipeline(arguments: Sequence[str] | None = None) -> None:
    """Runs `run-pipeline`: the whole pipeline and nothing else."""
    _start(make_run_pipeline(), "run-pipeline", arguments)


def _start(commands: typer.Typer, name: str, arguments: Sequence[str] | None) -> None:
    prepare_streams()
    start_log()
    # pydantic would read the metadata of every installed package to look for plugins of its own.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # A process that ends needs no garbage collection, which takes a tenth of a second.
    atexit.register(gc.freeze)
    try:
        commands(args=arguments, prog_name=name)
    except Exception as error:  # noqa: BLE001 -- the last stop: whatever comes becomes a message
        sys.exit(tell_failure(error))
