"""Days, weeks, months, quarters and years of a calendar, and what each is compared with.

A period is named as people write it: `2025-12-31`, `2025-W52`, `2025-12`, `2025-Q4`, `2025`. A
fiscal year that does not start in January has two years in its name, such as `2025/26-Q1`.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

DAY = timedelta(days=1)


class By(StrEnum):
    """The length of the periods of an answer."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Compare(StrEnum):
    """The period that another one is compared with."""

    YEAR = "year"
    PERIOD = "period"
    NONE = "none"


class ToDate(StrEnum):
    """Days that are asked for together, up to a last one."""

    YEAR = "year"
    TWELVE_MONTHS = "12-months"


@dataclass(frozen=True, order=True)
class Period:
    """Some days in a row.

    Attributes:
        first: The first day.
        last: The last day.
        name: How it is written.
    """

    first: date
    last: date
    name: str

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def days(self) -> int:
        """The number of its days."""
        return (self.last - self.first).days + 1

    def overlaps(self, other: Period) -> bool:
        """Returns whether both have a day in common."""
        return self.first <= other.last and other.first <= self.last

    def until(self, day: date) -> Period:
        """Returns its days up to a day, under its own name."""
        return Period(self.first, min(self.last, day), self.name)


def span(first: date, last: date) -> Period:
    """Returns a period that is named by its first and last day.

    >>> span(date(2025, 1, 30), date(2025, 2, 2)).name
    '2025-01-30..2025-02-02'
    """
    name = f"{first}" if first == last else f"{first}..{last}"
    return Period(first, last, name)


class Calendar(Protocol):
    """Divides time into periods."""

    def period_of(self, by: By, day: date) -> Period:
        """Returns the period that a day belongs to."""

    def year_before(self, by: By, period: Period) -> Period | None:
        """Returns the same period of the year before; None if that year has no such day."""

    def days_a_year_before(self, period: Period) -> Period:
        """Returns the same days of the year before, of any days in a row."""

    def twelve_months_until(self, last: date) -> Period:
        """Returns the twelve months that end with a day."""


def periods_around(calendar: Calendar, by: By, first: date, last: date) -> Iterator[Period]:
    """Yields the whole periods that have a day from one day to another."""
    day = first
    while day <= last:
        yield (whole := calendar.period_of(by, day))
        day = whole.last + DAY


def periods_between(calendar: Calendar, by: By, first: date, last: date) -> Iterator[Period]:
    """Yields the periods from one day to another; the outer ones are cut to these days."""
    for whole in periods_around(calendar, by, first, last):
        yield Period(max(whole.first, first), min(whole.last, last), whole.name)


def whole_period(
    calendar: Calendar, lengths: Iterable[By], first: date, last: date
) -> tuple[By, Period] | None:
    """Returns the first of some lengths of which the days are a period, and that period."""
    for by in lengths:
        whole = calendar.period_of(by, first)
        if (whole.first, whole.last) == (first, last):
            return by, whole
    return None


def compared_period(calendar: Calendar, by: By, period: Period, compare: Compare) -> Period | None:
    """Returns the period that another one is compared with: of last year, or the one before.

    None for 29 February, if the year before has none.

    Raises:
        ValueError: `compare` is none.
    """
    whole = calendar.period_of(by, period.first)
    earlier: Period | None
    match compare:
        case Compare.YEAR:
            earlier = calendar.year_before(by, whole)
        case Compare.PERIOD:
            earlier = calendar.period_of(by, whole.first - DAY)
        case Compare.NONE:
            raise ValueError("nothing to compare with")
    return None if earlier is None else matching_part(earlier, whole, period)


def matching_part(earlier: Period, whole: Period, part: Period) -> Period:
    """Returns the days of an earlier period to compare with a part of a later one."""
    if (part.first, part.last) == (whole.first, whole.last):
        return earlier
    if earlier.first == months_later(whole.first, -12):
        return Period(months_later(part.first, -12), year_before_end(part.last), earlier.name)
    first = min(earlier.first + (part.first - whole.first), earlier.last)
    last = min(first + timedelta(days=part.days - 1), earlier.last)
    is_named = earlier != span(earlier.first, earlier.last)
    return Period(first, last, earlier.name) if is_named else span(first, last)


def days_before(period: Period) -> Period:
    """Returns as many days right before a period; before whole months, as many months.

    >>> days_before(span(date(2025, 3, 1), date(2025, 4, 30))).name
    '2025-01-01..2025-02-28'
    """
    after = period.last + DAY
    if is_whole_months(period):
        months = (after.year - period.first.year) * 12 + after.month - period.first.month
        return span(months_later(period.first, -months), period.first - DAY)
    return span(period.first - timedelta(days=period.days), period.first - DAY)


def is_whole_months(period: Period) -> bool:
    """Returns whether a period starts and ends with a month of the calendar."""
    return period.first.day == (period.last + DAY).day == 1


def year_before_end(last: date) -> date:
    """Returns the last day of the same days of the year before; the end of a month stays one.

    >>> str(year_before_end(date(2025, 2, 28))), str(year_before_end(date(2024, 2, 28)))
    ('2024-02-29', '2023-02-28')
    """
    return max(months_later(last, -12), months_later(last + DAY, -12) - DAY)


def months_later(day: date, months: int) -> date:
    """Returns the same day some months later, or the last day of a month that is too short.

    >>> str(months_later(date(2025, 1, 31), 1)), str(months_later(date(2024, 2, 29), -12))
    ('2025-02-28', '2023-02-28')
    """
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def span_of(month: date) -> Period:
    """Returns the days of a month of the calendar, given its first."""
    return span(month, months_later(month, 1) - DAY)
