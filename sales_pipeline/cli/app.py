"""The commands together, and the two scripts that start them."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from sales_pipeline.cli import (
    closing,
    databricks,
    held_files,
    history,
    previews,
    proofs,
    quarantine,
    reference,
    report,
    run,
    show,
    upkeep,
    why,
)
from sales_pipeline.cli.options import with_shared_options
from sales_pipeline.cli.screen import prepare_streams, start_log, tell_failure
from sales_pipeline.version import __version__

EXAMPLE = """\b
Try it with the sample retailer, in an empty folder:
  sales-pipeline run --sample --show

\b
Every day:
  sales-pipeline run && sales-pipeline show global --json
"""

_Commands = dict[str, tuple[Callable[..., None], str]]
"""Name of a command -> its function and its examples."""

_COMMANDS: _Commands = {
    "run": (run.run, run.EXAMPLE),
    "plan": (previews.plan, previews.PLAN_EXAMPLE),
    "show": (show.show, show.EXAMPLE),
    "why": (why.why, why.WHY_EXAMPLE),
    "explain": (why.explain, why.EXPLAIN_EXAMPLE),
    "report": (report.report, report.EXAMPLE),
    "status": (history.status, history.STATUS_EXAMPLE),
    "check": (previews.check, previews.CHECK_EXAMPLE),
    "accept": (held_files.accept, held_files.ACCEPT_EXAMPLE),
    "withdraw": (held_files.withdraw, held_files.WITHDRAW_EXAMPLE),
    "close": (closing.close, closing.CLOSE_EXAMPLE),
    "reopen": (closing.reopen, closing.REOPEN_EXAMPLE),
    "history": (history.history, history.HISTORY_EXAMPLE),
    "diff": (history.diff, history.DIFF_EXAMPLE),
    "rollback": (history.rollback, history.ROLLBACK_EXAMPLE),
    "release": (held_files.release, held_files.RELEASE_EXAMPLE),
    "rebuild": (upkeep.rebuild, upkeep.REBUILD_EXAMPLE),
    "maintain": (upkeep.maintain, upkeep.MAINTAIN_EXAMPLE),
    "reset": (upkeep.reset, upkeep.RESET_EXAMPLE),
    "restore": (upkeep.restore, upkeep.RESTORE_EXAMPLE),
    "selftest": (proofs.selftest, proofs.SELFTEST_EXAMPLE),
    "certify": (proofs.certify, proofs.CERTIFY_EXAMPLE),
    "doctor": (proofs.doctor, proofs.DOCTOR_EXAMPLE),
}
_GROUPS: dict[str, tuple[str, _Commands]] = {
    "rates": (
        "Which exchange rate a sale takes.",
        {"show": (reference.show_rates, reference.RATES_EXAMPLE)},
    ),
    "catalogue": (
        "The names that the catalogue knows, and those it lacks.",
        {
            "show": (reference.show_catalogue, reference.CATALOGUE_EXAMPLE),
            "missing": (reference.missing_names, reference.MISSING_EXAMPLE),
        },
    ),
    "quarantine": (
        "Records that wait in quarantine, and how a person mends them.",
        {
            "list": (quarantine.list_, quarantine.LIST_EXAMPLE),
            "show": (quarantine.show, quarantine.SHOW_EXAMPLE),
            "export": (quarantine.export, quarantine.EXPORT_EXAMPLE),
            "replay": (quarantine.replay, quarantine.REPLAY_EXAMPLE),
        },
    ),
    "config": (
        "About the declaration itself.",
        {"schema": (previews.schema, previews.SCHEMA_EXAMPLE)},
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
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
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
    for name, (function, examples) in commands.items():
        group.command(name, epilog=examples)(with_shared_options(function))


def _make_app() -> typer.Typer:
    commands = _new_app(no_args_is_help=True)
    commands.callback(epilog=EXAMPLE)(_begin)
    _add(commands, _COMMANDS)
    for name, (about, group_commands) in _GROUPS.items():
        group = _new_app(help=about, no_args_is_help=True)
        _add(group, group_commands)
        commands.add_typer(group, name=name)
    commands.add_typer(databricks.databricks_commands(), name="databricks")
    return commands


def _make_run_pipeline() -> typer.Typer:
    commands = _new_app()
    commands.command(epilog=run.RUN_PIPELINE_EXAMPLE)(run.run_pipeline)
    return commands


app = _make_app()
run_pipeline_app = _make_run_pipeline()


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs `sales-pipeline` and ends the process with its exit code.

    Args:
        arguments: What follows the name of the command; by default those of the process.
    """
    _start(app, "sales-pipeline", arguments)


def run_pipeline(arguments: Sequence[str] | None = None) -> None:
    """Runs `run-pipeline`: the whole pipeline and nothing else."""
    _start(run_pipeline_app, "run-pipeline", arguments)


def _start(commands: typer.Typer, name: str, arguments: Sequence[str] | None) -> None:
    prepare_streams()
    start_log()
    # A process that ends needs no garbage collection, which takes a tenth of a second.
    atexit.register(gc.freeze)
    try:
        commands(args=arguments, prog_name=name)
    except Exception as error:  # noqa: BLE001 -- the last stop: whatever comes becomes a message
        sys.exit(tell_failure(error))
