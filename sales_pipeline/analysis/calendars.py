"""The calendars of a retailer: of months, or of whole weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sales_pipeline.analysis.periods import (
    DAY,
    By,
    Calendar,
    Period,
    is_whole_months,
    months_later,
    span,
    year_before_end,
)
from sales_pipeline.config.analysis import WEEKDAYS, FiscalCalendar

YEAR_OF_WEEKS = timedelta(weeks=52)
"""The distance that keeps the days of the week: 364 days."""
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def calendar_of(declared: FiscalCalendar) -> Calendar:
    """Returns the declared calendar.

    >>> calendar_of(FiscalCalendar(weeks="4-5-4", first_month=2)).weeks
    (4, 5, 4)
    """
    if declared.weeks is None:
        return CivilCalendar(declared.first_month, declared.compare_days == "weekday")
    first, second, third = map(int, declared.weeks.split("-"))
    starts_on = WEEKDAYS.index(declared.week_starts or "sunday")
    return RetailCalendar((first, second, third), declared.first_month, starts_on)


@dataclass(frozen=True)
class CivilCalendar:
    """The calendar of months, with ISO weeks from Monday to Sunday.

    Attributes:
        first_month: The month in which the fiscal year starts, 1 to 12.
        keeps_weekdays: Whether a day is compared with the same day of the week 52 weeks before,
            and not with the same date.
    """

    first_month: int = 1
    keeps_weekdays: bool = False

    def period_of(self, by: By, day: date) -> Period:
        """Returns the period that a day belongs to."""
        if by is By.DAY:
            return span(day, day)
        if by is By.WEEK:
            year, week, weekday = day.isocalendar()
            monday = day - timedelta(days=weekday - 1)
            return Period(monday, monday + 6 * DAY, f"{year}-W{week:02}")
        months = _MONTHS[by]
        into_year = (day.month - self.first_month) % 12
        first = months_later(day.replace(day=1), -(into_year % months))
        last = months_later(first, months) - DAY
        return Period(first, last, self._name(by, day, into_year // months + 1))

    def _name(self, by: By, day: date, number: int) -> str:
        if by is By.MONTH:
            return f"{day:%Y-%m}"
        started = day.year - (day.month < self.first_month)
        year = f"{started}" if self.first_month == 1 else f"{started}/{(started + 1) % 100:02}"
        return year if by is By.YEAR else f"{year}-Q{number}"

    def year_before(self, by: By, period: Period) -> Period | None:
        """Returns the same period of the year before; a week is compared 52 weeks before.

        None for 29 February where days are compared by date.
        """
        if by is By.WEEK or (by is By.DAY and self.keeps_weekdays):
            return self.period_of(by, period.first - YEAR_OF_WEEKS)
        first = months_later(period.first, -12)
        has_date = by is not By.DAY or first.day == period.first.day
        return self.period_of(by, first) if has_date else None

    def days_a_year_before(self, period: Period) -> Period:
        """Returns the days with the same dates.

        Where weekdays are compared, less than a year that is no whole months is compared with
        what was 52 weeks before.
        """
        is_short = period.days < YEAR_OF_WEEKS.days and not is_whole_months(period)
        if self.keeps_weekdays and is_short:
            return span(period.first - YEAR_OF_WEEKS, period.last - YEAR_OF_WEEKS)
        return span(months_later(period.first, -12), year_before_end(period.last))

    def twelve_months_until(self, last: date) -> Period:
        """Returns the days up to a day from the one after the same date of the year before."""
        return span(year_before_end(last) + DAY, last)


@dataclass(frozen=True)
class RetailCalendar:
    """The calendar of whole weeks that retailers use, such as 4-5-4: each month has 4 or 5 weeks.

    The fiscal year ends on the last day of a week nearest to the end of a month, so some years
    have 53 weeks; the 53rd belongs to the last month. Everything is compared with what was 52
    weeks before, so the year after a 53rd week is compared with a year before that is restated.
    Source: the 4-5-4 calendar of the National Retail Federation (weeks from Sunday, the year
    ends nearest to the end of January).

    Attributes:
        weeks: The weeks of the three months of a quarter.
        first_month: The month in which, or a few days before or after which, the year starts.
        starts_on: The first day of a week; 0 is Monday, 6 is Sunday.
    """

    weeks: tuple[int, int, int] = (4, 5, 4)
    first_month: int = 2
    starts_on: int = 6

    def period_of(self, by: By, day: date) -> Period:
        """Returns the period that a day belongs to."""
        if by is By.DAY:
            return span(day, day)
        year = self._year_of(day)
        start, end = self._starts(year), self._starts(year + 1) - DAY
        week = (day - start).days // 7
        if by is By.WEEK:
            first = start + timedelta(weeks=week)
            return Period(first, first + 6 * DAY, f"{self._name(year)}-W{week + 1:02}")
        if by is By.YEAR:
            return Period(start, end, self._name(year))
        ends = self._ends(by)
        number = next((at for at, weeks in enumerate(ends) if week < weeks), len(ends) - 1)
        first = start + timedelta(weeks=ends[number - 1] if number else 0)
        is_last = number == len(ends) - 1
        last = end if is_last else start + timedelta(weeks=ends[number]) - DAY
        mark = "Q" if by is By.QUARTER else "P"
        width = 1 if by is By.QUARTER else 2
        return Period(first, last, f"{self._name(year)}-{mark}{number + 1:0{width}}")

    def _ends(self, by: By) -> list[int]:
        """The number of weeks of the year that are over at the end of each month or quarter."""
        if by is By.QUARTER:
            return [13, 26, 39, 52]
        lengths = self.weeks * 4
        return [sum(lengths[: at + 1]) for at in range(len(lengths))]

    def year_before(self, by: By, period: Period) -> Period:
        """Returns the same weeks 52 weeks before, named by the period where they are one."""
        earlier = span(period.first - YEAR_OF_WEEKS, period.last - YEAR_OF_WEEKS)
        whole = self.period_of(by, earlier.first)
        is_whole = (whole.first, whole.last) == (earlier.first, earlier.last)
        return whole if is_whole else earlier

    def days_a_year_before(self, period: Period) -> Period:
        """Returns the days 52 weeks before."""
        return span(period.first - YEAR_OF_WEEKS, period.last - YEAR_OF_WEEKS)

    def twelve_months_until(self, last: date) -> Period:
        """Returns twelve months of weeks; up to a day within a month, 52 weeks."""
        month = self.period_of(By.MONTH, last)
        if last != month.last:
            return span(last - YEAR_OF_WEEKS + DAY, last)
        for _ in range(12):
            month = self.period_of(By.MONTH, month.first - DAY)
        return span(month.last + DAY, last)

    def _year_of(self, day: date) -> int:
        year = day.year
        if day >= self._starts(year + 1):
            return year + 1
        return year if day >= self._starts(year) else year - 1

    def _starts(self, year: int) -> date:
        """The first day of the fiscal year that starts about the first month of a year."""
        nearest_to = date(year, self.first_month, 1) - DAY
        after = (self.starts_on - 1 - nearest_to.weekday()) % 7
        shift = after if after <= 3 else after - 7
        return nearest_to + timedelta(days=shift) + DAY

    def _name(self, year: int) -> str:
        return f"{year}" if self.first_month == 1 else f"{year}/{(year + 1) % 100:02}"
