"""Best sellers: shares, classes, places before, newcomers and leavers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from sales_pipeline.analysis.calendars import CivilCalendar
from sales_pipeline.analysis.comparison import Comparison
from sales_pipeline.analysis.periods import By
from sales_pipeline.analysis.ranking import Kind, Measure, Ranked, Ranking
from sales_pipeline.analysis.sales_of_run import ALL
from sales_pipeline.config.analysis import Classes
from tests.analysis.sold import Sold, sales_of

MAY_24, MAY_25 = date(2024, 5, 10), date(2025, 5, 10)
BY_VALUE = Ranking(Measure.VALUE, minor_units=2)
BY_VOLUME = Ranking(Measure.VOLUME, minor_units=2)


def sold(
    product: str, quantity: int, price: int = 1, *, day: date = MAY_25, category: str | None = None
) -> Sold:
    return Sold(day, "paris", product, quantity, Decimal(price), category=category)


def ranked(ranking: Ranking, *given: Sold) -> list[Ranked]:
    sales = sales_of([sold("Old", 1, day=date(2020, 1, 1)), *given])
    comparison = Comparison(sales, CivilCalendar())
    [pair] = comparison.pairs(By.MONTH, date(2025, 5, 1), date(2025, 5, 31))
    return ranking.ranked(sales, pair, ALL)


def test_products_are_in_classes_by_their_cumulative_share() -> None:
    rows = ranked(
        BY_VALUE, sold("Bread", 1, 79), sold("Tea", 1, 11), sold("Jam", 1, 6), sold("Salt", 1, 4)
    )
    assert [(row.name, row.share, row.cumulative_share, row.abc) for row in rows] == [
        ("Bread", Fraction(79, 100), Fraction(79, 100), "A"),
        ("Tea", Fraction(11, 100), Fraction(90, 100), "A"),  # 79 % are before it
        ("Jam", Fraction(6, 100), Fraction(96, 100), "B"),
        ("Salt", Fraction(4, 100), Fraction(1), "C"),
    ]
    narrow = Ranking(Measure.VALUE, 2, classes=Classes(a=Decimal("0.5"), b=Decimal("0.8")))
    assert [row.abc for row in ranked(narrow, sold("Bread", 1, 79), sold("Tea", 1, 21))] == [
        "A",
        "B",
    ]


def test_a_product_that_was_only_returned_has_class_c() -> None:
    rows = ranked(BY_VALUE, sold("Bread", 1, 79), sold("Tea", -1, 11))
    assert [(row.rank, row.name, row.abc) for row in rows] == [(1, "Bread", "A"), (2, "Tea", "C")]
    [alone] = ranked(BY_VALUE, sold("Tea", -1, 11))
    assert (alone.share, alone.cumulative_share, alone.abc) == (None, None, "C")


def test_newcomers_leavers_and_places_before_are_told() -> None:
    rows = ranked(
        BY_VOLUME,
        sold("Bread", 3, day=MAY_24), sold("Tea", 9, day=MAY_24), sold("Salt", 1, day=MAY_24),
        sold("Bread", 5), sold("Tea", 2), sold("Jam", 1),
    )  # fmt: skip
    assert [(row.rank, row.name, row.rank_before, row.has_left) for row in rows] == [
        (1, "Bread", 2, False),
        (2, "Tea", 1, False),
        (3, "Jam", None, False),
        (None, "Salt", 3, True),
    ]


def test_equal_figures_are_in_the_order_of_their_names_as_in_gold() -> None:
    rows = ranked(BY_VALUE, sold("b", 1), sold("a", 1), sold("Z", 1))
    assert [row.name for row in rows] == ["Z", "a", "b"]


def test_categories_are_ranked_with_those_that_have_none() -> None:
    by_category = Ranking(Measure.VOLUME, 2, Kind.CATEGORY)
    rows = ranked(
        by_category,
        sold("Tea", 2, category="Drinks"), sold("Juice", 2, category="Drinks"), sold("Jam", 3),
    )  # fmt: skip
    assert [(row.name, int(row.now.units)) for row in rows] == [("Drinks", 4), ("", 3)]


@settings(max_examples=40)
@given(st.dictionaries(st.text("abc", min_size=1), st.integers(1, 10**6), min_size=1, max_size=12))
def test_shares_add_up_to_one(units: dict[str, int]) -> None:
    rows = ranked(BY_VOLUME, *(sold(product, count) for product, count in units.items()))
    assert sum(row.share or 0 for row in rows) == 1
    assert rows[-1].cumulative_share == 1
    assert rows[0].abc == "A"
    assert [row.abc for row in rows] == sorted(row.abc for row in rows)
