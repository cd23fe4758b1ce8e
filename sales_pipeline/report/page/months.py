"""The months that a reader of the page can choose, and the months compared with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sales_pipeline.analysis.comparison import Comparison, Pair
from sales_pipeline.analysis.periods import By, Period
from sales_pipeline.errors import UsageError


@dataclass(frozen=True)
class Month:
    """A month that a reader can choose.

    Attributes:
        span: The place of its days among the periods.
        before: The place of the days that it is compared with; None if gold has none.
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
class Months:
    """The months of a page with the days that they need.

    Attributes:
        pairs: Each month with the one that it is compared with, the earliest first.
        periods: The days of both, each once.
        months: The months as the page has them.
    """

    pairs: tuple[Pair, ...]
    periods: tuple[Period, ...]
    months: tuple[Month, ...]


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
    periods = _each_once(pairs)
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
    return Months(tuple(pairs), tuple(periods), months)


def _each_once(pairs: Sequence[Pair]) -> list[Period]:
    periods: Iterable[Period | None] = [
        period for pair in pairs for period in (pair.period, pair.before)
    ]
    return sorted({period for period in periods if period})
