"""`sales-pipeline close` and `reopen`: keep the figures of a month, or let them go again."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from sales_pipeline.cli.options import Changing, JsonOption
from sales_pipeline.cli.sales_options import month_from
from sales_pipeline.cli.screen import show_report
from sales_pipeline.errors import UsageError

CLOSE_EXAMPLE = """\b
Examples:
  sales-pipeline close 2025-12
  sales-pipeline close --through 2025-12
  sales-pipeline close 2025-12 --anyway --json

\b
What came since: sales-pipeline why 2025-12 --since-closing
"""
REOPEN_EXAMPLE = """\b
Examples:
  sales-pipeline reopen 2025-12
  sales-pipeline reopen 2025-12 && sales-pipeline close 2025-12
"""


def close(
    months: Annotated[
        list[str] | None,
        typer.Argument(metavar="MONTH", help="The months, such as 2025-12."),
    ] = None,
    *,
    through: Annotated[
        date | None,
        typer.Option(
            "--through",
            metavar="YYYY-MM",
            parser=month_from,
            help="Close all months with sales up to this one that are not closed.",
        ),
    ] = None,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway",
            help="Close a month also if it is on hold, a file of it is held, or too much of its "
            "money waits in quarantine.",
        ),
    ] = False,
    as_json: JsonOption = False,
    shared: Changing,
) -> None:
    """Closes months: keeps their figures as they stand.

    What comes later for a closed month counts as ever, and is an adjustment with its cause: every
    answer says by how much the month was restated, and `--as-closed` shows it as it was closed. A
    month is refused while it is on hold, while a file of it is held, and while more than
    `closing.quarantined` of its money waits in quarantine, unless `--anyway` is given. Of several
    months, none is closed if one is refused. A month that is closed already stays as it is. A
    rebuild keeps closings; a rollback brings back those of its run.
    """
    wanted = [month_from(text) for text in months or ()]
    if not wanted and through is None:
        raise UsageError("MONTH: no month given. Do: write one such as 2025-12, or --through")
    declaration = shared.prepared()
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.operations import closing
    from sales_pipeline.report.closing_reports import closed_document, closed_text

    with stopped_by_signals():
        closed = closing.close(
            declaration, wanted, through=through, anyway=anyway, wait_seconds=shared.wait
        )
    show_report(closed, closed_document, closed_text, as_json=as_json)


def reopen(
    months: Annotated[
        list[str], typer.Argument(metavar="MONTH", help="The closed months, such as 2025-12.")
    ],
    *,
    as_json: JsonOption = False,
    shared: Changing,
) -> None:
    """Opens closed months again.

    What was kept of them is gone: no answer says any more what they were closed at. The figures
    themselves do not change. To undo it, roll back to the run before it.
    """
    wanted = [month_from(text) for text in months]
    declaration = shared.prepared()
    from sales_pipeline.cli.stopping import stopped_by_signals
    from sales_pipeline.operations import closing
    from sales_pipeline.report.closing_reports import reopened_document, reopened_text

    with stopped_by_signals():
        reopened = closing.reopen(declaration, wanted, wait_seconds=shared.wait)
    show_report(reopened, reopened_document, reopened_text, as_json=as_json)
