"""`sales-pipeline accept`, `release`, `withdraw`: a person decides about delivered files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from sales_pipeline.cli.options import FileArgument, JsonOption, Running
from sales_pipeline.cli.run import run_and_tell
from sales_pipeline.cli.screen import say
from sales_pipeline.errors import counted

if TYPE_CHECKING:
    from sales_pipeline.operations.decisions import Withdrawal

ACCEPT_EXAMPLE = """\b
Examples:
  sales-pipeline accept paris/ventes_2025-01.csv
  sales-pipeline accept paris/ventes_2025-01.csv --json

\b
To refuse the correction instead: sales-pipeline withdraw, with the same file.
"""
RELEASE_EXAMPLE = """\b
Examples:
  sales-pipeline release
  sales-pipeline release paris/ventes_2025-01.csv

\b
To refuse a file instead: sales-pipeline withdraw FILE.
"""
WITHDRAW_EXAMPLE = """\b
Examples:
  sales-pipeline withdraw paris/ventes_2025-01.csv
  sales-pipeline withdraw paris/ventes_2025-01.csv --yes
"""


def accept(file: FileArgument, *, as_json: JsonOption = False, shared: Running) -> None:
    """Lets a held file take effect.

    A file with the name of an earlier one takes its place. If it has no record, shares no
    key or no day with the earlier one, or would remove more of it than max_removed allows, it
    is held until it is accepted here. So are files in which a key stands for many sales, doubtful
    rates, and a catalogue that would rename many products. The pipeline runs then, so that the
    answers change at once.
    """
    declaration = shared.prepared()
    from sales_pipeline.operations import decisions

    verb = partial(decisions.accept, file=file)
    raise typer.Exit(run_and_tell(declaration, verb, shared, as_json=as_json))


def release(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            help="Only these files, by their paths below the landing folder. Without any: all.",
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
    shared: Running,
) -> None:
    """Lets the deliveries that a rollback holds count again.

    Each takes the place of whatever has its name by then, as a file delivered now would. The
    pipeline runs then, so that the answers change at once.
    """
    declaration = shared.prepared()
    from sales_pipeline.operations import rollback

    verb = partial(rollback.release, files=files or ())
    raise typer.Exit(run_and_tell(declaration, verb, shared, as_json=as_json))


def withdraw(
    file: FileArgument,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    as_json: JsonOption = False,
    shared: Running,
) -> None:
    """Takes a delivered file back, after asking.

    None of its records counts any more, and no earlier version of it comes back; the sales that
    they had displaced do. The archive keeps the file, and the same file may be delivered again.
    If a correction of the file is held, only the correction is refused.
    """
    declaration = shared.prepared()
    from sales_pipeline.operations import decisions

    if not yes and not _is_confirmed(decisions.withdrawal(declaration, file)):
        say("Nothing was changed.")
        raise typer.Exit(1)
    verb = partial(decisions.withdraw, file=file)
    raise typer.Exit(run_and_tell(declaration, verb, shared, as_json=as_json))


def _is_confirmed(withdrawal: Withdrawal) -> bool:
    # A decision is confirmed once; a command that was killed after it only finishes the work.
    return withdrawal.is_decided or typer.confirm(_question(withdrawal), err=True)


def _question(withdrawal: Withdrawal) -> str:
    if withdrawal.is_refusal:
        return (
            f"Refuse the held correction {withdrawal.file}? What it would correct stays in force."
        )
    versions = len(withdrawal.deliveries)
    which = f"all {versions:,} deliveries" if versions > 1 else "the delivery"
    records = counted(withdrawal.rows, "record")
    return f"Take back {which} of {withdrawal.file}, {records} in force?"
