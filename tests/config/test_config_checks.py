"""What does not fit together in a declaration, and what the report says about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from sales_pipeline.config.feed_checks import NO_KEYS, REASON_CODES
from sales_pipeline.config.loader import declaration_from
from sales_pipeline.errors import DeclarationError
from sales_pipeline.lakehouse.declared_tables import all_tables
from sales_pipeline.silver.validation.reasons import REASONS

GINZA = {"id": "ginza", "name": "Ginza", "city": "Tokyo", "country": "JP"}
UMEDA = {"id": "umeda", "name": "Umeda", "city": "Osaka", "country": "JP"}
STORES = {"01": GINZA, "02": UMEDA}
PRICED = {"code": "ean", "price": {"amount": "price", "currency": "EUR"}}

Problems = Callable[[dict[str, Any]], list[str]]


def problems_of(data: dict[str, Any]) -> list[str]:
    """Returns the report of plain data, a line for each problem; none where there is none."""
    try:
        declaration_from(data)
    except DeclarationError as error:
        return [line.removeprefix("declaration ") for line in str(error).splitlines()]
    return []


@pytest.fixture
def tokyo(data: dict[str, Any]) -> Problems:
    """Returns the problems of the feed tokyo with some keys declared otherwise, None for none."""

    def problems(changes: dict[str, Any]) -> list[str]:
        feed = data["feeds"]["tokyo"]
        feed |= {key: feed[key] | columns for key, columns in changes.items() if key == "columns"}
        feed |= {key: value for key, value in changes.items() if key != "columns"}
        for name in [name for name, header in feed["columns"].items() if header is None]:
            del feed["columns"][name]
        for key in [key for key, value in feed.items() if value is None]:
            del feed[key]
        return [each.removeprefix("feeds.tokyo.") for each in problems_of(data)]

    return problems


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"store": None},
            ("store: missing, and so is stores; write the store whose sales these are, "
            "or stores and a column store"),
        ),
        (
            {"stores": STORES, "columns": {"store": "shop"}},
            ("stores: not together with store; keep store for one store, stores for a column "
            "that tells them apart"),
        ),
        (
            {"store": None, "stores": STORES},
            ("columns.store: missing, and stores needs it; add the header of the column that "
            "tells the stores apart"),
        ),
        (
            {"store": None, "columns": {"store": "shop"}},
            ("stores: missing, and columns.store needs it; list under stores each text of the "
            "column and the store that it means"),
        ),
        (
            {"store": None, "computed": {"store": {"sql": "substr(sale_id, 1, 2)"}}},
            ("stores: missing, and computed.store needs it; list under stores each text of the "
            "column and the store that it means"),
        ),
        (
            {"columns": {"store": "shop"}},
            ("columns.store: a column that tells stores apart, beside one store, got 'shop'; "
            "list the stores under stores in place of store, or give the column another name"),
        ),
        (
            {
                "store": None,
                "columns": {"store": "shop"},
                "stores": STORES | {"03": UMEDA | {"city": "Kobe"}},
            },
            ("stores.03.city: not as feeds.tokyo.stores.02.city, which has the same store id, "
            "got 'Kobe'; write the same in both"),
        ),
        (
            {"currency": None},
            "currency: missing; write the currency of the amounts, or add a column currency",
        ),
        (
            {
                "store": None,
                "currency": None,
                "columns": {"store": "shop"},
                "stores": {"01": GINZA | {"currency": "JPY"}, "02": UMEDA},
            },
            ("currency: missing, and stores.02 has none of its own; write the currency of the "
            "amounts, or add a column currency"),
        ),
        (
            {"currency": [{"currency": "JPY"}, {"currency": "EUR"}]},
            "currency[1].since: missing; write the first day of this entry",
        ),
        (
            {
                "currency": [
                    {"currency": "JPY", "since": "2025-01-01"},
                    {"currency": "EUR", "since": "2025-01-01"},
                ]
            },
            ("currency[1].since: not after the entry before it, got '2025-01-01'; "
            "write the entries in the order of their days"),
        ),
        (
            {"currency": [{"currency": "JPY"}, {"currency": "EUR", "since": "20250101"}]},
            ("currency[1].since: not a day of the calendar, got '20250101'; "
            "write one such as 2025-12-31"),
        ),
        (
            {"currency": [{"currency": "JPY"}, {"currency": "GBP", "since": "2025-01-01"}]},
            ("currency[1].currency: a currency without a rate, got 'GBP'; "
            "add it to rates.fixed, in units of the base currency"),
        ),
        (
            {"currency": []},
            "currency: empty; write the currency of every amount, an ISO 4217 code",
        ),
        (
            {
                "store": None,
                "columns": {"store": "shop"},
                "stores": STORES | {"02": UMEDA | {"currency": "GBP"}},
            },
            ("stores.02.currency: a currency without a rate, got 'GBP'; "
            "add it to rates.fixed, in units of the base currency"),
        ),
        (
            {"computed": {"sale_id": {"sql": "upper(product)"}}},
            "computed.sale_id: a name that columns has, too; keep the one in columns or this one",
        ),
        (
            {"computed": {"till": {}}},
            "computed.till: neither sql nor value; write one of them",
        ),
        (
            {"computed": {"till": {"sql": "sale_id", "value": ""}}},
            "computed.till: both sql and value; write one of them",
        ),
        (
            {"key": ["sale_id", "sold_on"]},
            ("key[1]: a column of every sale, which the key needs as text under a name of its own, "
            "got 'sold_on'; add key_sold_on: {sql: sold_on} to computed and write key_sold_on "
            "here"),
        ),
        (
            {"key": "month", "columns": {"month": "m"}},
            ("key: a column of every sale, which the key needs as text under a name of its own, "
            "got 'month'; add key_month: {sql: month} to computed and write key_month here"),
        ),
        (
            {"csv": {"decimal": ",", "thousands": ","}},
            "csv.thousands: the same as the decimal mark, got ','; write another for one of them",
        ),
        (
            {"csv": {"quote": "'", "thousands": "'"}},
            "csv.thousands: the same as the quote, got \"'\"; write another for one of them",
        ),
        (
            {"csv": {"symbols": ["€", "1,"]}},
            ("csv.symbols[1]: digits, which belong to the number, got '1,'; "
            "write what stands beside it, such as €"),
        ),
        (
            {"csv": {"symbols": "-"}},
            ("csv.symbols: a mark or sign of the number itself, got '-'; "
            "write what stands beside it, such as €"),
        ),
        (
            {"csv": {"symbols": " "}},
            ("csv.symbols: only space, which never counts, got ' '; "
            "write what stands beside it, such as €"),
        ),
        (
            {"columns": {"note": "quantite\u0301"}, "never_store": ["QUANTIT\u00c9"]},
            (
                "never_store[0]: a header that columns.note stores, got 'QUANTITÉ'; "
                "take it out here or there"
            ),
        ),
        (
            {"never_store": ["customer", " amount "]},
            ("never_store[1]: a header that columns.amount stores, got ' amount '; "
            "take it out here or there"),
        ),
        (
            {"earliest": "2025-02-01", "latest": "2025-01-31"},
            "earliest: after latest, got '2025-02-01'; write an earlier day, or a later one there",
        ),
        (
            {"earliest": "2025-02-30"},
            "earliest: not a day of the calendar, got '2025-02-30'; write one such as 2025-12-31",
        ),
        (
            {"latest": "delivered"},
            ("latest: not a day of the calendar, got 'delivered'; write one such as 2025-12-31, "
            "or delivery"),
        ),
        (
            {"product_by": "code"},
            ("product_by: nothing to look up without catalogue.code, got 'code'; "
            "add code to the catalogue"),
        ),
        (
            {"price_from": "catalogue"},
            ("price_from: nothing to look up without catalogue.price, got 'catalogue'; "
            "add price to the catalogue"),
        ),
        (
            {"rules": {"amount_missing": {"holds": "amount > 0"}}},
            ("rules.amount_missing: the name of a reason that records are quarantined for anyway, "
            "got 'amount_missing'; write another for this rule"),
        ),
        ({"rules": {"plausible": {"holds": ""}}}, ("rules.plausible.holds: empty; write a SQL "
         "condition over the sale: sold_on, product, category, quantity, unit_price, amount, "
         "currency, store, source_product")),
        ({"missing_quantity": "0.0001"}, ("missing_quantity: more than 3 decimals, got '0.0001'; "
         "write fewer")),
        ({"format": "till"}, "format: no format of that name, got 'till'; add it to formats"),
    ],
)  # fmt: skip
def test_what_does_not_fit_in_a_feed_is_named_with_what_to_do(
    tokyo: Problems, changes: dict[str, Any], expected: str
) -> None:
    assert tokyo(changes) == [expected]


@pytest.mark.parametrize(
    "changes",
    [
        {"store": None, "columns": {"store": "shop"}, "stores": STORES},
        {"store": None, "computed": {"store": {"sql": "substr(sale_id, 1, 2)"}}, "stores": STORES},
        {
            "store": None,
            "currency": None,
            "columns": {"store": "shop"},
            "stores": {"01": GINZA | {"currency": "JPY"}},
        },
        {"store": None, "columns": {"store": "s"}, "stores": {"1": GINZA, "01": GINZA}},
        {"currency": None, "columns": {"currency": "cur"}},
        {"currency": None, "computed": {"currency": {"value": "GBP"}}},
        {"currency": [{"currency": "EUR"}, {"currency": "JPY", "since": "2025-01-01"}]},
        {"columns": {"quantity": None}, "computed": {"quantity": {"value": 1}}},
        {"columns": {"amount": None}, "computed": {"unit_price": {"sql": "sale_id"}}},
        {"columns": {"sale_id": None}, "computed": {"sale_id": {"sql": "concat(product)"}}},
        {"key": ["sale_id", "day"], "computed": {"day": {"sql": "sold_on"}}},
        {"csv": {"delimiter": ",", "decimal": ",", "thousands": "."}},
        {"csv": {"symbols": ["€", "kr.", ".-", "US$"]}},
        {"never_store": "customer"},
        {"earliest": "2025-01-31", "latest": "2025-01-31"},
    ],
)
def test_what_fits_is_not_complained_about(tokyo: Problems, changes: dict[str, Any]) -> None:
    assert tokyo(changes) == []


def test_without_headers_columns_are_numbers(tokyo: Problems) -> None:
    numbers = {"sale_id": 1, "sold_on": "2", "product": 3, "quantity": 10, "amount": 5}
    csv = {"header": False}
    assert tokyo({"csv": csv, "columns": numbers, "never_store": "4"}) == []
    assert tokyo({"columns": {"amount": "total", "product": "03"}, "never_store": "name"}) == [
        (
            "columns.product: not the number of a column, and with csv.header false there are no "
            "headers, got '03'; write its number in the file, from 1"
        ),
        (
            "columns.amount: not the number of a column, and with csv.header false there are no "
            "headers, got 'total'; write its number in the file, from 1"
        ),
        (
            "never_store: not the number of a column, and with csv.header false there are no "
            "headers, got 'name'; write its number in the file, from 1"
        ),
    ]


def test_with_prices_from_the_catalogue_a_feed_needs_no_amounts_and_no_currency(
    data: dict[str, Any],
) -> None:
    feed = data["feeds"]["tokyo"]
    del feed["columns"]["amount"], feed["currency"]
    feed |= {"product_by": "code", "price_from": "catalogue"}
    data["catalogue"] |= PRICED
    assert problems_of(data) == []
    data["catalogue"]["price"]["currency"] = "GBP"
    assert problems_of(data) == [
        (
            "catalogue.price.currency: a currency without a rate, got 'GBP'; "
            "add it to rates.fixed, in units of the base currency"
        )
    ]


@pytest.mark.parametrize(
    ("catalogue", "expected"),
    [
        (
            {"languages": {}},
            (
                "languages: missing, and so is rows; write each language and the headers of its "
                "two columns, or write rows"
            ),
        ),
        (
            {"rows": {"language": "lang", "product": "name"}, "code": "ean"},
            (
                "rows: not together with languages; keep languages where a row is a product, "
                "rows where it is one in one language"
            ),
        ),
        (
            {"languages": {}, "rows": {"language": "lang", "product": "name"}},
            (
                "code: missing, and rows needs it; write its header: the code tells which rows are "
                "one product"
            ),
        ),
        (
            {"price": {"amount": "price"}},
            (
                "price.currency: missing, and so is currency_column; write the currency of all "
                "prices, or the header of the column with that of each"
            ),
        ),
        (
            {"price": {"amount": "price", "currency": "EUR", "currency_column": "cur"}},
            "price.currency_column: not together with currency; keep one of them",
        ),
        (
            {"csv": {"quote": ","}},
            "csv.quote: the same as the delimiter, got ','; write another for one of them",
        ),
    ],
)
def test_what_does_not_fit_in_the_catalogue_is_named_with_what_to_do(
    data: dict[str, Any], catalogue: dict[str, Any], expected: str
) -> None:
    data["catalogue"] |= catalogue
    assert problems_of(data) == [f"catalogue.{expected}"]


def test_which_languages_a_catalogue_with_rows_has_only_its_files_tell(
    data: dict[str, Any],
) -> None:
    data["catalogue"] = {"rows": {"language": "lang", "product": "name"}, "code": "ean"}
    data["language"] = "ja"
    assert problems_of(data) == []


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        (
            {"policy": "month_end"},
            [("rates.landing: missing, and policy month_end needs it; write the pattern of the "
             "files, such as rates/*.csv, or policy: fixed")],
        ),
        (
            {"policy": "fixed", "landing": "rates/*.csv", "fixed": {"JPY": "0.0055"}},
            [("rates.landing: files of rates, which policy fixed does not take, got "
             "'rates/*.csv'; take one of them out, or write policy: daily")],
        ),
        (
            {"landing": "rates/*.csv", "fixed": {"JPY": "0.0055"}},
            [("rates.fixed: rates that policy daily does not take; take them out, or take landing "
             "out and write policy: fixed")],
        ),
        (
            {"fixed": {"JPY": [{"rate": "0.0055"}, {"rate": "0.006"}]}},
            ["rates.fixed.JPY[1].since: missing; write the first day of this entry"],
        ),
        (
            {"fixed": {"JPY": [{"rate": "x"}, {"rate": "1", "sinc": "2025-01-01"}]}},
            ["rates.fixed.JPY[0].rate: not a number, got 'x'; write one such as 0.85",
             "rates.fixed.JPY[1].sinc: unknown key. Did you mean 'since'?",
             "rates.fixed.JPY[1].since: missing; write the first day of this entry"],
        ),
        (
            {"fixed": {"JPY": "1", "EUR": [{"rate": 1}, {"rate": 2, "since": "2025-01-01"}]}},
            ["rates.fixed.EUR: not 1, for the base currency; take it out"],
        ),
        (
            {"landing": "rates/*.csv", "direction": "value_of_one"},
            [("rates.direction: only for layout rows: a file with a column for each currency has "
             "units for one, got 'value_of_one'; take it out, or write layout: rows")],
        ),
        (
            {"landing": "tokyo/*.csv"},
            [("feeds.tokyo.landing: the same files as rates.landing, got 'tokyo/*.csv'; "
             "write a pattern of its own")],
        ),
        (
            {"landing": "rates/*.csv", "csv": {"quote": ","}},
            [("rates.csv.quote: the same as the delimiter, got ','; "
             "write another for one of them")],
        ),
        (
            {"landing": "rates/*.csv", "columns": {"units": "per"}},
            [("rates.columns.units: only for layout rows: a file with a column for each currency "
              "has no column of units, got 'per'; write units: with a number for each currency")],
        ),
        (
            {"landing": "rates/*.csv", "layout": "rows", "units": 100, "columns": {"units": "per"}},
            ["rates.units: also in a column of the files; take one of them out"],
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_in_the_rates_is_named_with_what_to_do(
    data: dict[str, Any], rates: dict[str, Any], expected: list[str]
) -> None:
    assert problems_of(data | {"rates": rates}) == expected


def test_delivered_rates_need_no_declared_ones(data: dict[str, Any]) -> None:
    for rates in (
        {"landing": "rates/*.csv"},
        {"landing": "rates/*.csv", "policy": "month_average", "of": "USD"},
        {"landing": "rates/*.csv", "layout": "rows", "direction": "value_of_one"},
        {"landing": "rates/*.csv", "layout": "rows", "columns": {"units": "per"}},
        {"landing": "rates/*.csv", "units": {"JPY": 100}, "no_rate": "closed", "max_change": 1.5},
    ):
        assert problems_of(data | {"rates": rates}) == []


def test_all_that_does_not_fit_is_in_one_report_with_what_is_wrong_by_itself(
    tokyo: Problems,
) -> None:
    wrong: dict[str, Any] = {
        "language": "EN",
        "store": None,
        "currency": None,
        "csv": {"thousands": "."},
        "columns": {"quantity": None},
        "computed": {"till": {}},
        "never_store": "amount",
    }
    assert [each.split(":")[0] for each in tokyo(wrong)] == [
        "language",
        "csv.thousands",
        "store",
        "currency",
        "computed.till",
        "never_store",
        "columns.quantity",
    ]


JUNK: tuple[Any, ...] = (None, True, 5, "x", [], [[]], {"x": "y"}, [{"x": {}}])


def places_in(data: object, loc: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yields every place in plain data but its root."""
    below = data.items() if isinstance(data, dict) else ()
    for key, value in enumerate(data) if isinstance(data, list) else below:
        yield (*loc, key)
        yield from places_in(value, (*loc, key))


