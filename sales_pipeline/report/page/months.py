"""The months that a reader of the page can choose, and what they are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sales_pipeline.analysis.comparison import Comparison, Pair
from sales_pipeline.analysis.periods import By, Compare, Period
from sales_pipeline.errors import UsageError


@dataclass(frozen=True)
class Month:
    """A month that a reader can choose.

    Attributes:
        span: The place of its days among the periods.
        before: The place of the days of the year before; None if gold has none.
        is_over: Whether it has ended.
        quarter: The quarter that it belongs to.
        year: The fiscal year that it belongs to.
    """

    span: int
    before: int | None
    is_over: bool
    quarter: str
    year: str


@dataclass(frozen=True)
class PeriodBefore:
    """The days of a whole month, quarter or year, and the days of the period before.

    Attributes:
        name: Its name.
        first: Its first day.
        last: Its last day; if it is not over, the last day with sales.
        before_first: The first day of the period before.
        before_last: The last day of it; if the period is not over, after as many days.
    """

    name: str
    first: date
    last: date
    before_first: date
    before_last: date


@dataclass(frozen=True)
class Months:
    """The months of a page with the days that they need.

    Attributes:
        pairs: Each month with that of the year before, the earliest first.
        pairs_before: Each month with the month before.
        periods: The days of all of them, each once.
        months: The months as the page has them.
        before: The periods before of months, quarters and years that the page has whole.
        first_day: The first day of the first month with sales; what begins earlier is not compared.
    """

    pairs: tuple[Pair, ...]
    pairs_before: tuple[Pair, ...]
    periods: tuple[Period, ...]
    months: tuple[Month, ...]
    before: tuple[PeriodBefore, ...]
    first_day: date


def months_of(comparison: Comparison, first: date | None, last: date | None) -> Months:
    """Returns the months with sales between two days; without them, all that gold has.

    Raises:
        UsageError: There are no sales.
    """
    days = comparison.sales.days
    if days is None:
        raise UsageError("report: there are no sales yet. Do: sales-pipeline run")
    calendar = comparison.calendar
    begin = calendar.period_of(By.MONTH, max(days[0], first or days[0])).first
    end = calendar.period_of(By.MONTH, min(days[1], last or days[1])).last
    pairs = comparison.pairs(By.MONTH, begin, end)
    if not pairs:
        known = f"sales are from {days[0]:%Y-%m} to {days[1]:%Y-%m}"
        raise UsageError(f"--from, --to: no month with sales; {known}")
    previous = replace(comparison, compare=Compare.PERIOD)
    pairs_before = previous.pairs(By.MONTH, begin, end)
    periods = _each_once([*pairs, *pairs_before])
    places = {period: place for place, period in enumerate(periods)}
    months = tuple(
        Month(
            places[pair.period],
            places[pair.before] if pair.before else None,
            pair.is_over,
            calendar.period_of(By.QUARTER, pair.period.first).name,
            calendar.period_of(By.YEAR, pair.period.first).name,
        )
        for pair in pairs
    )
    before = tuple(_periods_before(previous, begin, end))
    return Months(
        tuple(pairs), tuple(pairs_before), tuple(periods), months, before, first_day=days[0]
    )


def _periods_before(previous: Comparison, begin: date, end: date) -> Iterator[PeriodBefore]:
    """The periods before of whole periods between two days."""
    for by in (By.MONTH, By.QUARTER, By.YEAR):
        for pair in previous.pairs(by, begin, end):
            whole = previous.calendar.period_of(by, pair.period.first)
            if pair.before and begin <= whole.first and whole.last <= end:
                days = (pair.period.first, pair.period.last, pair.before.first, pair.before.last)
                yield PeriodBefore(whole.name, *days)


def _each_once(pairs: Sequence[Pair]) -> list[Period]:
    periods: Iterable[Period | None] = [
        period for pair in pairs for period in (pair.period, pair.before)
    ]
    return sorted({period for period in periods if period})
