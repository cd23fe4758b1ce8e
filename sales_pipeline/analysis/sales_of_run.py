"""The sales that a finished run left in gold, as the analysis asks for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

import pyarrow as pa

from sales_pipeline.analysis.calendars import CivilCalendar
from sales_pipeline.analysis.measures import Cell, chosen, row_values, sums
from sales_pipeline.analysis.periods import (
    DAY,
    By,
    Period,
    months_later,
    periods_between,
    span,
    span_of,
)
from sales_pipeline.errors import UsageError
from sales_pipeline.gold.gold_set import AsClosed, GoldSet
from sales_pipeline.gold.rate_book import RateBook
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.declared_tables import DAILY_SALES

_OF_PRODUCTS = {"product", "category"}


@dataclass(frozen=True)
class Choice:
    """Which sales count.

    Attributes:
        store: The only store, or None for all.
        category: The only category, or None for all.
    """

    store: str | None = None
    category: str | None = None


ALL = Choice()


@dataclass(frozen=True)
class SalesOfRun:
    """Gold's daily sales and cube of one run, and the rates that it knew.

    Attributes:
        daily: The rows of `gold.daily_sales`.
        cube: The rows of `gold.sales_cube`, each product under the spelling that is shown.
        rates: The exchange rates.
        product_days: Reads the sales of some days by product, which the cube has by month.
        closed: The months that are as they were when they were closed.
        closed_rates: Currency and day of these months -> the rate that was known then.
        as_of: The day on which the run finished, UTC: a period is over if it ended before.
    """

    daily: pa.Table
    cube: pa.Table
    rates: RateBook
    as_of: date
    product_days: Callable[[date, date], pa.Table]
    closed: Collection[date] = ()
    closed_rates: Mapping[tuple[str, date], Decimal] = field(default_factory=dict)

    @cached_property
    def days(self) -> tuple[date, date] | None:
        """The first day of the first month with sales and the last day with sales, if any.

        Sales of the future are no last day, unless there are no others.
        """
        days = self.daily["sold_on"].unique().to_pylist()
        if not days:
            return None
        past = [day for day in days if day <= self.as_of]
        return min(days).replace(day=1), max(past or days)

    def without_future(self, period: Period) -> Period:
        """Returns a period that is not over up to the last day with sales; others as they are."""
        if period.last < self.as_of or self.days is None:
            return period
        last = self.days[1]
        return period.until(last) if last >= period.first else period

    def sums(self, periods: Sequence[Period], *by: str, choice: Choice = ALL) -> Sequence[Cell]:
        """Adds up the sales of some periods by the values of some columns; the same once only.

        Args:
            periods: The periods; they may have days in common.
            by: Of `store`, `currency`, `product` and `category`.
            choice: Which sales count.

        Returns:
            A cell for each period and values with sales; the place of its period is that in
            `periods`.
        """
        key = (tuple(periods), by, choice)
        if key not in self._known:
            is_by_day = choice.category is None and not _OF_PRODUCTS & {*by}
            add_up = self._sums_of_days if is_by_day else self._sums_of_products
            self._known[key] = tuple(add_up(*key))
        return self._known[key]

    @cached_property
    def _known(self) -> dict[tuple[tuple[Period, ...], tuple[str, ...], Choice], Sequence[Cell]]:
        """Cache of the sums that were added up already."""
        return {}

    def _sums_of_days(
        self, periods: Sequence[Period], by: Sequence[str], choice: Choice
    ) -> list[Cell]:
        sales = chosen(self.daily, store=choice.store)
        return sums(sales, periods, day="sold_on", by=by)

    def _sums_of_products(
        self, periods: Sequence[Period], by: Sequence[str], choice: Choice
    ) -> Iterable[Cell]:
        """Whole months come from the cube, and the days before and after them from silver."""
        parts = [(place, *part) for place, period in enumerate(periods) for part in _parts(period)]
        months = [(place, part) for place, part, is_months in parts if is_months]
        part_cells = self._of_parts(self.cube, months, "month", by, choice)
        for place, part, is_months in parts:
            if not is_months:
                days = self.product_days(part.first, part.last)
                part_cells += self._of_parts(days, [(place, part)], "sold_on", by, choice)
        cells: dict[tuple[int, tuple[Any, ...]], Cell] = {}
        for cell in part_cells:
            known = cells.get((cell.period, cell.values))
            cells[cell.period, cell.values] = known.plus(cell) if known else cell
        return cells.values()

    @staticmethod
    def _of_parts(
        sales: pa.Table,
        parts: Sequence[tuple[int, Period]],
        day: str,
        by: Sequence[str],
        choice: Choice,
    ) -> list[Cell]:
        """The sums of parts of periods, each with the place of its period."""
        sales = chosen(sales, store=choice.store, category=choice.category)
        cells = sums(sales, [part for _, part in parts], day=day, by=by)
        return [replace(cell, period=parts[cell.period][0]) for cell in cells]

    @cached_property
    def first_sales(self) -> dict[str, date]:
        """The first day with sales of each store."""
        first: dict[str, date] = {}
        for store, day in row_values(self.daily, "store", "sold_on"):
            first[store] = min(day, first.get(store, day))
        return first

    @cached_property
    def categories(self) -> list[str]:
        """The categories of all products, in order."""
        categories = {*self.cube["category"].unique().to_pylist()} - {None}
        return sorted(categories)

    def months(self, choice: Choice) -> list[date]:
        """The months with sales of a choice, in order."""
        sold = chosen(self.cube, store=choice.store, category=choice.category)
        return sorted(sold["month"].unique().to_pylist())

    def average_rate(self, currency: str, period: Period) -> Fraction | None:
        """Returns the mean of the rates that the days of a period take by the declared policy.

        Returns:
            Units of the base currency for one unit; None if a day has no rate.
        """
        total, day = Fraction(0), period.first
        while day <= period.last:
            rate = self.rate(currency, day)
            if rate is None:
                return None
            total += Fraction(rate)
            day += DAY
        return total / period.days

    def rate(self, currency: str, day: date) -> Decimal | None:
        """Returns the base currency for one unit that a day takes; None if none is known."""
        if day.replace(day=1) in self.closed:
            return self.closed_rates.get((currency, day))
        taken = self.rates.rate_on(currency, day)
        return taken.rate if taken else None


def sales_of_run(gold: GoldSet, *, as_closed: bool = False) -> SalesOfRun:
    """Reads what a run left; with `as_closed`, closed months as they were when these closed.

    Raises:
        UsageError: It is not kept any more.
    """
    rates, as_of = gold.rates(), gold.run.finished_at.date()
    if not as_closed:
        daily = gold.read(DAILY_SALES.name)
        return SalesOfRun(daily, gold.cube(), rates, as_of, gold.product_days)
    kept = gold.as_closed()
    days = partial(_days_as_closed, gold, kept)
    closed, closed_rates = gold.closings, gold.closed_rates if gold.closings else {}
    return SalesOfRun(kept.daily, kept.cube, rates, as_of, days, closed, closed_rates)


def _days_as_closed(gold: GoldSet, kept: AsClosed, first: date, last: date) -> pa.Table:
    """The sales of some days by product; of closed months they are kept by month only.

    Raises:
        UsageError: A closed month has sales on some of the days and on others.
    """
    return pa.concat_tables(
        _kept_days(kept, part)
        if part.first.replace(day=1) in gold.closings
        else gold.product_days(part.first, part.last)
        for part in periods_between(CivilCalendar(), By.MONTH, first, last)
    )


def _kept_days(kept: AsClosed, part: Period) -> pa.Table:
    month = part.first.replace(day=1)
    sold = [day for day in kept.daily["sold_on"].unique().to_pylist() if day in span_of(month)]
    inside = [day for day in sold if day in part]
    if 0 < len(inside) < len(sold):
        raise UsageError(
            f"--as-closed: of closed months, products are kept by whole months, got {part.first} "
            f"to {part.last}. Do: ask for the whole of {month:%Y-%m}, or leave out --as-closed"
        )
    rows = [row for row in python_rows(kept.cube) if inside and row["month"] == month]
    columns = ((field.name.replace("month", "sold_on"), field.type) for field in kept.cube.schema)
    days = [row | {"sold_on": part.first} for row in rows]
    return pa.Table.from_pylist(days, schema=pa.schema(columns))


def closed_in(gold: GoldSet, periods: Collection[Period | None]) -> list[date]:
    """Returns the closed months that have a day of some periods, in order."""
    return [
        month
        for month in gold.closings
        if any(period and period.overlaps(span_of(month)) for period in periods)
    ]


def _parts(period: Period) -> Iterator[tuple[Period, bool]]:
    """The whole months in a period, and the days before and after them."""
    after = period.last + DAY
    first = period.first if period.first.day == 1 else months_later(period.first.replace(day=1), 1)
    last = after.replace(day=1) - DAY
    if last < first:
        yield period, False
        return
    yield span(first, last), True
    if period.first < first:
        yield span(period.first, first - DAY), False
    if last < period.last:
        yield span(last + DAY, period.last), False
