"""Like for like: the stores that traded through the whole of both periods, and the others.

A store that opened or closed says nothing about how well a retailer sells. So revenue is compared
over comparable stores alone, and the revenue of new, closed and interrupted stores is shown
beside it; the four add up to the total.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sales_pipeline.analysis.comparison import Compared, Pair, added
from sales_pipeline.analysis.periods import months_later
from sales_pipeline.analysis.sales_of_run import SalesOfRun
from sales_pipeline.config.model import Declaration
from sales_pipeline.config.stores import Store


class Trading(StrEnum):
    """The class of a store in a comparison of two periods."""

    COMPARABLE = "comparable"
    NEW = "new"
    CLOSED = "closed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class TradingDays:
    """The days on which stores were open, and how each traded in a pair of periods.

    Attributes:
        stores: The declared stores, by id.
        first_sales: The first day with sales of each store. A store without a declared first
            day counts as open from the first day of that month on, and as open all the time if
            that is the first month of which gold has sales.
        after_months: How many months a store has to have been open before the period.
    """

    stores: Mapping[str, Store]
    first_sales: Mapping[str, date]
    after_months: int = 0

    def trading(self, store: str, pair: Pair) -> Trading:
        """Returns how a store traded in a period and the one that it is compared with.

        A store that closed is `closed` even if it was new, and `interrupted` comes last.

        Raises:
            ValueError: The period is compared with none.
        """
        if pair.before is None:
            raise ValueError(f"{pair.period.name}: is compared with no other period")
        first, last = min(pair.before.first, pair.period.first), pair.period.last
        declared = self.stores.get(store)
        closed = declared.closed if declared else None
        if closed is not None and closed <= last:
            return Trading.CLOSED
        opened = self.opened(store)
        if opened is not None and (
            opened > first or months_later(opened, self.after_months) > pair.period.first
        ):
            return Trading.NEW
        closures = declared.closures if declared else ()
        both = (pair.before, pair.period)
        if any(
            closure.start <= period.last and closure.end >= period.first
            for closure in closures
            for period in both
        ):
            return Trading.INTERRUPTED
        return Trading.COMPARABLE

    def opened(self, store: str) -> date | None:
        """Returns the first day of a store; None if it was open before all that gold knows."""
        declared = self.stores.get(store)
        if declared is not None and declared.opened is not None:
            return declared.opened
        first = self.first_sales.get(store)
        if first is None or first.replace(day=1) == min(self.first_sales.values()).replace(day=1):
            return None
        return first.replace(day=1)


def trading_days(declaration: Declaration, sales: SalesOfRun) -> TradingDays:
    """Returns when the stores were open, as declared or else as their sales say."""
    after_months = declaration.like_for_like.after_months
    return TradingDays(declaration.stores, sales.first_sales, after_months)


@dataclass(frozen=True)
class TradingGroup:
    """The stores that traded alike in two periods.

    Attributes:
        trading: How they traded.
        stores: Their number.
        compared: Their sales together.
    """

    trading: Trading
    stores: int
    compared: Compared


def like_for_like(days: TradingDays, pair: Pair, rows: Iterable[Compared]) -> list[TradingGroup]:
    """Divides the stores of a pair of periods by how they traded; the groups add up to the total.

    Returns:
        A group for each way of trading that a store has, comparable stores first.
    """
    groups: dict[Trading, list[Compared]] = {}
    for row in rows:
        groups.setdefault(days.trading(row.store or "", pair), []).append(row)
    return [
        TradingGroup(trading, len(groups[trading]), added(pair, groups[trading]))
        for trading in Trading
        if trading in groups
    ]
