"""The sales of each day of a page, from which its reader chooses days or weeks as periods.

Days take more room than months. Where those of each store do not fit, the page has them of all
stores together, and where these do not either, it has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sales_pipeline.analysis.measures import Cell
from sales_pipeline.analysis.periods import DAY, By, Calendar, Period, periods_around, span
from sales_pipeline.analysis.records_of_run import RATE_DECIMALS
from sales_pipeline.analysis.sales_of_run import SalesOfRun
from sales_pipeline.exact import digits_of
from sales_pipeline.report.page.sold import (
    Scales,
    Sold,
    SoldByStore,
    packed,
    packed_sums,
    placed,
    scales_of,
)


@dataclass(frozen=True)
class Week:
    """A week of the calendar: its name and its first day."""

    name: str
    first: date


@dataclass(frozen=True)
class DayRates:
    """The rates of a currency, each from a day on; columns, apart by spaces.

    Attributes:
        since: The days, counted from the first one.
        rate: The rates, in 1 / 10 ** 14; `-` where none is known.
    """

    since: str
    rate: str


@dataclass(frozen=True)
class Days:
    """The sales of each day of a page.

    Attributes:
        first: The first day; other days are counted from it.
        last: The last day with sales so far: what is not over ends with it.
        as_of: The day of the run; a day or week is over if it ended before.
        year_before: Of each day the day that it is compared with in the year before, counted from
            the first; below zero where the page does not have it.
        weeks: The weeks that have one of the days.
        scales: The decimals of all figures.
        sold: Sums by day, store and currency; the stores and currencies are those of the page.
        by_store: Whether stores are told apart; if not, all count as the first.
        rates: Currency -> its rates.
    """

    first: date
    last: date
    as_of: date
    year_before: str
    weeks: tuple[Week, ...]
    scales: Scales
    sold: SoldByStore
    by_store: bool
    rates: Mapping[str, DayRates]


def days_of(
    sales: SalesOfRun, calendar: Calendar, whole: Period, sold: Sold, *, most: int
) -> Iterator[Days]:
    """Yields the sales of the days of a page, by store first, then of all stores together.

    The stores and currencies are those of `sold`. More sums than `most` do not fit.
    """
    days = [whole.first + DAY * at for at in range(whole.days)]
    kept = [store.id for store in sold.stores if store.id]
    cells = sales.sums([span(day, day) for day in days], "store", "currency")
    rates = {currency: _rates(sales, currency, days) for currency in sold.currencies}
    for stores in (kept, []) if len(cells) <= most else ([],):
        sums = placed(cells, stores, sold.currencies, _currency)
        scales = scales_of(sums.values(), sums.values())
        yield Days(
            first=whole.first,
            last=min(whole.last, sales.days[1]) if sales.days else whole.last,
            as_of=sales.as_of,
            year_before=packed(_year_before(calendar, day, whole) for day in days),
            weeks=tuple(
                Week(week.name, week.first)
                for week in periods_around(calendar, By.WEEK, whole.first, whole.last)
            ),
            scales=scales,
            sold=packed_sums(SoldByStore, sums, scales),
            by_store=bool(stores),
            rates=rates,
        )


def _year_before(calendar: Calendar, day: date, whole: Period) -> int:
    """The place of the day of the year before; below 0 if the page has none."""
    before = calendar.year_before(By.DAY, span(day, day))
    return (before.first - whole.first).days if before else -1


def _currency(cell: Cell) -> str:
    """The currency of a sum by store and currency."""
    currency: str = cell.values[1]
    return currency


def _rates(sales: SalesOfRun, currency: str, days: Sequence[date]) -> DayRates:
    since: list[int] = []
    rates: list[str] = []
    for at, day in enumerate(days):
        rate = sales.rate(currency, day)
        text = "-" if rate is None else str(digits_of(rate, RATE_DECIMALS))
        if not rates or rates[-1] != text:
            since.append(at)
            rates.append(text)
    return DayRates(packed(since), " ".join(rates))
