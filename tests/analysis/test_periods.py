"""Periods of both calendars, and the periods that they are compared with."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_pipeline.analysis.calendars import CivilCalendar, RetailCalendar
from sales_pipeline.analysis.periods import (
    DAY,
    By,
    Compare,
    Period,
    compared_period,
    periods_between,
    span,
)

CIVIL = CivilCalendar()
FISCAL = CivilCalendar(first_month=4)
RETAIL = RetailCalendar()
DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))


@pytest.mark.parametrize(
    ("by", "day", "first", "last", "name"),
    [
        (By.DAY, "2025-12-31", "2025-12-31", "2025-12-31", "2025-12-31"),
        (By.WEEK, "2027-01-01", "2026-12-28", "2027-01-03", "2026-W53"),
        (By.MONTH, "2024-02-29", "2024-02-01", "2024-02-29", "2024-02"),
        (By.QUARTER, "2025-11-30", "2025-10-01", "2025-12-31", "2025-Q4"),
        (By.YEAR, "2025-11-30", "2025-01-01", "2025-12-31", "2025"),
    ],
)
def test_a_day_belongs_to_a_period_of_each_length(
    by: By, day: str, first: str, last: str, name: str
) -> None:
    expected = Period(date.fromisoformat(first), date.fromisoformat(last), name)
    assert CIVIL.period_of(by, date.fromisoformat(day)) == expected


@pytest.mark.parametrize(
    ("by", "day", "first", "last", "name"),
    [
        (By.QUARTER, "2026-03-31", "2026-01-01", "2026-03-31", "2025/26-Q4"),
        (By.QUARTER, "2026-04-01", "2026-04-01", "2026-06-30", "2026/27-Q1"),
        (By.YEAR, "2026-03-31", "2025-04-01", "2026-03-31", "2025/26"),
        (By.MONTH, "2026-03-31", "2026-03-01", "2026-03-31", "2026-03"),
    ],
)
def test_a_fiscal_year_starts_in_its_declared_month(
    by: By, day: str, first: str, last: str, name: str
) -> None:
    expected = Period(date.fromisoformat(first), date.fromisoformat(last), name)
    assert FISCAL.period_of(by, date.fromisoformat(day)) == expected


@pytest.mark.parametrize(
    ("year", "starts", "weeks"),
    # As the National Retail Federation publishes them.
    [
        (2022, "2022-01-30", 52),
        (2023, "2023-01-29", 53),
        (2024, "2024-02-04", 52),
        (2025, "2025-02-02", 52),
        (2026, "2026-02-01", 52),
    ],
)
def test_the_454_year_is_the_published_one(year: int, starts: str, weeks: int) -> None:
    found = RETAIL.period_of(By.YEAR, date(year, 6, 1))
    assert (found.first.isoformat(), found.days // 7) == (starts, weeks)


def test_the_53rd_week_belongs_to_the_last_month_and_quarter() -> None:
    day = date(2024, 2, 3)
    assert RETAIL.period_of(By.WEEK, day).name == "2023/24-W53"
    assert RETAIL.period_of(By.MONTH, day) == Period(
        date(2023, 12, 31), date(2024, 2, 3), "2023/24-P12"
    )
    assert RETAIL.period_of(By.QUARTER, day).last == day


def test_after_a_53rd_week_the_year_before_is_restated_by_a_week() -> None:
    month = RETAIL.period_of(By.MONTH, date(2024, 2, 10))
    assert compared_period(RETAIL, By.MONTH, month, Compare.YEAR) == span(
        date(2023, 2, 5), date(2023, 3, 4)
    )
    later = RETAIL.period_of(By.MONTH, date(2025, 2, 10))
    found = compared_period(RETAIL, By.MONTH, later, Compare.YEAR)
    assert found is not None
    assert found.name == "2024/25-P01"


def test_445_months_have_their_fifth_week_at_the_end_of_the_quarter() -> None:
    calendar = RetailCalendar(weeks=(4, 4, 5), first_month=1, starts_on=0)
    months = list(periods_between(calendar, By.MONTH, date(2024, 1, 1), date(2024, 12, 29)))
    assert [month.days // 7 for month in months] == [4, 4, 5] * 4
    assert months[0].name == "2024-P01"


@pytest.mark.parametrize(
    ("by", "day", "compare", "first", "last"),
    [
        (By.MONTH, "2025-03-01", Compare.YEAR, "2024-03-01", "2024-03-31"),
        (By.MONTH, "2025-03-01", Compare.PERIOD, "2025-02-01", "2025-02-28"),
        (By.QUARTER, "2025-02-01", Compare.PERIOD, "2024-10-01", "2024-12-31"),
        (By.YEAR, "2025-02-01", Compare.YEAR, "2024-01-01", "2024-12-31"),
        (By.WEEK, "2025-01-01", Compare.YEAR, "2024-01-01", "2024-01-07"),
    ],
)
def test_a_period_is_compared_with_its_like(
    by: By, day: str, compare: Compare, first: str, last: str
) -> None:
    period = CIVIL.period_of(by, date.fromisoformat(day))
    found = compared_period(CIVIL, by, period, compare)
    assert found is not None
    assert (found.first.isoformat(), found.last.isoformat()) == (first, last)


def test_a_day_may_be_compared_with_the_same_weekday() -> None:
    calendar = CivilCalendar(keeps_weekdays=True)
    saturday = calendar.period_of(By.DAY, date(2025, 11, 29))
    found = compared_period(calendar, By.DAY, saturday, Compare.YEAR)
    assert found == span(date(2024, 11, 30), date(2024, 11, 30))


def test_29_february_is_compared_with_nothing_but_with_its_weekday() -> None:
    # With 28 February, that day would count twice in a sum of days.
    leap_day = span(date(2024, 2, 29), date(2024, 2, 29))
    assert compared_period(CIVIL, By.DAY, leap_day, Compare.YEAR) is None
    weekdays = CivilCalendar(keeps_weekdays=True)
    found = compared_period(weekdays, By.DAY, leap_day, Compare.YEAR)
    assert found == span(date(2023, 3, 2), date(2023, 3, 2))


def test_whole_months_are_compared_with_months_where_weekdays_are_compared() -> None:
    calendar = CivilCalendar(keeps_weekdays=True)
    half = span(date(2025, 1, 1), date(2025, 6, 30))
    assert calendar.days_a_year_before(half) == span(date(2024, 1, 1), date(2024, 6, 30))
    fortnight = span(date(2025, 3, 3), date(2025, 3, 16))
    assert calendar.days_a_year_before(fortnight) == span(date(2024, 3, 4), date(2024, 3, 17))
    year = span(date(2024, 11, 29), date(2025, 11, 28))
    assert calendar.days_a_year_before(year).first == date(2023, 11, 29)


def test_a_part_of_weeks_that_are_no_month_is_named_by_its_own_days() -> None:
    # The last month of a year of 53 weeks has five; those 52 weeks before are no month.
    month = RETAIL.period_of(By.MONTH, date(2024, 2, 3))
    part = month.until(month.first + 2 * DAY)
    first = month.first - timedelta(weeks=52)
    found = compared_period(RETAIL, By.MONTH, part, Compare.YEAR)
    assert found == span(first, first + 2 * DAY)


@pytest.mark.parametrize("last", ["2023-10-28", "2024-02-03", "2024-06-01"])
def test_twelve_months_of_weeks_begin_with_a_month(last: str) -> None:
    end = RETAIL.period_of(By.MONTH, date.fromisoformat(last))
    assert end.last.isoformat() == last
    months = RETAIL.twelve_months_until(end.last)
    assert RETAIL.period_of(By.MONTH, months.first).first == months.first
    assert len(list(periods_between(RETAIL, By.MONTH, months.first, months.last))) == 12


def test_twelve_months_up_to_a_day_of_a_month_are_52_weeks() -> None:
    assert RETAIL.twelve_months_until(date(2024, 5, 15)).days == 364
    assert CIVIL.twelve_months_until(date(2025, 5, 15)).first == date(2024, 5, 16)


def test_an_unfinished_period_is_compared_with_the_same_days() -> None:
    march = CIVIL.period_of(By.MONTH, date(2024, 3, 1)).until(date(2024, 3, 17))
    assert compared_period(CIVIL, By.MONTH, march, Compare.YEAR) == Period(
        date(2023, 3, 1), date(2023, 3, 17), "2023-03"
    )
    year = CIVIL.period_of(By.YEAR, date(2025, 1, 1)).until(date(2025, 10, 31))
    assert _last(compared_period(CIVIL, By.YEAR, year, Compare.YEAR)) == date(2024, 10, 31)
    # February has no 30th day, so its last day ends the comparison.
    thirty = CIVIL.period_of(By.MONTH, date(2025, 3, 1)).until(date(2025, 3, 30))
    assert _last(compared_period(CIVIL, By.MONTH, thirty, Compare.PERIOD)) == date(2025, 2, 28)


def _last(period: Period | None) -> date | None:
    return period.last if period else None


@given(st.sampled_from([CIVIL, FISCAL, RETAIL]), st.sampled_from(By), DAYS)
def test_periods_follow_one_another_without_a_gap(
    calendar: CivilCalendar | RetailCalendar, by: By, day: date
) -> None:
    period = calendar.period_of(by, day)
    assert day in period
    assert calendar.period_of(by, period.last) == calendar.period_of(by, period.first) == period
    following = calendar.period_of(by, period.last + timedelta(days=1))
    assert following.first == period.last + timedelta(days=1)
    assert following.name != period.name


@given(st.sampled_from([CIVIL, FISCAL, RETAIL]), st.sampled_from(By), DAYS, st.integers(0, 800))
def test_the_periods_of_a_range_cover_each_day_once(
    calendar: CivilCalendar | RetailCalendar, by: By, first: date, days: int
) -> None:
    last = first + timedelta(days=days)
    periods = list(periods_between(calendar, by, first, last))
    assert periods[0].first == first
    assert periods[-1].last == last
    assert sum(period.days for period in periods) == days + 1
