"""What a page holds of a large retailer: less apart, and the same totals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from sales_pipeline.analysis.calendars import CivilCalendar, RetailCalendar
from sales_pipeline.analysis.comparison import Comparison
from sales_pipeline.analysis.like_for_like import TradingDays
from sales_pipeline.analysis.periods import DAY, By, Calendar
from sales_pipeline.config.stores import Store
from sales_pipeline.errors import UsageError
from sales_pipeline.report.page import contents
from sales_pipeline.report.page.months import months_of
from sales_pipeline.report.page.sold import Sold as SoldOfPage
from sales_pipeline.report.page.sums import Limits, SalesOfPage
from tests.analysis.sold import Sold, sales_of

_RATE = Decimal("0.00613337123456")


def _sales() -> SalesOfPage:
    """Five stores, the first of which has closed, and seven products in two months."""
    sold = [
        Sold(
            date(2025, month, 3 + at), f"s{store}", f"p{(store + at) % 7}", 1 + at,
            Decimal(100 * (store + 1) + at), "JPY" if store % 2 else "EUR",
            _RATE if store % 2 else Decimal(1),
        )
        for month in (1, 2)
        for store in range(5)
        for at in range(6)
    ]  # fmt: skip
    sales = sales_of(sold, JPY=_RATE)
    names = {"name": "One", "city": "Paris", "country": "FR"}
    stores = {"s0": Store.model_validate({"id": "s0", **names, "closed": "2025-03-01"})}
    months = months_of(Comparison(sales, CivilCalendar()), None, None)
    days = TradingDays(stores, sales.first_sales)
    return SalesOfPage(sales, days, stores, months.periods)


def _total(packed: str) -> int:
    return sum(map(int, packed.split()))


def _totals(sold: SoldOfPage) -> list[Fraction]:
    return [
        Fraction(_total(column), 10**scale)
        for column, scale in (
            (sold.by_store.units, sold.scales.units),
            (sold.by_product.units, sold.scales.units),
            (sold.by_store.revenue, sold.scales.revenue),
            (sold.by_product.revenue, sold.scales.revenue),
        )
    ]


@pytest.mark.parametrize(
    "limits",
    [Limits(), Limits(products=3), Limits(stores=1, products=2), Limits(products_by_store=False)],
    ids=str,
)
def test_totals_stay_the_same_whatever_is_added_up(limits: Limits) -> None:
    sales = _sales()
    sold = sales.cut(limits)
    rows = sales.sales.cube.to_pylist()
    units = sum((Fraction(row["units"]) for row in rows), Fraction(0))
    revenue = sum((Fraction(row["revenue"]) for row in rows), Fraction(0))
    assert _totals(sold) == [units, units, revenue, revenue]


def test_the_best_are_kept_and_the_others_are_counted() -> None:
    sold = _sales().cut(Limits(stores=1, products=3))
    # A store that closed is never added up, because it is not comparable.
    assert [store.name for store in sold.stores] == ["One", "s4", "3 other stores"]
    assert sum(bool(product.name) for product in sold.products) == 3
    assert (sold.products[-1].name, sold.other_products) == ("", 4)


def test_the_first_limits_that_fit_are_taken_and_what_is_left_out_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sales = _sales()
    monkeypatch.setattr(
        contents, "_LIMITS", (Limits(), Limits(products=2), Limits(1, 2, products_by_store=False))
    )
    whole, days, nothing = contents.fitting(sales, CivilCalendar())
    assert days is not None
    assert (len(whole.products), days.by_store, nothing) == (7, True, ())
    monkeypatch.setattr(contents, "MOST_BYTES", 700)
    cut, days, left_out = contents.fitting(sales, CivilCalendar())
    assert days is None
    assert (len(cut.products), len(cut.stores), cut.products_by_store) == (3, 3, False)
    assert [text.split(": ")[1].split(",")[0].split(";")[0] for text in left_out] == [
        "the 3 stores with the smallest revenue are added up",
        "5 products that sell less are added up",
        "best sellers and why the last month moved are over all stores only",
        "it has no days and weeks",
    ]
    monkeypatch.setattr(contents, "MOST_BYTES", 10)
    with pytest.raises(UsageError, match=r"do not fit into a page. Do: choose fewer months"):
        contents.fitting(sales, CivilCalendar())


def test_a_product_that_moved_to_another_category_counts_in_both() -> None:
    sold = [
        Sold(date(2025, 1, 3), "s", "Tea", 1, Decimal(10), category="Food"),
        Sold(date(2025, 1, 4), "t", "Tea", 1, Decimal(5), category="Gifts"),
        Sold(date(2025, 1, 5), "s", "Cup", 1, Decimal(1), category="Gifts"),
        Sold(date(2025, 1, 6), "s", "Box", 1, Decimal(2)),
    ]
    sales = sales_of(sold)
    months = months_of(Comparison(sales, CivilCalendar()), None, None)
    page = SalesOfPage(sales, TradingDays({}, sales.first_sales), {}, months.periods)
    for limits in (Limits(), Limits(products=1), Limits(products=1, products_by_store=False)):
        cut = page.cut(limits)
        assert cut.categories == ("", "Food", "Gifts")
        entries = [cut.products[int(place)].category for place in cut.by_product.product.split()]
        revenue = dict.fromkeys(cut.categories, 0)
        for category, figure in zip(entries, cut.by_product.revenue.split(), strict=True):
            revenue[category] += int(figure)
        assert revenue == {"": 2, "Food": 10, "Gifts": 6}
    cut = page.cut(Limits(products=1, categories=False))
    assert (cut.other_products, cut.has_categories) == (2, False)
    assert [(each.name, each.category) for each in cut.products] == [
        ("Tea", "Food"), ("Tea", "Gifts"), ("", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("calendar", [CivilCalendar(), CivilCalendar(4), RetailCalendar()], ids=str)
def test_each_whole_period_has_the_one_before_it_of_the_calendar(calendar: Calendar) -> None:
    days = [date(2023, 1, 1) + DAY * (9 * at) for at in range(120)]
    sales = sales_of([Sold(day, "s", "p", 1, Decimal(1)) for day in days])
    months = months_of(Comparison(sales, calendar), None, None)
    shown = {(each.first, each.last): each for each in months.before}
    assert len(shown) > 40
    for (first, last), each in shown.items():
        wholes = {calendar.period_of(by, first): by for by in (By.MONTH, By.QUARTER, By.YEAR)}
        whole = next((each for each in wholes if (each.first, each.last) == (first, last)), None)
        if whole is None:
            assert last == days[-1], "only what is not over is cut"
        else:
            before = calendar.period_of(wholes[whole], first - DAY)
            assert (each.before_first, each.before_last) == (before.first, before.last)
