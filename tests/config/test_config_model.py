"""What a declaration offers to the rest of the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from sales_pipeline.config.catalogue import Catalogue, CatalogueLanguage
from sales_pipeline.config.feed import Feed
from sales_pipeline.config.files import Dialect
from sales_pipeline.config.loader import declaration_from
from sales_pipeline.config.model import Declaration
from sales_pipeline.config.rates import Rates

LANGUAGE = CatalogueLanguage(product="product_en", category="category_en")
TILL = {"till": {"sql": "substr(sale_id, 1, 2)"}}
STORES = {
    "01": {"id": "ginza", "name": "Ginza", "city": "Tokyo", "country": "JP"},
    "02": {"id": "umeda", "name": "Umeda", "city": "Osaka", "country": "JP", "currency": "USD"},
}


@pytest.fixture
def feed(data: dict[str, Any]) -> Callable[..., Feed]:
    """Returns the feed of Tokyo, with some keys declared otherwise."""

    def declared(**changes: object) -> Feed:
        return Feed.model_validate(data["feeds"]["tokyo"] | changes)

    return declared


@pytest.fixture
def many(data: dict[str, Any]) -> Callable[..., Feed]:
    """Returns a feed that delivers the sales of two stores, with some keys declared otherwise."""
    feed = {key: value for key, value in data["feeds"]["tokyo"].items() if key != "store"}
    feed |= {"columns": feed["columns"] | {"store": "shop"}, "stores": STORES}

    def declared(**changes: object) -> Feed:
        return Feed.model_validate(feed | changes)

    return declared


@pytest.mark.parametrize(
    "change",
    [
        {
            "columns": {
                "sale_id": "a",
                "sold_on": "b",
                "product": "c",
                "quantity": "d",
                "amount": "e",
            }
        },
        {"csv": {"delimiter": ";"}},
        {"csv": {"decimal": ","}},
        {"date_formats": ["yyyy/MM/dd", "yyyyMMdd"]},
        {"key": []},
        {"key": ["sale_id", "till"], "computed": TILL},
        {"computed": TILL},
        {"csv": {"thousands": "'"}},
        {"currency": [{"currency": "JPY"}, {"currency": "USD", "since": "2025-01-01"}]},
        {"currency": [{"currency": "JPY", "since": "2025-01-01"}]},
        {"earliest": "2020-01-01"},
        {"latest": "2030-12-31"},
        {"latest": "delivery"},
        {"product_by": "code"},
        {"ignore_case": True},
        {"unknown_products": "pass"},
        {"price_from": "catalogue"},
        {"missing_quantity": 1},
        {"rounding": "half_up"},
        {"returns": "quarantine"},
        {"rules": {"plausible": {"holds": "amount < 1000"}}},
        {"exclude_when": "amount = '0'"},
        {"currency": "USD"},
        {"language": "fr"},
        {"store": {"id": "osaka", "name": "Tokyo Ginza", "city": "Tokyo", "country": "JP"}},
    ],
)
def test_the_fingerprint_changes_with_the_meaning_of_records(
    feed: Callable[..., Feed], change: dict[str, object]
) -> None:
    assert feed(**change).fingerprint() != feed().fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        {"landing": "elsewhere/*.csv"},
        {"max_quarantined": "50%"},
        {"days_ahead": 30},
        {"store": {"id": "tokyo", "name": "Ginza 2", "city": "Tōkyō", "country": "JP"}},
        {"key": ["sale_id"]},
        {"csv": {"delimiter": ","}},
        {"date_formats": ["yyyy/MM/dd"]},
        {"format": "till"},
        {"same_name": "adds"},
        {"max_removed": "10%"},
        {"archive": "leave"},
        {"never_store": "customer"},
        {"currency": [{"currency": "JPY"}]},
        {"rules": {"plausible": {"holds": "amount < 1000", "severity": "warn"}}},
    ],
)
def test_the_fingerprint_stays_when_records_mean_the_same(
    feed: Callable[..., Feed], change: dict[str, object]
) -> None:
    assert feed(**change).fingerprint() == feed().fingerprint()


def test_days_ahead_mean_something_where_they_bound_what_counts(
    feed: Callable[..., Feed],
) -> None:
    one = feed(latest="delivery")
    assert one.fingerprint() != feed(latest="delivery", days_ahead=30).fingerprint()
    assert one.last_day(date(2025, 12, 31)) == date(2026, 1, 1)
    assert feed(latest="2025-06-30").last_day(date(2025, 12, 31)) == date(2025, 6, 30)


def test_the_fingerprint_does_not_depend_on_the_order_of_the_keys_columns(
    feed: Callable[..., Feed],
) -> None:
    one = feed(key=["sale_id", "till"], computed=TILL)
    assert one.fingerprint() == feed(key=["till", "sale_id"], computed=TILL).fingerprint()


def test_the_fingerprint_does_not_depend_on_how_a_rule_is_told_or_a_number_is_written(
    feed: Callable[..., Feed],
) -> None:
    rule = {"holds": "amount < 1000"}
    one = feed(rules={"plausible": rule}, missing_quantity="1")
    other = feed(rules={"plausible": rule | {"tolerance": "1%"}}, missing_quantity="1.000")
    assert one.fingerprint() == other.fingerprint()


def test_the_fingerprint_knows_which_stores_are_listed_and_not_how_they_are_shown(
    many: Callable[..., Feed],
) -> None:
    renamed = {text: store | {"name": "New", "city": "Kobe"} for text, store in STORES.items()}
    turned = dict(reversed(STORES.items()))
    assert many(stores=renamed).fingerprint() == many().fingerprint()
    assert many(stores=turned).fingerprint() == many().fingerprint()
    assert many(stores=STORES | {"03": STORES["01"]}).fingerprint() != many().fingerprint()
    other = STORES | {"01": STORES["01"] | {"currency": "EUR"}}
    assert many(stores=other).fingerprint() != many().fingerprint()


def test_the_fingerprint_never_changes_from_release_to_release(
    feed: Callable[..., Feed], many: Callable[..., Feed]
) -> None:
    assert feed().fingerprint() == "f892437424dfb574"
    rules = {"plausible": {"holds": "amount < 1000"}}
    assert many(missing_quantity="1", rules=rules).fingerprint() == "9647d8005b385df3"


def test_the_meaning_of_a_feed_depends_on_the_language_of_the_answers(
    data: dict[str, Any],
) -> None:
    data["catalogue"]["languages"]["fr"] = {"product": "product_fr", "category": "category_fr"}
    english = declaration_from(data).meaning_of("tokyo")
    assert declaration_from(data | {"language": "fr"}).meaning_of("tokyo") != english
    priced = data["catalogue"] | {"code": "ean", "price": {"amount": "p", "currency": "EUR"}}
    assert declaration_from(data | {"catalogue": priced}).meaning_of("tokyo") == english


def test_a_feed_says_its_currencies_with_their_first_days(
    feed: Callable[..., Feed], many: Callable[..., Feed]
) -> None:
    dated = [{"currency": "JPY"}, {"currency": "USD", "since": "2025-04-01"}]
    assert feed().currencies == ((None, "JPY"),)
    assert feed(currency=dated).currencies == ((None, "JPY"), (date(2025, 4, 1), "USD"))
    by_column = many(columns=many().columns | {"currency": "cur"}, currency=None)
    assert by_column.currencies == ()
    assert (by_column.has("currency"), many().has("currency")) == (True, False)
    assert feed(computed=TILL).has("till")


def test_the_stores_of_a_declaration_are_those_of_all_feeds(data: dict[str, Any]) -> None:
    tokyo = data["feeds"]["tokyo"]
    columns = tokyo["columns"] | {"store": "shop"}
    many = tokyo | {"landing": "many/*.csv", "store": None, "stores": STORES, "columns": columns}
    data["feeds"]["many"] = many
    data["rates"]["fixed"]["USD"] = "0.85"
    declaration = declaration_from(data)
    assert list(declaration.stores) == ["tokyo", "ginza", "umeda"]
    assert declaration.stores["umeda"].city == "Osaka"
    assert [each.id for each in declaration.feeds["many"].all_stores] == ["ginza", "umeda"]


@pytest.mark.parametrize(
    ("feed", "declaration", "is_moved"),
    [
        ({}, {}, True),
        ({}, {"archive": "leave"}, False),
        ({"archive": "leave"}, {}, False),
        ({"archive": "move"}, {"archive": "leave"}, True),
        ({"never_store": "customer"}, {}, False),
        ({"never_store": "customer", "archive": "move"}, {}, True),
    ],
)
def test_files_with_personal_data_are_archived_only_where_the_feed_says_so(
    data: dict[str, Any], feed: dict[str, Any], declaration: dict[str, Any], *, is_moved: bool
) -> None:
    data["feeds"]["tokyo"] |= feed
    declared = declaration_from(data | declaration)
    assert declared.archives("tokyo") == is_moved
    assert declared.archives("catalogue") == ("archive" not in declaration)


def test_the_policy_of_rates_is_daily_where_they_are_delivered() -> None:
    dated = [{"rate": "0.8"}, {"rate": "0.9", "since": "2025-04-01"}]
    fixed = Rates.model_validate({"fixed": {"USD": dated, "JPY": "0.0055"}})
    assert fixed.chosen_policy == "fixed"
    assert fixed.fixed_rates("USD") == ((None, Decimal("0.8")), (date(2025, 4, 1), Decimal("0.9")))
    assert fixed.fixed_rates("JPY") == ((None, Decimal("0.0055")),)
    assert fixed.fixed_rates("GBP") == ()
    assert Rates(landing="rates/*.csv").chosen_policy == "daily"
    assert Rates(landing="rates/*.csv", policy="month_end").chosen_policy == "month_end"


@pytest.mark.parametrize(
    ("landing", "root"),
    [
        ("paris/*.csv", "paris"),
        ("paris/2025-*.csv", "paris"),
        ("*.csv", ""),
        ("fr/paris/2025/sales.csv", "fr/paris/2025"),
        ("fr/*/sales.csv", "fr"),
        ("fr/20[0-9][0-9]/x.csv", "fr"),
        ("f?/paris/x.csv", ""),
    ],
)
def test_the_landing_root_is_the_folders_before_a_wildcard(
    feed: Callable[..., Feed], landing: str, root: str
) -> None:
    assert feed(landing=landing).landing_root == root


@pytest.mark.parametrize(("currency", "decimals"), [("EUR", 2), ("KWD", 3)])
def test_the_minor_units_are_those_of_the_base_currency(
    data: dict[str, Any], currency: str, decimals: int
) -> None:
    data["base_currency"] = currency
    assert declaration_from(data).minor_units == decimals


def test_a_part_made_in_code_is_checked_like_a_declared_one(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="the same as the delimiter, got ';'"):
        Catalogue(csv=Dialect(delimiter=";", quote=";"), languages={"en": LANGUAGE})
    with pytest.raises(ValidationError, match="missing, and policy daily needs it"):
        Rates(policy="daily")
    declaration = declaration_from(data)
    with pytest.raises(ValidationError, match="a currency without a rate, got 'JPY'"):
        Declaration(catalogue=declaration.catalogue, feeds=declaration.feeds)


def test_a_copy_with_other_values_has_a_fingerprint_and_stores_of_its_own(
    data: dict[str, Any],
) -> None:
    declaration = declaration_from(data)
    tokyo = declaration.feeds["tokyo"]
    before = tokyo.fingerprint()
    assert list(declaration.stores) == ["tokyo"]
    assert tokyo.model_copy(update={"ignore_case": True}).fingerprint() != before
    moved = tokyo.model_copy(
        update={"store": tokyo.all_stores[0].model_copy(update={"id": "kyoto"})}
    )
    assert [store.id for store in moved.all_stores] == ["kyoto"]
    assert list(declaration.model_copy(update={"feeds": {"tokyo": moved}}).stores) == ["kyoto"]
    assert tokyo.fingerprint() == before


def test_a_declaration_is_the_same_after_its_fingerprint_was_asked_for(
    data: dict[str, Any],
) -> None:
    declaration = declaration_from(data)
    declaration.meaning_of("tokyo")
    assert declaration == declaration_from(data)


def test_a_declaration_cannot_be_changed(data: dict[str, Any]) -> None:
    declaration, key = declaration_from(data), "language"
    with pytest.raises(ValidationError, match="frozen"):
        setattr(declaration, key, "fr")
