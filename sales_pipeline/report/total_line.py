"""The total line below periods: the sum of the lines above it, as they are shown.

Each line is an answer by itself, rounded once, and stands so in gold. A total that was rounded by
itself could be some cents away from what a reader adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

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
    before = total.before
    revenue = sum((line.revenue for line in lines), Decimal(0))
    if before is not None and adds_before:
        before = _sum(before, [line.before for line in lines if line.before])
    elif before is not None:
        change = revenue - before.revenue
        effect = change - before.local_growth
        before = replace(before, change=change, currency_effect=effect)
    return replace(
        total,
        revenue=revenue,
        gross=sum((line.gross for line in lines), Decimal(0)),
        returns=sum((line.returns for line in lines), Decimal(0)),
        before=before,
    )


def _sum(total: Before, lines: Sequence[Before]) -> Before:
    return replace(
        total,
        revenue=sum((line.revenue for line in lines), Decimal(0)),
        change=sum((line.change for line in lines), Decimal(0)),
        local_growth=sum((line.local_growth for line in lines), Decimal(0)),
        currency_effect=sum((line.currency_effect for line in lines), Decimal(0)),
    )
