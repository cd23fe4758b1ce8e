"""The shares and classes in gold's answers, against plain fractions over the sample's records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_pipeline import answers as answers_of
from sales_pipeline import load_config, read_gold
from sales_pipeline.config.model import Declaration
from sales_pipeline.gold.answer_rows import BY_STORE, RANKED_BY, answers
from sales_pipeline.report.answers import ProductByValue, ProductByVolume
from sales_pipeline.report.answers_of_run import Asked
from tests.retailer import Retailer, sale
from tests.sample.records import records

Row = dict[str, Any]
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
RANKINGS = list(RANKED_BY.items())


def _ratio(part: Fraction | Decimal, whole: Fraction | Decimal) -> Decimal:
    """A ratio with six decimals, by long division."""
    ratio = Fraction(part) / Fraction(whole)
    quotient = _EXACT.divide(Decimal(ratio.numerator), Decimal(ratio.denominator))
    return quotient.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def _class(so_far: Decimal, figure: Decimal, whole: Decimal) -> str:
    if figure <= 0 or so_far * 100 >= whole * 95:
        return "C"
    return "A" if so_far * 100 < whole * 80 else "B"


def _check_ranking(rows: Iterable[Mapping[str, Any]], figures: Mapping[str, Decimal]) -> None:
    in_order = sorted(figures, key=lambda name: (-figures[name], name))
    whole, so_far = sum(figures.values(), Decimal(0)), Decimal(0)
    expected = []
    for rank, name in enumerate(in_order, start=1):
        own, before = figures[name], so_far
        so_far += own
        shares = (_ratio(own, whole), _ratio(so_far, whole)) if whole > 0 else (None, None)
        abc = _class(before, own, whole) if whole > 0 else "C"
        expected.append((rank, name, *shares, abc))
    names = ("rank", "product", "share", "cumulative_share", "abc")
    found = sorted(tuple(row[name] for name in names) for row in rows)
    assert found == expected


@pytest.mark.parametrize(("table", "figure"), RANKINGS)
def test_shares_and_classes_of_the_sample_are_those_of_its_records(
    sample: Declaration, table: str, figure: str
) -> None:
    exact: dict[str, Decimal] = {}
    for record in records():
        own = Decimal(getattr(record, figure))
        exact[record.product] = exact.get(record.product, Decimal(0)) + own
    cents = Decimal("0.01") if figure == "revenue" else Decimal("0.001")
    figures = {name: total.quantize(cents, ROUND_HALF_UP) for name, total in exact.items()}
    rows = read_gold(sample, table).to_pylist()
    assert {row["abc"] for row in rows} == {"A", "B", "C"}
    assert all(row["gross"] == row["revenue"] - row["returns"] for row in rows)
    _check_ranking(rows, figures)


def test_the_shares_of_stores_are_those_of_their_exact_revenue(sample: Declaration) -> None:
    exact: dict[tuple[int, int, str], Decimal] = {}
    for record in records():
        key = (record.sold_on.year, record.sold_on.month, record.store)
        exact[key] = exact.get(key, Decimal(0)) + record.revenue
    rows = read_gold(sample, BY_STORE).to_pylist()
    assert {(row["year"], row["month"], row["store"]) for row in rows} == {*exact}
    for row in rows:
        month = (row["year"], row["month"])
        of_month = [figure for key, figure in exact.items() if key[:2] == month]
        own = exact[*month, row["store"]]
        assert row["share"] == _ratio(own, sum(of_month, Decimal(0)))


def test_show_has_the_shares_and_classes_of_gold(sample: Declaration) -> None:
    every = Asked(first=date(2000, 1, 1), last=date(2100, 1, 1), top=None)
    shown = answers_of(sample, every)
    for table, products in (
        (RANKINGS[0][0], shown.best_by_volume),
        (RANKINGS[1][0], shown.best_by_value),
    ):
        rows = read_gold(sample, table).to_pylist()
        found = [
            (product.rank, product.product, *map(_rounded, _shares(product)), product.abc)
            for product in products
        ]
        names = ("rank", "product", "share", "cumulative_share", "abc")
        assert found == sorted(tuple(row[name] for name in names) for row in rows)


def _shares(product: ProductByValue | ProductByVolume) -> tuple[Fraction, Fraction]:
    assert product.share is not None
    assert product.cumulative_share is not None
    return product.share, product.cumulative_share


def _rounded(ratio: Fraction) -> Decimal:
    return _ratio(ratio, Fraction(1))


_FIGURES = st.decimals("-9e12", "9e12", places=2)


@given(st.lists(st.tuples(_FIGURES, _FIGURES), min_size=1, max_size=12))
def test_best_sellers_of_any_sums_are_ranked_and_shared_exactly(
    figures: list[tuple[Decimal, Decimal]],
) -> None:
    declaration = load_config()
    sums = [
        _sums(product=f"{at:02}", units=units, revenue=revenue)
        for at, (units, revenue) in enumerate(figures)
    ]
    found = answers(declaration, [], sums)
    for table, figure in RANKINGS:
        _check_ranking(found[table], {row["product"]: row[figure] for row in sums})


def _sums(**given_: Any) -> Row:
    nothing = Decimal(0)
    return {
        "month": None, "store": None, "product": None, "category": None, "units": nothing,
        "units_returned": nothing, "revenue": nothing, "revenue_returned": nothing, **given_,
    }  # fmt: skip


def test_stores_of_a_month_have_no_share_if_one_took_back_more_than_it_sold() -> None:
    march, april = date(2025, 3, 1), date(2025, 4, 1)
    sold = [
        _sums(month=march, store="b", revenue=Decimal("10.005")),
        _sums(month=march, store="a", revenue=Decimal("10.009")),
        _sums(month=april, store="a", revenue=Decimal("-0.001")),
        _sums(month=april, store="b", revenue=Decimal("5")),
    ]
    rows = answers(load_config(), sold, [])[BY_STORE]
    assert [(row["month"], row["store"], row["rank"], str(row["share"])) for row in rows] == [
        (3, "a", 1, "0.500100"),
        (3, "b", 2, "0.499900"),
        (4, "b", 1, "None"),
        (4, "a", 2, "None"),
    ]


def _classes(retailer: Retailer) -> list[list[tuple[Any, ...]]]:
    return [sorted(retailer.rows(table, "product", "abc")) for table in RANKED_BY]


def test_other_classes_are_found_by_plan_and_by_a_run_and_a_rebuild_gives_the_same(
    retailer: Retailer,
) -> None:
    names = "\n".join(f"{name},Home,{name},Home" for name in ("Bowl", "Cup"))
    retailer.deliver_catalogue(f"produit,categorie,product,category\n{names}\n")
    bowls = sale("1", item="Bowl", price="1.00", units="20", total="20.00")
    retailer.deliver("lyon/a.csv", bowls, sale("2", item="Cup", price="30.00", total="30.00"))
    retailer.run()
    assert _classes(retailer) == [[("Bowl", "A"), ("Cup", "C")], [("Bowl", "A"), ("Cup", "A")]]
    assert retailer.run().is_nothing_new
    retailer.declared["classes"] = {"a": "50%", "b": "96%"}
    [remade] = retailer.plan().remade
    assert remade.reason == "stores or classes are declared otherwise"
    assert not retailer.run().is_nothing_new
    assert _classes(retailer) == [[("Bowl", "A"), ("Cup", "B")], [("Bowl", "B"), ("Cup", "A")]]
    assert retailer.run().is_nothing_new
    state = retailer.state()
    retailer.rebuild()
    assert retailer.state() == state
