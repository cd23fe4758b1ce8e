"""The period that somebody asks for: by its name, such as `2025-12`, or by its days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sales_pipeline.analysis.periods import (
    By,
    Calendar,
    CivilCalendar,
    Period,
    periods_around,
    span,
)
from sales_pipeline.analysis.sales_of_run import SalesOfRun
from sales_pipeline.errors import UsageError, did_you_mean

_LONGEST_FIRST = (By.YEAR, By.QUARTER, By.MONTH, By.WEEK, By.DAY)
_SHOWN = (By.MONTH, By.QUARTER, By.YEAR)


@dataclass(frozen=True)
class AskedPeriod:
    """A period as a user names it; the last month with sales if nothing is given.

    Attributes:
        name: Its name in the calendar of the retailer, or the name of a calendar month.
        first: Its first day, in place of a name.
        last: Its last day, in place of a name.
    """

    name: str | None = None
    first: date | None = None
    last: date | None = None

    def of(self, sales: SalesOfRun, calendar: Calendar) -> tuple[By, Period]:
        """Returns the period, and its length in the calendar: months for days of no such length.

        Raises:
            UsageError: There are no sales, or none in a period of this name.
        """
        if sales.days is None:
            raise UsageError("period: there are no sales yet. Do: sales-pipeline status")
        first, last = sales.days
        if self.name is not None:
            return _named(self.name, calendar, first, last)
        month = calendar.period_of(By.MONTH, last)
        if self.first is None and self.last is None:
            return By.MONTH, month
        begin = calendar.period_of(By.MONTH, first).first
        return _of_days(self.first or begin, self.last or month.last, calendar)


def _named(name: str, calendar: Calendar, first: date, last: date) -> tuple[By, Period]:
    known = {
        period.name: (by, period)
        for calendar_, lengths in ((CivilCalendar(), (By.MONTH,)), (calendar, _LONGEST_FIRST))
        for by in lengths
        for period in periods_around(calendar_, by, first, last)
    }
    if name not in known:
        such = ", ".join(calendar.period_of(by, last).name for by in _SHOWN)
        raise UsageError(
            f"period: no sales in one of that name, got {name!r}.{did_you_mean(name, known)} "
            f"Do: write one such as {such}; there are sales from {first} to {last}"
        )
    return known[name]


def _of_days(first: date, last: date, calendar: Calendar) -> tuple[By, Period]:
    for by in _LONGEST_FIRST:
        whole = calendar.period_of(by, first)
        if (whole.first, whole.last) == (first, last):
            return by, whole
    return By.MONTH, span(first, last)
