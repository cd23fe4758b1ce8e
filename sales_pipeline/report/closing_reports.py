"""Reports of `close`, of `reopen`, and of closed months that a run changed: text and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.gold.changes import ChangedClosing
from sales_pipeline.lakehouse.closings import Closing
from sales_pipeline.operations.closing import Closed, Reopened
from sales_pipeline.printable import printable
from sales_pipeline.report.document import Exact, Moment, Month, View, json_object
from sales_pipeline.report.figures import moment, money, month_text, rounded, signed
from sales_pipeline.report.layout import WORTH_A_LOOK, listed


class _Closing(View):
    month: Month
    closed_at: Moment
    run_id: str
    of_run: str
    revenue: Exact
    passed_over: list[str]


class _Closed(View):
    run_id: str | None
    currency: str


def closing_document(closing: Closing, currency: str) -> dict[str, Any]:
    """Returns a closing, ready for JSON; its revenue is rounded to the minor unit."""
    return json_object(_Closing, replace(closing, revenue=rounded(closing.revenue, currency)))


def closed_document(done: Closed) -> dict[str, Any]:
    """Returns what `close` did, ready for JSON."""
    return json_object(_Closed, done) | {
        "closed": [closing_document(closing, done.currency) for closing in done.closed],
        "already": [closing_document(closing, done.currency) for closing in done.already],
    }


def closed_text(done: Closed) -> RenderableType:
    """Returns a line for each month: what it is closed at, and what was passed over."""
    if not done.closed and not done.already:
        return Text("Nothing to close: every month with sales up to it is closed.")
    lines = []
    for closing in done.already:
        when = moment(closing.closed_at)
        reopen = f"sales-pipeline reopen {month_text(closing.month)}"
        figure = money(closing.revenue, done.currency)
        month = month_text(closing.month)
        lines.append(
            Text(f"{month}: closed already, at {figure} on {when} UTC. To close it anew: {reopen}")
        )
    for closing in done.closed:
        figure = money(closing.revenue, done.currency)
        lines.append(Text(f"{month_text(closing.month)}: closed at {figure}."))
        lines += [
            Text(printable(f"  passed over: {obstacle}"), style=WORTH_A_LOOK)
            for obstacle in closing.passed_over
        ]
    return Group(*lines)


def reopened_document(done: Reopened) -> dict[str, Any]:
    """Returns what `reopen` did, ready for JSON."""
    return json_object(_Closed, done) | {
        "reopened": [closing_document(closing, done.currency) for closing in done.reopened]
    }


def reopened_text(done: Reopened) -> RenderableType:
    """Returns a line for each month: what it had been closed at."""
    return Group(
        *(
            Text(
                f"{month_text(closing.month)}: open again; it had been closed at "
                f"{money(closing.revenue, done.currency)} on {moment(closing.closed_at)} UTC."
            )
            for closing in done.reopened
        )
    )


def closings_lines(closings: Sequence[Closing], currency: str) -> list[Text]:
    """Returns a line for each of the last closed months, and how many there are."""
    lines = [
        f"{month_text(closing.month)} at {money(closing.revenue, currency)}, "
        f"on {moment(closing.closed_at)} UTC"
        for closing in reversed(closings)
    ]
    return listed(f"{counted(len(closings), 'closed month')}, the last ones first", lines)


class _Changed(View):
    month: Month
    closed: Exact
    before: Exact
    now: Exact
    change: Exact
    restated: Exact


def changed_closings_document(
    changed: Sequence[ChangedClosing], currency: str
) -> list[dict[str, Any]]:
    """Returns the closed months that a run changed, ready for JSON; revenue at the minor unit."""
    return [json_object(_Changed, _shown(closing, currency)) for closing in changed]


def changed_closings_lines(changed: Sequence[ChangedClosing], currency: str) -> list[Text]:
    """Returns a line for each closed month that a run changed."""
    lines = []
    for closing in changed:
        shown = _shown(closing, currency)
        month = month_text(closing.month)
        lines.append(
            f"{month}: {signed(shown.change)} {currency}; closed at "
            f"{money(shown.closed, currency)}, now restated by {signed(shown.restated)}. "
            f"Why: sales-pipeline why {month} --since-closing"
        )
    return listed(f"{counted(len(changed), 'closed month')} changed", lines, style=WORTH_A_LOOK)


def _shown(changed: ChangedClosing, currency: str) -> ChangedClosing:
    """Rounds each revenue once, so that the differences agree with the shown figures."""
    figures = (changed.closed, changed.before, changed.now)
    return ChangedClosing(changed.month, *(rounded(figure, currency) for figure in figures))
