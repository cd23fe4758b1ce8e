"""Why the last month moved: the causes of its change, as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sales_pipeline.analysis.causes import Cause, causes_of_change
from sales_pipeline.analysis.comparison import Pair
from sales_pipeline.analysis.like_for_like import TradingDays
from sales_pipeline.analysis.sales_of_run import SalesOfRun
from sales_pipeline.report.document import Exact

_MEANINGS = {
    Cause.VOLUME: "more or fewer units, at the average price before",
    Cause.PRICE: "other prices for the same goods",
    Cause.MIX: "dearer or cheaper goods and stores among the units",
    Cause.CURRENCY: "other exchange rates",
    Cause.NEW_STORES: "stores that were not open in the whole of both months",
    Cause.CLOSED_STORES: "stores that closed for good",
    Cause.INTERRUPTED_STORES: "stores that were closed for some days",
    Cause.NEW_PRODUCTS: "products that did not sell before",
    Cause.DISCONTINUED_PRODUCTS: "products that did not sell any more",
    Cause.RETURNS: "more or less that was paid back",
}


@dataclass(frozen=True)
class ShownCause:
    """A cause with its part of the change, in the base currency."""

    cause: str
    meaning: str
    part: Exact


@dataclass(frozen=True)
class Moved:
    """The causes that changed the revenue of a month.

    Attributes:
        period: The month.
        before: The compared month.
        revenue: The revenue of the month.
        revenue_before: The revenue of the compared month.
        change: The difference of the two as shown.
        causes: The causes that have a part; they add up to the change.
    """

    period: str
    before: str
    revenue: Exact
    revenue_before: Exact
    change: Exact
    causes: tuple[ShownCause, ...]


def last_month_moved(
    sales: SalesOfRun, days: TradingDays, pairs: Sequence[Pair], *, minor_units: int
) -> Moved | None:
    """Returns why the last month that is over moved; None if none has one to compare with.

    Args:
        sales: The sales of the run.
        days: When the stores were open.
        pairs: The months, the earliest first.
        minor_units: The decimals of a shown revenue.
    """
    over = [pair for pair in pairs if pair.is_over and pair.before]
    if not over or over[-1].before is None:
        return None
    causes = causes_of_change(sales, days, over[-1]).rounded(minor_units)
    shown = tuple(
        ShownCause(str(cause).capitalize(), _MEANINGS[cause], part)
        for cause, part in causes.parts.items()
        if part
    )
    names = over[-1].period.name, over[-1].before.name
    return Moved(*names, causes.now, causes.before, causes.change, shown)
