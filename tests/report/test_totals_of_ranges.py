"""The total line has the days of the lines above it, whatever the range."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sales_pipeline.analysis.periods import By, Compare
from sales_pipeline.lakehouse.runs import utc_now
from sales_pipeline.report.answers import Answers
from sales_pipeline.report.answers_of_run import Asked, answers
from tests.retailer import Retailer, sale


@pytest.fixture
def ahead(tmp_path: Path) -> tuple[Retailer, date]:
    """Sold 100 yesterday and 800 on a day after the next month begins; returns that day."""
    retailer = Retailer(tmp_path)
    today = utc_now().date()
    later = (today.replace(day=1) + timedelta(days=62)).replace(day=3)
    retailer.deliver_catalogue()
    retailer.deliver(
        "lyon/a.csv",
        sale("1", str(today - timedelta(days=1)), total="100.00"),
        sale("2", str(later), units="3", total="800.00"),
    )
    retailer.run()
    return retailer, later


def _months(answered: Answers) -> list[str | None]:
    return [line.period for line in answered.global_performance]


@pytest.mark.parametrize("compare", [Compare.PERIOD, Compare.NONE])
def test_a_range_into_the_future_ends_with_the_last_sales_so_far(
    ahead: tuple[Retailer, date], compare: Compare
) -> None:
    retailer, later = ahead
    asked = Asked(later - timedelta(days=120), later, compare=compare)
    answered = answers(retailer.declaration, asked)
    assert f"{later:%Y-%m}" not in _months(answered)
    assert answered.total is not None
    total = answered.total
    assert [str(total.revenue), total.sales, int(total.units)] == ["100.00", 1, 1]
    [vase] = answered.best_by_value
    assert vase.revenue == 100
    if before := answered.total.before:
        assert before.currency_effect == 0


def test_a_month_of_the_future_can_be_asked_for_by_itself(ahead: tuple[Retailer, date]) -> None:
    retailer, later = ahead
    answered = answers(retailer.declaration, Asked.of_month(later.replace(day=1)))
    assert answered.total is not None
    assert (str(answered.total.revenue), int(answered.total.units)) == ("800.00", 3)
    assert _months(answered) == [f"{later:%Y-%m}"]


@pytest.mark.parametrize("compare", [Compare.YEAR, Compare.PERIOD])
def test_the_total_of_comparable_stores_has_only_months_that_are_compared(
    tmp_path: Path, compare: Compare
) -> None:
    retailer = Retailer(tmp_path)
    retailer.deliver_catalogue()
    days = ["2024-01-10", "2024-02-10", "2025-01-10", "2025-02-10"]
    retailer.deliver(
        "lyon/a.csv",
        *(sale(f"{at}", day, units=f"{at + 1}", total="10.00") for at, day in enumerate(days)),
    )
    retailer.run()
    total = answers(retailer.declaration, Asked(compare=compare)).like_for_like_total
    assert total is not None
    months = {Compare.YEAR: (2, 7), Compare.PERIOD: (3, 9)}[compare]
    assert (total.sales, int(total.units)) == months
    assert total.revenue == 10 * total.sales
    first = {Compare.YEAR: date(2025, 1, 1), Compare.PERIOD: date(2024, 2, 1)}[compare]
    assert total.first_day == first


def test_a_range_that_is_a_fiscal_year_is_compared_alike_by_every_length(tmp_path: Path) -> None:
    retailer = Retailer(tmp_path)
    retailer.declared["calendar"] = {"weeks": "4-4-5", "first_month": 1, "week_starts": "monday"}
    retailer.deliver_catalogue()
    retailer.deliver(
        "lyon/a.csv",
        # 2020 has 53 weeks in this calendar, from 2019-12-30 to 2021-01-03.
        sale("0", "2019-12-02", total="1.00"),
        sale("1", "2019-12-31", total="5.00"),
        sale("2", "2021-06-01", total="7.00"),
    )
    retailer.run()
    year = date(2021, 1, 4), date(2022, 1, 2)
    before = set()
    for by in (By.WEEK, By.MONTH, By.QUARTER, By.YEAR):
        total = answers(retailer.declaration, Asked(*year, by, compare=Compare.PERIOD)).total
        assert total is not None
        assert total.before is not None
        before.add(total.before.revenue)
    assert before == {Decimal("5.00")}
