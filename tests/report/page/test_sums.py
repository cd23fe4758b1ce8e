"""What a page holds of a large retailer: less apart, and the same totals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from sales_pipeline.analysis.comparison import Comparison
from sales_pipeline.analysis.like_for_like import TradingDays
from sales_pipeline.analysis.periods import CivilCalendar
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
    assert [product.products for product in sold.products] == [1, 1, 1, 4]
    assert sold.products[-1].name == "4 other products"


def test_the_first_limits_that_fit_are_taken_and_what_is_left_out_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sales = _sales()
    monkeypatch.setattr(
        contents, "_LIMITS", (Limits(), Limits(products=2), Limits(1, 2, products_by_store=False))
    )
    whole, nothing = contents.fitting(sales)
    assert (len(whole.products), nothing) == (7, ())
    monkeypatch.setattr(contents, "MOST_BYTES", 700)
    cut, left_out = contents.fitting(sales)
    assert (len(cut.products), len(cut.stores), cut.products_by_store) == (3, 3, False)
    assert [text.split(": ")[1].split(",")[0].split(";")[0] for text in left_out] == [
        "the 3 stores with the smallest revenue are added up",
        "5 products that sell less are added up",
        "best sellers and why the last month moved are over all stores only",
    ]
    monkeypatch.setattr(contents, "MOST_BYTES", 10)
    with pytest.raises(UsageError, match=r"do not fit into a page. Do: choose fewer months"):
        contents.fitting(sales)