def test_whatever_stands_at_a_place_the_answer_is_a_report(data: dict[str, Any]) -> None:
    tokyo = data["feeds"]["tokyo"]
    many = tokyo | {
        "landing": "many/*.csv",
        "format": "till",
        "stores": STORES,
        "currency": [{"currency": "JPY"}, {"currency": "EUR", "since": "2025-01-01"}],
        "columns": tokyo["columns"] | {"store": "shop"},
        "computed": {"till": {"sql": "sale_id"}},
        "key": ["sale_id", "till"],
        "csv": {"symbols": ["€"], "thousands": " ", "header": True},
        "never_store": ["customer"],
        "rules": {"plausible": {"holds": "amount > 0"}},
        "earliest": "2020-01-01",
    }
    del many["store"]
    data["feeds"]["many"] = many
    data["formats"] = {"till": {"csv": {"quote": "'"}, "key": "sale_id"}}
    data["catalogue"] |= PRICED
    data["rates"]["fixed"]["USD"] = [{"rate": "0.8"}, {"rate": "0.9", "since": "2025-01-01"}]
    assert problems_of(data) == []
    for loc in places_in(deepcopy(data)):
        for junk in JUNK:
            changed = deepcopy(data)
            parent: Any = changed
            for step in loc[:-1]:
                parent = parent[step]
            parent[loc[-1]] = junk
            told = problems_of(changed)
            assert len(set(told)) == len(told)


