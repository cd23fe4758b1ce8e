"""Compares revenue between two periods, at actual and at constant exchange rates.

Formulas: docs/figures.md. For each currency, `rate before` is its revenue in the compared period
divided by its amount there, over all stores. Revenue at constant rates is the sum of
`amount now x rate before`. So `revenue now - revenue before` is exactly local growth (revenue at
constant rates minus revenue before) plus currency (revenue now minus revenue at constant rates).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from sales_pipeline.analysis.measures import Cell, Measures, by_value, total
from sales_pipeline.analysis.parts import growth
from sales_pipeline.analysis.periods import (
    By,
    Calendar,
    Compare,
    Period,
    ToDate,
    compared_period,
    days_before,
    matching_part,
    periods_between,
    span,
    whole_period,
)
from sales_pipeline.analysis.sales_of_run import ALL, Choice, SalesOfRun
from sales_pipeline.exact import share

YEAR_TO_DATE = "year to date"
TWELVE_MONTHS = "last 12 months"
AT_OWN_RATE = "its revenue divided by its amount in the compared period"
AT_AVERAGE_RATE = "the average rate of the compared period, because it had no sales there"
AT_TODAYS_RATE = "this period's rate, because none is known for the compared period"


@dataclass(frozen=True)
class Pair:
    """A period and the one that it is compared with.

    Attributes:
        period: The period; cut to the days with sales so far if it is not over.
        before: The compared period with the same days; None if gold does not reach back to it.
        is_over: Whether the period has ended.
    """

    period: Period
    before: Period | None
    is_over: bool


@dataclass(frozen=True)
class Compared:
    """The sales of a period, or of a store in it, with the sales of the compared period.

    Attributes:
        pair: The two periods.
        store: The store, or None for all that count.
        now: What was sold in the period.
        before: What was sold in the compared one; None if there is none.
        at_constant_rates: Revenue of the period at the rates of the compared one, unrounded;
            None if there is none.
    """

    pair: Pair
    store: str | None
    now: Measures
    before: Measures | None
    at_constant_rates: Fraction | None

    @property
    def growth(self) -> Fraction | None:
        """The change of revenue as a share of the revenue before, if that was positive."""
        return None if self.before is None else growth(self.now.revenue, self.before.revenue)

    @property
    def local_growth(self) -> Fraction | None:
        """The change of revenue without the effect of exchange rates."""
        if self.before is None or self.at_constant_rates is None:
            return None
        return self.at_constant_rates - Fraction(self.before.revenue)

    @property
    def currency_effect(self) -> Fraction | None:
        """The change of revenue that exchange rates made."""
        if self.at_constant_rates is None:
            return None
        return Fraction(self.now.revenue) - self.at_constant_rates

    @property
    def constant_ratio(self) -> Fraction | None:
        """Local growth as a share of the revenue before, if that was positive."""
        if self.local_growth is None or self.before is None:
            return None
        return share(self.local_growth, self.before.revenue)


def added(pair: Pair, rows: Iterable[Compared]) -> Compared:
    """Returns the sum of the rows of some stores in one pair of periods."""
    now, before, constant = Measures(), Measures(), Fraction(0)
    for row in rows:
        now = now.plus(row.now)
        before = before.plus(row.before or Measures())
        constant += row.at_constant_rates or 0
    if pair.before is None:
        return Compared(pair, None, now, None, None)
    return Compared(pair, None, now, before, constant)


@dataclass(frozen=True)
class ConstantRates:
    """The rates of a compared period, one for each currency.

    Attributes:
        rates: Currency -> base currency for one unit; without currencies whose rate is unknown.
        sources: Currency -> where its rate comes from.
    """

    rates: Mapping[str, Fraction]
    sources: Mapping[str, str]

    def revenue(self, cells: Iterable[Cell]) -> Fraction:
        """Returns the revenue of sums by store and currency at these rates, unrounded."""
        revenue = Fraction(0)
        for cell in cells:
            rate = self.rates.get(_currency(cell))
            own = cell.measures
            revenue += Fraction(own.revenue) if rate is None else Fraction(own.amount) * rate
        return revenue


def constant_rates(
    sales: SalesOfRun, before: Period, sold_before: Iterable[Cell], currencies: Iterable[str]
) -> ConstantRates:
    """Returns the rates of a compared period for some currencies.

    `sold_before` are all sales of it, by store and currency.
    """
    by_currency: dict[str, Measures] = {}
    for cell in sold_before:
        known = by_currency.get(_currency(cell), Measures())
        by_currency[_currency(cell)] = known.plus(cell.measures)
    rates: dict[str, Fraction] = {}
    sources: dict[str, str] = {}
    for currency in sorted({*currencies}):
        sold = by_currency.get(currency, Measures())
        if sold.amount and sold.revenue:
            rates[currency] = Fraction(sold.revenue) / Fraction(sold.amount)
            sources[currency] = AT_OWN_RATE
        elif (average := sales.average_rate(currency, before)) is not None:
            rates[currency], sources[currency] = average, AT_AVERAGE_RATE
        else:
            sources[currency] = AT_TODAYS_RATE
    return ConstantRates(rates, sources)


@dataclass(frozen=True)
class Comparison:
    """Compares the sales of a run over time.

    Attributes:
        sales: The sales of the run.
        calendar: The calendar of the retailer.
        compare: What a period is compared with.
        choice: Which sales count.
    """

    sales: SalesOfRun
    calendar: Calendar
    compare: Compare = Compare.YEAR
    choice: Choice = ALL

    def pairs(self, by: By, first: date, last: date) -> list[Pair]:
        """Returns the periods from one day to another, each with the one it is compared with."""
        return [
            self._pair(period, by) for period in periods_between(self.calendar, by, first, last)
        ]

    def _pair(self, period: Period, by: By) -> Pair:
        known = self.sales.without_future(period)
        before = None
        if self.compare is not Compare.NONE:
            before = self._covered(compared_period(self.calendar, by, known, self.compare))
        return Pair(known, before, is_over=period.last < self.sales.as_of)

    def _covered(self, before: Period | None) -> Period | None:
        """A compared period, unless it begins before the first month of which gold has sales."""
        days = self.sales.days
        return before if before and days and before.first >= days[0] else None

    def range_pair(self, by: By, first: date, last: date) -> Pair:
        """Returns the days from one to another as one period, and what it is compared with."""
        lengths = (by, By.YEAR, By.QUARTER, By.MONTH)
        if whole := whole_period(self.calendar, lengths, first, last):
            length, period = whole
            return self._pair(period, length)
        known = self.sales.without_future(span(first, last))
        is_over = last < self.sales.as_of
        if self.compare is Compare.NONE:
            return Pair(known, None, is_over)
        is_year = self.compare is Compare.YEAR
        before = self.calendar.days_a_year_before(known) if is_year else days_before(known)
        return Pair(known, self._covered(before), is_over)

    def to_date(self, days: ToDate, last: date) -> Pair:
        """Returns the year to date or the last twelve months, with the same days a year before."""
        pair = self._year_to_date(last) if days is ToDate.YEAR else self._twelve_months(last)
        return replace(pair, before=None) if self.compare is Compare.NONE else pair

    def _year_to_date(self, last: date) -> Pair:
        """Returns the part of the year up to a day, and the same part of the year before."""
        year = self.calendar.period_of(By.YEAR, last)
        known = self.sales.without_future(year.until(last))
        before = compared_period(self.calendar, By.YEAR, known, Compare.YEAR)
        return self._named_pair(YEAR_TO_DATE, known, before)

    def _twelve_months(self, last: date) -> Pair:
        """Returns the twelve months up to a day, and the twelve months before them."""
        whole = self.calendar.twelve_months_until(last)
        known = self.sales.without_future(whole)
        before = matching_part(self.calendar.days_a_year_before(whole), whole, known)
        return self._named_pair(TWELVE_MONTHS, known, before)

    def _named_pair(self, name: str, known: Period, before: Period | None) -> Pair:
        is_over = known.last < self.sales.as_of
        return Pair(replace(known, name=name), self._covered(before), is_over)

    def in_all(self, pairs: Sequence[Pair]) -> list[Compared]:
        """Compares the chosen sales of all stores, a row for each pair of periods."""
        now, before, rates = self._sold(pairs)
        return [
            _compared(pair, None, now[at], before[at], rates[at]) for at, pair in enumerate(pairs)
        ]

    def by_store(self, pairs: Sequence[Pair]) -> list[Compared]:
        """Compares the chosen sales of each store that sold in either period, pair by pair."""
        now, before, rates = self._sold(pairs)
        rows = []
        for at, pair in enumerate(pairs):
            own, earlier = dict(by_value(now[at])), dict(by_value(before[at]))
            rows += [
                _compared(pair, store, own.get(store, []), earlier.get(store, []), rates[at])
                for store in sorted({*own, *earlier})
            ]
        return rows

    def rates(self, pairs: Sequence[Pair]) -> list[ConstantRates | None]:
        """Returns the rates of the compared periods, over all stores and categories."""
        return self._sold(pairs)[2]

    def _sold(
        self, pairs: Sequence[Pair]
    ) -> tuple[list[list[Cell]], list[list[Cell]], list[ConstantRates | None]]:
        """The sales of each period and of each compared one, and the rates of the latter."""
        periods, compared = [pair.period for pair in pairs], [pair.before for pair in pairs]
        now = self._sums(periods, self.choice)
        before = self._sums(compared, self.choice)
        of_all = before if self.choice == ALL else self._sums(compared, ALL)
        rates = [
            constant_rates(self.sales, period, of_all[at], map(_currency, now[at]))
            if period
            else None
            for at, period in enumerate(compared)
        ]
        return now, before, rates

    def _sums(self, periods: Sequence[Period | None], choice: Choice) -> list[list[Cell]]:
        """The sums by store and currency of each period."""
        cells: dict[Period, list[Cell]] = {period: [] for period in periods if period}
        known = list(cells)
        for cell in self.sales.sums(known, "store", "currency", choice=choice):
            cells[known[cell.period]].append(cell)
        return [cells[period] if period else [] for period in periods]


def _currency(cell: Cell) -> str:
    """The currency of a sum by store and currency."""
    currency: str = cell.values[1]
    return currency


def _compared(
    pair: Pair,
    store: str | None,
    now: Sequence[Cell],
    before: Sequence[Cell],
    rates: ConstantRates | None,
) -> Compared:
    return Compared(
        pair,
        store,
        total(now),
        None if pair.before is None else total(before),
        None if rates is None else rates.revenue(now),
    )
