"""Loading a declaration, and the report of everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sales_pipeline.config.loader import declaration_from, load_config
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import DeclarationError

Report = Callable[[str], str]


def problem_of(data: dict[str, Any]) -> str:
    """Returns the report of plain data."""
    with pytest.raises(DeclarationError) as caught:
        declaration_from(data)
    return str(caught.value)


def test_without_a_path_the_sample_retailer_is_loaded() -> None:
    assert list(load_config().feeds) == ["paris", "new_york", "tokyo"]


def test_a_rate_is_the_decimal_that_was_written(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text.replace("0.0055", "0.00550000000000"), encoding="utf-8")
    rate = load_config(file).rates.fixed["JPY"]
    assert str(rate) == "0.00550000000000"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8-sig")
    assert load_config(str(file)).base_currency == "EUR"


def test_norway_stays_a_country(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text.replace("country: JP", "country: NO"), encoding="utf-8")
    assert load_config(file).stores["tokyo"].country == "NO"


def test_a_file_and_the_same_data_make_the_same_declaration(
    tmp_path: Path, text: str, data: dict[str, Any]
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    from_file = load_config(file)
    assert declaration_from(from_file.model_dump(by_alias=True)) == from_file
    assert isinstance(declaration_from(data), Declaration)


def test_all_mistakes_of_a_file_are_in_one_report(report: Report) -> None:
    assert report(
        """\
base_curency: EUR
language: EN
batch_bytes: many
rates:
  policy: dayly
  fixed:
    USD: 0,85
    JPY: -1
    EUR: 2
