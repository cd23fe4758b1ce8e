"""Revenue against another period, at constant rates and like for like, counted a second way."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_pipeline.analysis.calendars import CivilCalendar
from sales_pipeline.analysis.causes import Cause, causes_by_store, causes_of_change
from sales_pipeline.analysis.comparison import (
    AT_AVERAGE_RATE,
    AT_OWN_RATE,
    AT_TODAYS_RATE,
    Comparison,
)
from sales_pipeline.analysis.like_for_like import Trading, TradingDays, like_for_like
from sales_pipeline.analysis.periods import By, Compare, ToDate
from sales_pipeline.analysis.sales_of_run import Choice, SalesOfRun
from sales_pipeline.config.stores import Closure, Store
from tests.analysis.sold import Sold, sales_of

CIVIL = CivilCalendar()
MAY_24, MAY_25 = date(2024, 5, 10), date(2025, 5, 10)


def sale(day: date, store: str = "paris", quantity: int = 1, **values: object) -> Sold:
    given = {"product": "Tea", "price": Decimal(10), **values}
    return Sold(day, store, quantity=quantity, **given)  # type: ignore[arg-type]


def figures(*values: object) -> tuple[object, ...]:
    """The values, whose types a test compares with plain numbers."""
    return values


def compared(sales: SalesOfRun, **options: object) -> Comparison:
    return Comparison(sales, CIVIL, **options)  # type: ignore[arg-type]


def test_a_month_stands_beside_the_same_month_of_last_year() -> None:
    sales = sales_of([sale(MAY_24, quantity=4), sale(MAY_25, quantity=5), sale(MAY_25, "lyon")])
    comparison = compared(sales)
    [row] = comparison.in_all(comparison.pairs(By.MONTH, date(2025, 5, 1), date(2025, 5, 31)))
    assert figures(row.now.revenue, row.now.sales) == (60, 2)
    assert row.before is not None
    assert figures(row.now.revenue - row.before.revenue, row.growth) == (20, Fraction(1, 2))
    stores = comparison.by_store([row.pair])
    assert [
        figures(each.store, each.now.revenue, each.before and each.before.revenue)
        for each in stores
    ] == [
        ("lyon", 10, 0),
        ("paris", 50, 40),
    ]


def test_what_gold_does_not_reach_back_to_is_compared_with_nothing() -> None:
    sales = sales_of([sale(MAY_24), sale(MAY_25)])
    comparison = compared(sales)
    first, *_, last = comparison.in_all(comparison.pairs(By.MONTH, MAY_24, date(2025, 5, 31)))
    assert (first.before, first.growth, first.local_growth) == (None, None, None)
    assert last.before is not None


def test_an_unfinished_month_is_compared_with_the_same_days() -> None:
    sales = sales_of(
        [sale(MAY_24), sale(date(2024, 5, 20)), sale(MAY_25), sale(date(2025, 6, 30))],
        as_of=date(2025, 5, 12),
    )
    comparison = compared(sales)
    [row] = comparison.in_all(comparison.pairs(By.MONTH, date(2025, 5, 1), date(2025, 5, 31)))
    assert not row.pair.is_over
    assert (row.pair.period.last, row.pair.before and row.pair.before.last) == (MAY_25, MAY_24)
    assert row.before is not None
    assert row.now.revenue == row.before.revenue


def test_year_to_date_and_the_last_twelve_months_have_their_own_years_before() -> None:
    days = [date(2023, 12, 1) + timedelta(days=30 * count) for count in range(18)]
    sales = sales_of([sale(day) for day in days])
    comparison = compared(sales)
    end = date(2025, 4, 30)
    pairs = [comparison.to_date(days, end) for days in ToDate]
    spans = [
        (pair.period.first, pair.period.last, pair.before and (pair.before.first, pair.before.last))
        for pair in pairs
    ]
    assert spans == [
        (date(2025, 1, 1), end, (date(2024, 1, 1), date(2024, 4, 30))),
        (date(2024, 5, 1), end, None),  # its year before begins before the first sale
    ]
    to_date, twelve = comparison.in_all(pairs)
    assert to_date.now.sales == sum(date(2025, 1, 1) <= day <= end for day in days)
    assert twelve.now.sales == sum(date(2024, 5, 1) <= day <= end for day in days)
    alone = compared(sales, compare=Compare.NONE)
    assert [alone.to_date(days, end).before for days in ToDate] == [None, None]


def test_growth_and_currency_may_point_in_different_directions() -> None:
    dollars = {"currency": "USD", "store": "new_york"}
    sales = sales_of(
        [
            sale(MAY_24, quantity=10, rate=Decimal("0.90"), **dollars),
            sale(MAY_25, quantity=11, rate=Decimal("0.80"), **dollars),
        ]
    )
    comparison = compared(sales)
    [row] = comparison.in_all(comparison.pairs(By.MONTH, MAY_25.replace(day=1), date(2025, 5, 31)))
    assert row.before is not None
    assert row.now.revenue - row.before.revenue == 88 - 90
    assert figures(row.local_growth, row.currency_effect) == (9, -11)
    assert row.constant_ratio == Fraction(1, 10)


def test_a_rate_comes_from_sales_else_from_the_policy_else_it_is_that_of_now() -> None:
    sold = [sale(MAY_24, currency="USD", rate=Decimal("0.9"))]
    sold += [sale(MAY_25, currency=code, rate=Decimal(2)) for code in ("USD", "GBP", "CHF")]
    sales = sales_of(sold, GBP=Decimal("1.5"))
    comparison = compared(sales)
    [pair] = comparison.pairs(By.MONTH, MAY_25.replace(day=1), date(2025, 5, 31))
    [rates] = comparison.rates([pair])
    assert rates is not None
    assert rates.sources == {"USD": AT_OWN_RATE, "GBP": AT_AVERAGE_RATE, "CHF": AT_TODAYS_RATE}
    [row] = comparison.in_all([pair])
    assert row.at_constant_rates == 10 * (Fraction("0.9") + Fraction("1.5") + 2)


def test_a_chosen_store_keeps_the_rates_of_all() -> None:
    sales = sales_of(
        [
            sale(MAY_24, "boston", currency="USD", rate=Decimal("0.9")),
            sale(MAY_25, "miami", currency="USD", rate=Decimal("0.8")),
        ]
    )
    comparison = compared(sales, choice=Choice(store="miami"))
    [row] = comparison.in_all(comparison.pairs(By.MONTH, MAY_25.replace(day=1), date(2025, 5, 31)))
    assert figures(row.now.revenue, row.at_constant_rates) == (8, 9)


def test_a_category_is_counted_in_any_days() -> None:
    days = (date(2025, 3, 30), date(2025, 4, 2), MAY_25, date(2025, 5, 11))
    sales = sales_of(
        [sale(day, product=name, category=name) for day in days for name in ("Food", "Toys")]
    )
    comparison = compared(sales, choice=Choice(category="Food"))

    def count(first: date, last: date) -> int:
        [row] = comparison.in_all([comparison.range_pair(By.MONTH, first, last)])
        return row.now.sales

    assert count(date(2025, 3, 31), MAY_25) == 2  # whole months between days of two others
    assert count(date(2025, 3, 30), date(2025, 4, 30)) == 2
    assert count(date(2025, 5, 10), date(2025, 5, 10)) == 1
    assert count(date(2025, 3, 1), date(2025, 5, 31)) == 4


def store(name: str, **days: object) -> Store:
    return Store.model_validate({"id": name, "name": name, "city": name, "country": "FR", **days})


STORES = {
    each.id: each
    for each in (
        store("old", opened="2020-01-01"),
        store("young", opened="2024-05-02"),
        store("gone", opened="2020-01-01", closed="2025-05-20"),
        store("renovated", closures=[{"from": "2025-05-30", "to": "2025-06-10", "why": "roof"}]),
        store("once", closures=[{"from": "2024-06-01", "to": "2024-06-10"}]),
    )
}


@pytest.mark.parametrize(
    ("name", "trading"),
    [
        ("old", Trading.COMPARABLE),
        ("young", Trading.NEW),
        ("gone", Trading.CLOSED),
        ("renovated", Trading.INTERRUPTED),
        ("once", Trading.COMPARABLE),
        ("undeclared", Trading.NEW),
        ("undeclared_but_old", Trading.COMPARABLE),
    ],
)
def test_a_store_is_comparable_if_it_traded_through_both_periods(
    name: str, trading: Trading
) -> None:
    sales = sales_of([sale(date(2023, 1, 5), "undeclared_but_old"), sale(MAY_25, "undeclared")])
    [pair] = compared(sales).pairs(By.MONTH, date(2025, 5, 1), date(2025, 5, 31))
    assert TradingDays(STORES, sales.first_sales).trading(name, pair) is trading


def test_a_store_may_have_to_be_open_for_some_months_first() -> None:
    sales = sales_of([sale(date(2023, 1, 5))])
    [pair] = compared(sales).pairs(By.MONTH, date(2025, 7, 1), date(2025, 7, 31))
    assert TradingDays(STORES, sales.first_sales).trading("young", pair) is Trading.COMPARABLE
    later = TradingDays(STORES, sales.first_sales, after_months=15)
    assert later.trading("young", pair) is Trading.NEW
    assert later.trading("old", pair) is Trading.COMPARABLE


def test_a_closure_in_one_day_counts() -> None:
    closure = Closure.model_validate({"from": "2025-05-31", "to": "2025-05-31"})
    assert closure.start == closure.end


SALES = st.lists(
    st.builds(
        Sold,
        st.sampled_from([date(2024, 5, 1), date(2024, 5, 31), date(2025, 5, 1), date(2025, 5, 9)]),
        st.sampled_from(["old", "young", "gone", "renovated"]),
        st.sampled_from(["Tea", "Jam", "Bread"]),
        st.integers(-3, 9).filter(bool),
        st.decimals("0.01", "99.99", places=2),
        st.sampled_from(["EUR", "USD", "JPY"]),
        st.decimals("0.5", "1.5", places=4),
        st.sampled_from([None, "Food"]),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=60)
@given(SALES, st.sampled_from([By.MONTH, By.QUARTER]))
def test_growth_currency_stores_and_causes_add_up_to_the_change(sold: list[Sold], by: By) -> None:
    sales = sales_of([sale(date(2020, 1, 1), "old"), *sold])
    comparison = compared(sales)
    period = CIVIL.period_of(by, date(2025, 5, 1))
    [pair] = comparison.pairs(by, period.first, period.last)
    [row] = comparison.in_all([pair])
    this_year = sum((each.revenue for each in sold if each.sold_on.year == 2025), Decimal(0))
    last_year = sum((each.revenue for each in sold if each.sold_on.year == 2024), Decimal(0))
    assert row.before is not None
    assert (row.now.revenue, row.before.revenue) == (this_year, last_year)
    difference = Fraction(this_year) - Fraction(last_year)
    assert row.local_growth is not None
    assert row.currency_effect is not None
    assert row.local_growth + row.currency_effect == difference
    days = TradingDays(STORES, sales.first_sales)
    groups = like_for_like(days, pair, comparison.by_store([pair]))
    assert sum(group.compared.now.revenue for group in groups) == this_year
    assert sum((group.compared.local_growth or 0) for group in groups) == row.local_growth
    causes = causes_of_change(sales, days, pair)
    assert (causes.now, causes.before) == (this_year, last_year)
    assert sum(causes.parts.values()) == difference
    for cause, own in causes.sources.items():
        assert sum(own.values()) == causes.parts[cause]
    for store, of_store in causes_by_store(sales, days, pair).items():
        alone = causes_of_change(sales, days, pair, choice=Choice(store=store))
        assert (of_store.parts, of_store.sources) == (alone.parts, alone.sources)


def test_each_cause_is_the_one_that_was_made() -> None:
    months = CIVIL.period_of(By.MONTH, MAY_25)

    def parts(*sold: Sold) -> dict[Cause, Fraction]:
        sales = sales_of([sale(date(2020, 1, 1), "old"), *sold])
        [pair] = compared(sales).pairs(By.MONTH, months.first, months.last)
        found = causes_of_change(sales, TradingDays(STORES, sales.first_sales), pair)
        return {cause: part for cause, part in found.parts.items() if part}

    tea = sale(MAY_24, "old", 10)
    assert parts(tea, sale(MAY_25, "old", 12)) == {Cause.VOLUME: 20}
    assert parts(tea, sale(MAY_25, "old", 10, price=Decimal(11))) == {Cause.PRICE: 10}
    assert parts(tea, sale(MAY_25, "old", 10), sale(MAY_25, "old", -1)) == {Cause.RETURNS: -10}
    assert parts(tea, sale(MAY_25, "old", 10), sale(MAY_25, "young", 2)) == {Cause.NEW_STORES: 20}
    assert parts(tea, sale(MAY_25, "old", 10), sale(MAY_25, "old", product="Jam")) == {
        Cause.NEW_PRODUCTS: 10
    }
    jam = sale(MAY_24, "old", product="Jam", price=Decimal(30))
    assert parts(tea, jam, sale(MAY_25, "old", 10)) == {Cause.DISCONTINUED_PRODUCTS: -30}
    # One more jam and one tea fewer: as many units, of dearer goods.
    more_jam = sale(MAY_25, "old", 2, product="Jam", price=Decimal(30))
    assert parts(tea, jam, sale(MAY_25, "old", 9), more_jam) == {Cause.MIX: 20}
    assert parts(tea, sale(MAY_25, "old", 10), sale(MAY_24, "gone")) == {Cause.CLOSED_STORES: -10}
    dollars = {"currency": "USD", "rate": Decimal(1)}
    assert parts(
        sale(MAY_24, "old", 10, **dollars),
        sale(MAY_25, "old", 10, **dollars | {"rate": Decimal(2)}),
    ) == {Cause.CURRENCY: 100}


def test_the_example_of_the_documentation_and_where_its_causes_come_from() -> None:
    tea, vase = {"price": Decimal(5)}, {"product": "Vase", "price": Decimal(15)}
    before = [sale(MAY_24, "old", 10, **tea), sale(MAY_24, "old", 10, **vase)]
    now = [
        sale(MAY_25, "old", 10, price=Decimal(6)),
        sale(MAY_25, "old", 12, **vase),
        sale(MAY_25, "young", 1),
    ]
    sales = sales_of([sale(date(2020, 1, 1), "old"), *before, *now])
    pair = compared(sales).range_pair(By.MONTH, date(2025, 5, 1), date(2025, 5, 31))
    found = causes_of_change(sales, TradingDays(STORES, sales.first_sales), pair)
    sources = {
        cause: {name: part for name, part in own.items() if part}
        for cause, own in found.sources.items()
    }
    assert {cause: own for cause, own in sources.items() if own} == {
        Cause.VOLUME: {"Vase": 20},
        Cause.MIX: {"Vase": 10},
        Cause.PRICE: {"Tea": 10},
        Cause.NEW_STORES: {"young": 10},
    }


def test_compare_none_compares_with_nothing() -> None:
    comparison = compared(sales_of([sale(MAY_25)]), compare=Compare.NONE)
    [pair] = comparison.pairs(By.MONTH, date(2025, 5, 1), date(2025, 5, 31))
    assert pair.before is None
    with pytest.raises(ValueError, match="no other period"):
        causes_of_change(comparison.sales, TradingDays({}, {}), pair)
