"""`sales-pipeline rebuild`, `maintain`, `reset`, `restore`: make, compact or remove tables."""

from __future__ import annotations

from typing import Annotated

import typer

from sales_pipeline.cli.options import Changing, JsonOption, Running
from sales_pipeline.cli.run import run_and_tell
from sales_pipeline.cli.screen import say, show_report

REBUILD_EXAMPLE = """\b
Examples:
  sales-pipeline rebuild
  sales-pipeline rebuild --lakehouse /data/lakehouse --wait 600
"""
MAINTAIN_EXAMPLE = """\b
Examples:
  sales-pipeline maintain
  sales-pipeline maintain --yes --wait 600
"""
RESET_EXAMPLE = """\b
Examples:
  sales-pipeline reset
  sales-pipeline reset --yes
"""


def rebuild(*, as_json: JsonOption = False, shared: Running) -> None:
    """Judges all records again and makes gold again.

    Use it after you changed how a feed is declared: its date formats, its columns, its key. All
    records are judged under the present declaration. Bronze stays as it is, and no file has to be
    delivered again.
    """
    declaration = shared.prepared()
    from sales_pipeline.operations import rebuild as operation

    raise typer.Exit(run_and_tell(declaration, operation.rebuild, shared, as_json=as_json))


def maintain(
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Apply the changes; without it they are only listed.")
    ] = False,
    as_json: JsonOption = False,
    shared: Changing,
) -> None:
    """Lists what maintenance would free; does it with --yes.

    It merges small data files, and removes versions of tables that are older than `keep_days` of
    the declaration, and what killed runs left behind. No row changes, and no delivered file is
    touched. What the last finished run left stays readable; older runs that are removed cannot be
    shown or compared any more.
    """
    declaration = shared.declaration()
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.operations import maintenance
    from sales_pipeline.report.upkeep import maintenance_document, maintenance_text

    if yes:
        with stopped_by_signals("the same again, which goes on"):
            report = maintenance.maintain(declaration, wait_seconds=shared.wait)
    else:
        report = maintenance.foreseen_maintenance(declaration)
    show_report(report, maintenance_document, maintenance_text, as_json=as_json)


def reset(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    as_json: JsonOption = False,
    shared: Changing,
) -> None:
    """Puts everything back to before the first run, after asking.

    Every archived or rejected file goes back to where it was delivered, then the tables are
    removed. No delivered file is ever removed.
    """
    declaration = shared.declaration()
    question = (
        f"Remove all tables in {declaration.tables_place} "
        f"and move its files back to {declaration.landing}?"
    )
    if not yes and not typer.confirm(question, err=True):
        say("Nothing was changed.")
        raise typer.Exit(1)
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.operations import reset as operation
    from sales_pipeline.report.upkeep import reset_document, reset_text

    with stopped_by_signals("the same again, which finishes it"):
        result = operation.reset(declaration, wait_seconds=shared.wait)
    show_report(result, reset_document, reset_text, as_json=as_json)


RESTORE_EXAMPLE = """\b
Examples:
  sales-pipeline restore
  sales-pipeline restore && sales-pipeline run
"""


def restore(*, as_json: JsonOption = False, shared: Changing) -> None:
    """Makes a lost ledger again, from bronze and the archive.

    Use it if a command says that ops.deliveries or ops.runs is missing or damaged. Each archived
    file is found again in bronze by its records; what cannot be known is said. Then a run makes
    silver and gold again from the deliveries. No delivered file is moved or removed. If a table of
    the closed months is lost, what is left of them is removed: close the months again.
    """
    declaration = shared.declaration()
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.operations import restore as operation
    from sales_pipeline.report.upkeep import restored_document, restored_text

    with stopped_by_signals("the same again, which begins anew"):
        restored = operation.restore(declaration, wait_seconds=shared.wait)
    show_report(restored, restored_document, restored_text, as_json=as_json)
