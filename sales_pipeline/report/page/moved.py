"""Why the last month moved: the causes of its change, as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sales_pipeline.analysis.causes import Cause, Causes, causes_by_store, causes_of_change
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
class CauseOfPage:
    """A cause, and what it means."""

    cause: str
    meaning: str


@dataclass(frozen=True)
class Change:
    """The revenue of both months, and what changed it.

    Attributes:
        revenue: The revenue of the month.
        revenue_before: The revenue of the compared month.
        parts: The part of each cause; they add up to the difference of the two as shown.
    """

    revenue: Exact
    revenue_before: Exact
    parts: tuple[Exact, ...]


@dataclass(frozen=True)
class Moved:
    """The causes that changed the revenue of a month, in the base currency.

    Attributes:
        period: The month.
        before: The compared month.
        causes: The causes that there are.
        all: The change of all stores.
        stores: The change of each store that sold, by the place of the store in the page; None if
            the page does not hold what stores sold by product.
    """

    period: str
    before: str
    causes: tuple[CauseOfPage, ...]
    all: Change
    stores: dict[int, Change] | None


def last_month_moved(
    sales: SalesOfRun,
    days: TradingDays,
    pairs: Sequence[Pair],
    *,
    minor_units: int,
    stores: Sequence[str] | None = None,
) -> Moved | None:
    """Returns why the last month that is over moved; None if none has one to compare with.

    With the ids of the stores of the page, it tells of each of them, too.
    """
    over = [pair for pair in pairs if pair.is_over and pair.before]
    if not over or over[-1].before is None:
        return None
    shown = tuple(CauseOfPage(str(cause).capitalize(), _MEANINGS[cause]) for cause in Cause)
    of_all = _change(causes_of_change(sales, days, over[-1]), minor_units)
    of_stores = None
    if stores is not None:
        by_store = causes_by_store(sales, days, over[-1])
        of_stores = {
            place: _change(by_store[store], minor_units)
            for place, store in enumerate(stores)
            if store in by_store
        }
    return Moved(over[-1].period.name, over[-1].before.name, shown, of_all, of_stores)


def _change(causes: Causes, minor_units: int) -> Change:
    rounded = causes.rounded(minor_units)
    parts = tuple(rounded.parts.get(cause, Decimal(0)) for cause in Cause)
    return Change(rounded.now, rounded.before, parts)
