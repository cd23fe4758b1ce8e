"""The sales that a finished run left in gold, as the analysis asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any

import pyarrow as pa

from sales_pipeline.analysis.measures import Cell, chosen, sums
from sales_pipeline.analysis.periods import DAY, Period, months_later, span
from sales_pipeline.gold.gold_set import GoldSet
from sales_pipeline.gold.rate_book import RateBook

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
        as_of: The day on which the run finished, UTC: a period is over if it ended before.
    """

    daily: pa.Table
    cube: pa.Table
    rates: RateBook
    as_of: date
    product_days: Callable[[date, date], pa.Table]

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
        asked = (tuple(periods), by, choice)
        if asked not in self._known:
            is_by_day = choice.category is None and not _OF_PRODUCTS & {*by}
            add_up = self._sums_of_days if is_by_day else self._sums_of_products
            self._known[asked] = tuple(add_up(*asked))
        return self._known[asked]

    @cached_property
    def _known(self) -> dict[tuple[tuple[Period, ...], tuple[str, ...], Choice], Sequence[Cell]]:
        """What was added up before."""
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
        found = self._of_parts(self.cube, months, "month", by, choice)
        for place, part, is_months in parts:
            if not is_months:
                days = self.product_days(part.first, part.last)
                found += self._of_parts(days, [(place, part)], "sold_on", by, choice)
        cells: dict[tuple[int, tuple[Any, ...]], Cell] = {}
        for cell in found:
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
        pairs = zip(self.daily["store"].to_pylist(), self.daily["sold_on"].to_pylist(), strict=True)
        for store, day in pairs:
            if store not in first or day < first[store]:
                first[store] = day
        return first

    @cached_property
    def categories(self) -> list[str]:
        """The categories of all products, in order."""
        found = {*self.cube["category"].unique().to_pylist()} - {None}
        return sorted(found)

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
            taken = self.rates.rate_on(currency, day)
            if taken is None:
                return None
            total += Fraction(taken.rate)
            day += DAY
        return total / period.days


def sales_of_run(gold: GoldSet) -> SalesOfRun:
    """Reads what a run left.

    Raises:
        UsageError: It is not kept any more.
    """
    daily = gold.read("gold.daily_sales")
    return SalesOfRun(
        daily, gold.cube(), gold.rates(), gold.run.finished_at.date(), gold.product_days
    )


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