catalogue:
  landing: /catalogue/*.csv
  languages:
    en: {product: Product}
feeds:
  Tokyo:
    landing: tokyo/*.csv
    store: {id: tokyo, name: Tokyo Ginza, city: Tokyo, country: JP}
    currency: GBP
    language: de
    csv: {delimiter: tab, quote: ";", encoding: utf8}
    date_formats: "%Y/%m/%d"
    columns:
      product: Date
      quantity: Date
    key: receipt
    max_quarantined: 120%
    separator: ";"
  paris:
    landing: tokyo/*.csv
    date_formats: [dd/MM/yyyy, DD/MM/YY]
    columns: [a]
    currency: EUR
    language: en
    delimiter: ";"
    store: {id: tokyo, name: Ginza, city: "", country: jp}
    csv:
"""
    ) == (
        "config.yaml:1 base_curency: unknown key. Did you mean 'base_currency'?\n"
        "config.yaml:2 language: not an ISO 639-1 language code, got 'EN'. Did you mean 'en'?\n"
        "config.yaml:3 batch_bytes: not a whole number, got 'many'; write one such as 1000\n"
        "config.yaml:5 rates.policy: not 'fixed', 'daily', 'month_average' or 'month_end', "
        "got 'dayly'. Did you mean 'daily'?\n"
        "config.yaml:7 rates.fixed.USD: not a number, got '0,85'. Did you mean '0.85'?\n"
        "config.yaml:8 rates.fixed.JPY: not greater than 0, got '-1'; write a greater number\n"
        "config.yaml:9 rates.fixed.EUR: not 1, for the base currency, got '2'; take it out\n"
        "config.yaml:11 catalogue.landing: not a pattern below the landing folder, "
        "got '/catalogue/*.csv'. Did you mean 'catalogue/*.csv'?\n"
        "config.yaml:13 catalogue.languages.en.category: missing; "
        "write the header of the column with the category's name\n"
        "config.yaml:15 feeds.Tokyo: not a name, got 'Tokyo'. Did you mean 'tokyo'?\n"
        "config.yaml:18 feeds.Tokyo.currency: a currency without a rate, got 'GBP'; "
        "add it to rates.fixed, in units of the base currency\n"
        "config.yaml:19 feeds.Tokyo.language: a language that the catalogue does not have, "
        "got 'de'; write one of en, or add it to catalogue.languages\n"
        "config.yaml:20 feeds.Tokyo.csv.delimiter: not one ASCII character, got 'tab'; "
        "write one such as ;\n"
        "config.yaml:20 feeds.Tokyo.csv.encoding: not 'utf-8', 'cp1252', 'iso-8859-1', "
        "'iso-8859-15', 'cp932' or 'utf-16', got 'utf8'. Did you mean 'utf-8'?\n"
        "config.yaml:21 feeds.Tokyo.date_formats: not a date pattern, got '%Y/%m/%d'. "
        "Did you mean 'yyyy/MM/dd'?\n"
        "config.yaml:22 feeds.Tokyo.columns.sold_on: missing; write its header in the file\n"
        "config.yaml:22 feeds.Tokyo.columns.amount: missing, and so is unit_price; "
        "write the header of one of them in the file\n"
        "config.yaml:24 feeds.Tokyo.columns.quantity: the same header as columns.product, "
        "got 'Date'; write the header of another column\n"
        "config.yaml:25 feeds.Tokyo.key: not one of the columns product, quantity, "
        "got 'receipt'; add it to columns, or write key: [] where every record "
        "is a sale of its own\n"
        "config.yaml:26 feeds.Tokyo.max_quarantined: greater than 1, got '120%'; "
        "write 1 or less\n"
        "config.yaml:27 feeds.Tokyo.separator: unknown key; the keys here are landing, format, "
        "store, stores, currency, tax, language, csv, date_formats, earliest, latest, days_ahead, "
        "columns, computed, key, same_name, max_removed, no_key, max_repeated_keys, archive, "
        "arrival, order, never_store, product_by, ignore_case, "
        "unknown_products, price_from, missing_quantity, rounding, returns, rules, exclude_when, "
        "max_quarantined\n"
        "config.yaml:29 feeds.paris.landing: the same files as feeds.Tokyo.landing, "
        "got 'tokyo/*.csv'; write a pattern of its own\n"
        "config.yaml:30 feeds.paris.date_formats[1]: not a date pattern, got 'DD/MM/YY'. "
        "Did you mean 'dd/MM/yyyy'?\n"
        "config.yaml:31 feeds.paris.columns: not a mapping, got a list; "
        "write `key: value` lines below it\n"
        "config.yaml:34 feeds.paris.delimiter: unknown key. Did you mean 'csv.delimiter'?\n"
        "config.yaml:35 feeds.paris.store.city: empty; write the city to show\n"
        "config.yaml:35 feeds.paris.store.country: not an ISO 3166-1 country code, got 'jp'. "
        "Did you mean 'JP'?\n"
        "config.yaml:35 feeds.paris.store.name: not as feeds.Tokyo.store.name, "
        "which has the same store id, got 'Ginza'; write the same in both\n"
        "config.yaml:36 feeds.paris.csv: not a mapping, got nothing; "
        "write `key: value` lines below it"
    )


def test_mistakes_between_parts_are_reported_when_all_else_is_right(
    report: Report, text: str
) -> None:
    wrong = text.replace("quantity: qty", "quantity: item").replace(
        "currency: JPY", "currency: USD"
    )
    assert report(wrong) == (
        "config.yaml:13 feeds.tokyo.currency: a currency without a rate, got 'USD'; "
        "add it to rates.fixed, in units of the base currency\n"
        "config.yaml:20 feeds.tokyo.columns.quantity: the same header as columns.product, "
        "got 'item'; write the header of another column"
    )


def test_two_feeds_that_would_claim_the_same_files_are_refused(data: dict[str, Any]) -> None:
    data["feeds"]["osaka"] = data["feeds"]["tokyo"] | {"landing": "catalogue/*.csv"}
    data["feeds"]["kyoto"] = dict(data["feeds"]["tokyo"])
    assert problem_of(data) == (
        "declaration feeds.osaka.landing: the same files as catalogue.landing, "
        "got 'catalogue/*.csv'; write a pattern of its own\n"
        "declaration feeds.kyoto.landing: the same files as feeds.tokyo.landing, "
        "got 'tokyo/*.csv'; write a pattern of its own"
    )


def test_one_store_may_have_several_feeds_if_it_is_shown_the_same(data: dict[str, Any]) -> None:
    data["feeds"]["web"] = data["feeds"]["tokyo"] | {"landing": "web/*.csv"}
    assert len(declaration_from(data).feeds) == 2
    data["feeds"]["web"]["store"] = data["feeds"]["tokyo"]["store"] | {"city": "Osaka"}
    assert problem_of(data) == (
        "declaration feeds.web.store.city: not as feeds.tokyo.store.city, "
        "which has the same store id, got 'Osaka'; write the same in both"
    )


@pytest.mark.parametrize("name", ["catalogue", "exchange_rates"])
def test_a_feed_cannot_take_the_name_of_another_table(data: dict[str, Any], name: str) -> None:
    data["feeds"][name] = data["feeds"].pop("tokyo")
    assert problem_of(data) == (
        f"declaration feeds.{name}: a reserved name, got '{name}'; write another for this feed"
    )


def test_a_feed_without_sale_ids_must_say_what_its_key_is(data: dict[str, Any]) -> None:
    del data["feeds"]["tokyo"]["columns"]["sale_id"]
    assert problem_of(data) == (
        "declaration feeds.tokyo.columns.sale_id: missing, and the key needs it; write its header "
        "in the file, or write key: [] where every record is a sale of its own"
    )
    data["feeds"]["tokyo"]["key"] = []
    assert declaration_from(data).feeds["tokyo"].key == ()


def test_the_language_of_the_answers_must_be_in_the_catalogue(data: dict[str, Any]) -> None:
    data["language"] = "fr"
    assert problem_of(data) == (
        "declaration language: a language that the catalogue does not have, got 'fr'; "
        "write one of en, or add it to catalogue.languages"
    )


def test_marks_of_a_dialect_must_differ(data: dict[str, Any]) -> None:
    data["catalogue"]["csv"] = {"quote": ","}
    assert problem_of(data) == (
        "declaration catalogue.csv.quote: the same as the delimiter, got ','; "
        "write another for one of them"
    )


def test_a_rate_that_is_no_number_is_named_once(data: dict[str, Any]) -> None:
    data["rates"]["fixed"]["EUR"] = "one"
    assert problem_of(data) == (
        "declaration rates.fixed.EUR: not a number, got 'one'; write one such as 0.85"
    )


def test_a_store_without_an_id_is_compared_with_no_other(data: dict[str, Any]) -> None:
    del data["feeds"]["tokyo"]["store"]["id"]
    assert problem_of(data) == (
        "declaration feeds.tokyo.store.id: missing; write the store's id, which never changes"
    )


@pytest.mark.parametrize("rate", ["1", 1, "1.00"])
def test_the_base_currency_may_be_said_to_be_worth_one(data: dict[str, Any], rate: object) -> None:
    data["rates"]["fixed"]["EUR"] = rate
    assert declaration_from(data).rates.fixed["EUR"] == 1


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (
            "base_currency",
            "Euro",
            "not an ISO 4217 currency code, got 'Euro'; write one such as EUR",
        ),
        ("base_currency", "eur", "not an ISO 4217 currency code, got 'eur'. Did you mean 'EUR'?"),
        ("base_currency", 978, "not text, got 978; write it in quotes"),
        ("base_currency", True, "not text, got true; write it in quotes"),
        ("language", "en-GB", "not an ISO 639-1 language code, got 'en-GB'. Did you mean 'en'?"),
        (
            "language",
            "english",
            (
                "not an ISO 639-1 language code, got 'english'; "
                "write two lower-case letters such as fr"
            ),
        ),
        ("batch_bytes", 0, "less than 1, got 0; write 1 or more"),
        ("batch_bytes", "1.5", "not a whole number, got '1.5'; write one such as 1000"),
        ("batch_bytes", [1], "not a whole number, got a list; write one such as 1000"),
        ("feeds", {}, "empty; write each feed's name and shape"),
        ("rates.fixed.JPY", "zero", "not a number, got 'zero'; write one such as 0.85"),
        ("rates.fixed.JPY", "NaN", "not a number, got 'NaN'; write one such as 0.85"),
        ("rates.fixed.JPY", "1e-15", "more than 14 decimals, got '1e-15'; write fewer"),
        (
            "rates.fixed.JPY",
            "123456",
            "more than 5 digits before the decimal point, got '123456'; write a smaller number",
        ),
        (
            "feeds.tokyo.store.country",
            "Japan",
            "not an ISO 3166-1 country code, got 'Japan'; write two capital letters such as FR",
        ),
        (
            "feeds.tokyo.store.id",
            "42",
            (
                "not a name, got '42'; write lower-case ASCII letters, digits and _, "
                "and a letter first"
            ),
        ),
        (
            "feeds.tokyo.landing",
            "../x.csv",
            "not a pattern below the landing folder, got '../x.csv'; write one such as paris/*.csv",
        ),
        (
            "feeds.tokyo.landing",
            ".\\tokyo\\*.csv",
            (
                "not a pattern below the landing folder, got '.\\\\tokyo\\\\*.csv'. "
                "Did you mean 'tokyo/*.csv'?"
            ),
        ),
        (
            "feeds.tokyo.csv",
            "utf-8",
            "not a mapping, got 'utf-8'; write `key: value` lines below it",
        ),
        (
            "feeds.tokyo.csv",
            {"delimiter": "\\t"},
            "not one ASCII character, got '\\\\t'; for a tab, write \"\\t\" in double quotes",
        ),
        ("feeds.tokyo.key", 5, "not a list, got 5; write one such as [a, b]"),
        ("feeds.tokyo.columns.product", "", "empty; write at least one character"),
        (
            "feeds.tokyo.exclude_when",
            "",
            (
                "empty; write a SQL condition over the columns as delivered (all text) "
                "for records to leave out"
            ),
        ),
    ],
)
def test_a_wrong_value_is_answered_by_what_to_write(
    data: dict[str, Any], place: str, value: object, expected: str
) -> None:
    *parents, key = place.split(".")
    part = data
    for parent in parents:
        part = part[parent]
    part[key] = value
    message = problem_of(data).removeprefix("declaration ").split(": ", 1)[1]
    assert message == expected


def test_long_values_are_cut_short(data: dict[str, Any]) -> None:
    data["base_currency"] = "x" * 500
    assert problem_of(data) == (
        f"declaration base_currency: not an ISO 4217 currency code, got '{'x' * 39}…; "
        "write one such as EUR"
    )


def test_a_kind_of_mistake_without_a_sentence_is_told_in_pydantics_words(
    data: dict[str, Any],
) -> None:
    data[5] = "five"  # type: ignore[index]
    assert problem_of(data) == "declaration [5]: Keys should be strings, got 'five'"


def test_a_share_is_a_number_or_a_percentage(data: dict[str, Any]) -> None:
    feed = data["feeds"]["tokyo"]
    for share in ("12.5%", "12.5 %", "0.125"):
        feed["max_quarantined"] = share
        assert declaration_from(data).feeds["tokyo"].max_quarantined == Decimal("0.125")
    feed["max_quarantined"] = "half%"
    assert problem_of(data) == (
        "declaration feeds.tokyo.max_quarantined: not a number, got 'half%'; write one such as 0.85"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "config.yaml: empty; write a declaration, or start from the sample in the package"),
        (
            b"# nothing yet\n",
            "config.yaml: empty; write a declaration, or start from the sample in the package",
        ),
        (
            b"- a\n- b\n",
            "config.yaml: not a mapping, got a list; write `key: value` lines, feeds among them",
        ),
        (
            b"a: 1\ncity: Orl\xe9ans\n",
            "config.yaml:2: not UTF-8, got the byte 0xE9; save the file as UTF-8",
        ),
    ],
)
def test_a_file_that_holds_no_declaration_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_bytes(content)
    with pytest.raises(DeclarationError) as caught:
        load_config("config.yaml")
    assert str(caught.value) == expected


def test_a_file_that_cannot_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    for name, expected in (
        ("gone.yaml", "no such file; write the path of a declaration, such as config.yaml"),
        ("folder", "a folder; write the path of the file in it, such as config.yaml"),
        ("", "a folder; write the path of the file in it, such as config.yaml"),
        ("loop", "cannot be read: Too many levels of symbolic links"),
    ):
        with pytest.raises(DeclarationError) as caught:
            load_config(name)
        assert str(caught.value) == f"{name or '.'}: {expected}"
