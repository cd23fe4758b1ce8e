"""`sales-pipeline status`, `history`, `diff`, `rollback`: earlier runs, and the way back to one."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from sales_pipeline.cli.options import Changing, JsonOption, Shared
from sales_pipeline.cli.screen import show, show_json, show_report
from sales_pipeline.engines.private_network import network_of_a_run

STATUS_EXAMPLE = """\b
Examples:
  sales-pipeline status
  sales-pipeline status --json | jq '.feeds[] | {feed, last_at}'
"""


def status(
    *,
    as_json: JsonOption = False,
    shared: Shared,
) -> None:
    """Shows deliveries, runs, quarantine and landing folder.

    That is: deliveries by feed and state with the last one of each, the last runs, the records
    in quarantine and why they wait, the sales that later files displaced with another day or
    amount, and what the next run would make of the files in the landing folder. A feed that never
    delivered is shown, too. Nothing is changed.
    """
    declaration = shared.declaration()
    # Asked first: the answer is known only before the imports below start threads.
    network = network_of_a_run() if shared.verbose else None
    from sales_pipeline.report import status as report

    lakehouse = report.status(declaration)
    if as_json:
        show_json(report.status_document(lakehouse) | ({"network": network} if network else {}))
    else:
        show(report.status_text(lakehouse))
        if network:
            show(f"\nEngine: {network}.")


HISTORY_EXAMPLE = """\b
Examples:
  sales-pipeline history
  sales-pipeline history --table gold.sales_cube
  sales-pipeline history --json | jq -r '.runs[0].run_id'
"""
DIFF_EXAMPLE = """\b
Examples:
  sales-pipeline diff
  sales-pipeline diff 20250131T060000-1a2b3c
  sales-pipeline diff 20250131T060000-1a2b3c 20250201T060000-4d5e6f --json
"""
ROLLBACK_EXAMPLE = """\b
Examples:
  sales-pipeline diff 20250131T060000-1a2b3c
  sales-pipeline rollback --to 20250131T060000-1a2b3c

\b
To undo it: sales-pipeline rollback, to the run before it.
"""


def history(
    *,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            metavar="TABLE",
            help="The versions of this table, such as gold.sales_cube, and what each changed.",
        ),
    ] = None,
    as_json: JsonOption = False,
    shared: Shared,
) -> None:
    """Shows the runs, or the versions of a table.

    Runs that found nothing to do are not kept. The latest comes first, and the screen shows the
    last 20. A version of a table has the rows and files that it held, what was done, and the run
    that left it.
    """
    declaration = shared.declaration()
    from sales_pipeline.report import history as report

    if table is None:
        runs = report.runs_of(declaration)
        kept = report.kept_of(declaration, runs)
        document, text = (
            partial(report.runs_document, kept=kept),
            partial(report.runs_text, kept=kept),
        )
        show_report(runs, document, text, as_json=as_json)
        return
    versions = report.versions_of(declaration, table, limit=None if as_json else report.SHOWN)
    document, text = partial(report.versions_document, table), partial(report.versions_text, table)
    show_report(versions, document, text, as_json=as_json)


def diff(
    earlier: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            help="A finished run, by its id from `history`. Without it: the one before the last.",
        ),
    ] = None,
    later: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="Another one. Without it: the last one."),
    ] = None,
    *,
    as_json: JsonOption = False,
    shared: Shared,
) -> None:
    """Shows what moved between two finished runs.

    That is units and revenue by month, store and product, on both sides. The screen shows the
    first of them; revenue is exact to the end and rounded half up once.
    """
    declaration = shared.declaration()
    from sales_pipeline.report import compared_runs as report

    compared = report.compared_runs(declaration, earlier, later)
    show_report(compared, report.compared_runs_document, report.compared_runs_text, as_json=as_json)


def rollback(
    *,
    to: Annotated[
        str,
        typer.Option("--to", metavar="RUN", help="A finished run, by its id from `history`."),
    ],
    as_json: JsonOption = False,
    shared: Changing,
) -> None:
    """Brings all tables and the ledger back to what a run left.

    It is a run of its own and can be rolled back like any other. What was delivered since is held
    until `release`, so the next scheduled run does not undo it; no file and no record is removed.
    `diff RUN` says beforehand what will move.
    """
    declaration = shared.prepared()
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.operations import rollback as going_back
    from sales_pipeline.report.upkeep import rollback_document, rollback_text

    with stopped_by_signals():
        outcome = going_back.rollback(declaration, to=to, wait_seconds=shared.wait)
    show_report(outcome, rollback_document, rollback_text, as_json=as_json)
