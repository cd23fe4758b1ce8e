"""The total line below periods: the sum of the lines above it, as they are shown.

Each line is an answer by itself, rounded once, and stands so in gold. A total that was rounded by
itself could be some cents away from what a reader adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sales_pipeline.exact import exact_sum
from sales_pipeline.report.answers import Before, PeriodRevenue, StoreRevenue, TradingRevenue

Line = PeriodRevenue | StoreRevenue | TradingRevenue
"""A line whose amounts are added up."""


def total_line(total: PeriodRevenue, lines: Sequence[Line], *, adds_before: bool) -> PeriodRevenue:
    """Returns the total line.

    Args:
        total: All periods as one, whose amounts are replaced; ratios and numbers stay.
        lines: The lines that are shown.
        adds_before: Whether the compared figures are sums, too. They are not where each period is
            compared with the one before it: these overlap, and the total has its own.
    """
    added = _added(lines, "revenue", "gross", "returns")
    before = total.before
    if before is not None and adds_before:
        of_lines = [line.before for line in lines if line.before]
        figures = ("revenue", "change", "local_growth", "currency_effect")
        before = replace(before, **_added(of_lines, *figures))
    elif before is not None:
        change = added["revenue"] - before.revenue
        effect = change - before.local_growth
        before = replace(before, change=change, currency_effect=effect)
    return replace(total, before=before, **added)


def _added(lines: Sequence[Line | Before], *names: str) -> dict[str, Any]:
    return {name: exact_sum(getattr(line, name) for line in lines) for name in names}