def test_the_names_that_keys_and_rules_cannot_have_are_those_of_the_lakehouse() -> None:
    tables = all_tables([], further_keys=["till"], minor_units=2).values()
    keyed = [table.column_names for table in tables if "till" in table.column_names]
    own = {name for columns in keyed for name in columns if not name.startswith("_")}
    assert own - {"sale_id", "till"} <= NO_KEYS
    # The reasons of rules begin with `rule:`, so that no name can be taken.
    assert {code for code in REASONS if ":" not in code} <= REASON_CODES


def test_the_builtin_reader_refuses_the_encodings_that_spark_does_not_know(
    data: dict[str, Any],
) -> None:
    data["feeds"]["tokyo"]["csv"] = {"encoding": "cp932"}
    data["catalogue"]["csv"] = {"encoding": "utf-16"}
    assert problems_of(data) == []
    data["reader"] = "builtin"
    do = "; have the files written in another, or leave reader: builtin out"
    assert problems_of(data) == [
        f"catalogue.csv.encoding: not read with reader: builtin, got 'utf-16'{do}",
        f"feeds.tokyo.csv.encoding: not read with reader: builtin, got 'cp932'{do}",
    ]
    data["feeds"]["tokyo"]["csv"] = {"encoding": "cp1252"}
    data["catalogue"]["csv"] = {"encoding": "iso-8859-15"}
    assert problems_of(data) == []
