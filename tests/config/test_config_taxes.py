"""How tax is declared, what is refused, and what changes the meaning of a feed's records."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sales_pipeline.config.loader import declaration_from
from sales_pipeline.config.model import Declaration
from tests.config.test_config_checks import problems_of

Data = dict[str, Any]
GINZA = {"id": "ginza", "name": "Ginza", "city": "Tokyo", "country": "JP"}
SOHO = {"id": "soho", "name": "SoHo", "city": "New York", "country": "US"}


def declared(data: Data, tax: object, **others: object) -> Data:
    """The declaration with a tax of its feed, net of tax unless said otherwise."""
    changed = deepcopy(data)
    changed["feeds"]["tokyo"]["tax"] = tax
    return changed | {"revenue": "net_of_tax"} | others


def with_stores(data: Data, tax: object, *, soho: object) -> Data:
    """As `declared`, of a feed with two stores, one of which has a tax of its own."""
    changed = declared(data, tax)
    feed = changed["feeds"]["tokyo"]
    del feed["store"]
    feed["columns"]["store"] = "shop"
    feed["stores"] = {"01": GINZA, "02": SOHO | {"tax": soho}}
    if tax is None:
        del feed["tax"]
    return changed


@pytest.mark.parametrize(
    ("tax", "problem"),
    [
        (
            None,
            (
                "tax: missing, and revenue: net_of_tax needs it; write included: false, or "
                "included: true with a rate, a column or a rate_column"
            ),
        ),
        (
            {"included": True},
            (
                "tax: tax is included, and revenue: net_of_tax needs to know how much; add a "
                "rate, a column or a rate_column"
            ),
        ),
        (
            {"included": False, "rate": "8 %"},
            (
                "tax.rate: only with included: true, else nothing is taken off, got '8 %'; take it "
                "out, or write included: true"
            ),
        ),
        (
            {"included": True, "rate": "8 %", "column": "amount"},
            "tax.column: rate and column, which say the same; keep one of them",
        ),
        (
            {"included": True, "column": "vat"},
            (
                "tax.column: not one of the columns sale_id, sold_on, product, quantity, amount, "
                "got 'vat'; add it to columns, or write one of them"
            ),
        ),
        ({"included": True, "rate": 20}, "tax.rate: more than 100 %, got 20. Did you mean '20%'?"),
        (
            {"included": True, "rate": [{"rate": "19 %"}, {"rate": "16 %"}]},
            "tax.rate[1].since: missing; write the first day of this entry",
        ),
        (
            {"rate": "20 %"},
            "tax.included: missing; write whether the amounts include tax",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_what_to_do(data: Data, tax: object, problem: str) -> None:
    assert problems_of(declared(data, tax)) == [f"feeds.tokyo.{problem}"]


@pytest.mark.parametrize(
    "tax",
    [
        {"included": False},
        {"included": True, "rate": "20 %"},
        {"included": True, "rate": "8.875%"},
        {"included": True, "rate": [{"rate": "19 %"}, {"rate": "16 %", "since": "2020-07-01"}]},
        {"included": True, "column": "amount"},
        {"included": True, "rate_column": "quantity"},
    ],
)
def test_each_way_to_come_to_net_amounts_is_enough(data: Data, tax: object) -> None:
    assert problems_of(declared(data, tax)) == []


def test_a_basis_alone_is_enough_where_nothing_is_taken_off(data: Data) -> None:
    for tax in (None, {"included": True}, {"included": False}):
        assert problems_of(declared(data, tax, revenue="as_delivered")) == []


def test_a_listed_store_has_a_tax_of_its_own(data: Data) -> None:
    japan = {"included": True, "rate": "10 %"}
    assert problems_of(with_stores(data, japan, soho={"included": False})) == []
    place = "feeds.tokyo.stores.02.tax"
    assert problems_of(with_stores(data, japan, soho={"included": True})) == [
        f"{place}: tax is included, and revenue: net_of_tax needs to know how much; add a rate"
    ]
    missing = problems_of(with_stores(data, None, soho={"included": False}))
    assert [each.partition(",")[0] for each in missing] == ["feeds.tokyo.tax: missing"]


def test_the_message_names_the_line_of_the_feed_that_says_nothing(
    text: str, report: Callable[[str], str]
) -> None:
    assert report(f"revenue: net_of_tax\n{text}").startswith("config.yaml:11 feeds.tokyo.tax: ")


def test_a_feed_takes_the_tax_of_its_format_as_a_whole(data: Data) -> None:
    feed = data["feeds"]["tokyo"] | {"format": "till"}
    formats = {"till": {"tax": {"included": True, "rate": "10 %"}}}
    shared = declaration_from(data | {"formats": formats, "feeds": {"tokyo": feed}})
    assert shared.feeds["tokyo"].tax is not None
    assert shared.feeds["tokyo"].tax.rates == ((None, Decimal("0.1")),)
    own = feed | {"tax": {"included": False}}
    declaration = declaration_from(data | {"formats": formats, "feeds": {"tokyo": own}})
    assert declaration.feeds["tokyo"].tax is not None
    assert declaration.feeds["tokyo"].tax.rates == ()


def test_rates_are_shares_with_their_first_days(data: Data) -> None:
    dated = [{"rate": "19 %"}, {"rate": 0.16, "since": "2020-07-01"}]
    tax = _declaration(declared(data, {"included": True, "rate": dated})).feeds["tokyo"].tax
    assert tax is not None
    assert tax.rates == ((None, Decimal("0.19")), (date(2020, 7, 1), Decimal("0.16")))


def test_only_a_tax_that_is_taken_off_is_part_of_the_meaning(data: Data) -> None:
    def meaning(tax: object, **others: object) -> str:
        changed = declared(data, tax, **others)
        if tax is None:
            del changed["feeds"]["tokyo"]["tax"]
        return _declaration(changed).meaning_of("tokyo")

    untouched = meaning(None, revenue="as_delivered")
    included = {"included": True, "rate": "20 %"}
    assert meaning(included, revenue="as_delivered") == untouched
    assert meaning({"included": False}) == untouched
    assert meaning(included) == meaning({"included": True, "rate": 0.2}) != untouched
    others = [
        {"included": True, "rate": "19 %"},
        {"included": True, "rate": [{"rate": "20 %"}, {"rate": "19 %", "since": "2025-01-01"}]},
        {"included": True, "column": "amount"},
        {"included": True, "rate_column": "amount"},
    ]
    assert len({untouched, meaning(included), *map(meaning, others)}) == 6


def test_the_tax_of_a_listed_store_is_part_of_the_meaning(data: Data) -> None:
    japan = {"included": True, "rate": "10 %"}
    taxes: list[object] = [{"included": False}, {"included": True, "rate": "8 %"}, japan]
    meanings = {
        _declaration(with_stores(data, japan, soho=soho)).meaning_of("tokyo") for soho in taxes
    }
    assert len(meanings) == 3


def _declaration(data: Data) -> Declaration:
    return declaration_from(data)
