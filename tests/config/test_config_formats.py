"""Formats: what feeds share is written once, and so is what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sales_pipeline.config.loader import declaration_from, load_config
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import DeclarationError

Report = Callable[[str], str]

SHARED = """\
base_currency: EUR
catalogue:
  languages:
    en: {product: product_en, category: category_en}
    fr: {product: product_fr, category: category_fr}
formats:
  french_till:
    language: fr
    csv: {delimiter: ";", decimal: ","}
    date_formats: [dd/MM/yyyy, dd.MM.yyyy]
    columns:
      sale_id: ticket
      sold_on: date
      product: produit
      quantity: quantité
      amount: montant
    computed:
      till: {value: main}
    rules:
      plausible: {holds: amount < 1000, tolerance: 1%}
feeds:
  paris_nord:
    format: french_till
    landing: paris_nord/*.csv
    store: {id: paris_nord, name: Paris Nord, city: Paris, country: FR}
    currency: EUR
"""
TENTH_STORE = """\
  paris_sud:
    format: french_till
    landing: paris_sud/*.csv
    store: {id: paris_sud, name: Paris Sud, city: Paris, country: FR}
    currency: EUR
"""


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[[str], Declaration]:
    """Returns the declaration of a text."""

    def load(text: str) -> Declaration:
        file = tmp_path / "config.yaml"
        file.write_text(text, encoding="utf-8")
        return load_config(file)

    return load


def test_a_tenth_store_is_four_lines_on_top_of_a_shared_format(
    loaded: Callable[[str], Declaration],
) -> None:
    feeds = loaded(SHARED + TENTH_STORE).feeds
    assert feeds["paris_sud"].columns == feeds["paris_nord"].columns
    assert feeds["paris_sud"].csv.decimal == ","
    assert feeds["paris_sud"].store != feeds["paris_nord"].store
    assert len(TENTH_STORE.splitlines()) - 1 == 4


def test_a_feed_comes_first_key_by_key_in_mappings_and_as_a_whole_elsewhere(
    loaded: Callable[[str], Declaration],
) -> None:
    own = """\
    csv: {decimal: "."}
    date_formats: yyyy-MM-dd
    columns: {amount: total, cashier: caisse}
    computed: {till: {sql: cashier}}
    rules: {plausible: {severity: warn}}
"""
    feed = loaded(SHARED + own).feeds["paris_nord"]
    assert (feed.csv.delimiter, feed.csv.decimal) == (";", ".")
    assert feed.date_formats == ("yyyy-MM-dd",)
    assert list(feed.columns) == [
        "amount", "cashier", "sale_id", "sold_on", "product", "quantity",
    ]  # fmt: skip
    assert feed.columns["amount"] == "total"
    assert (feed.computed["till"].sql, feed.computed["till"].value) == ("cashier", None)
    rule = feed.rules["plausible"]
    assert (rule.holds, rule.severity, str(rule.tolerance)) == ("amount < 1000", "warn", "0.01")


def test_a_feed_takes_back_what_its_format_says_by_an_empty_value(
    loaded: Callable[[str], Declaration],
) -> None:
    text = SHARED.replace("    language: fr\n", "    language: fr\n    missing_quantity: 1\n")
    assert loaded(text).feeds["paris_nord"].missing_quantity == 1
    assert loaded(text + "    missing_quantity:\n").feeds["paris_nord"].missing_quantity is None


def test_a_feed_with_a_format_means_the_same_as_one_that_says_it_all(
    loaded: Callable[[str], Declaration],
) -> None:
    declaration = loaded(SHARED)
    again = declaration_from(declaration.model_dump(by_alias=True))
    assert again == declaration
    alone = declaration.feeds["paris_nord"].model_dump(by_alias=True) | {"format": None}
    data = declaration.model_dump(by_alias=True) | {"formats": {}, "feeds": {"paris_nord": alone}}
    assert declaration_from(data).meaning_of("paris_nord") == declaration.meaning_of("paris_nord")


def test_a_format_that_there_is_not_is_told_without_what_it_would_have_said(
    report: Report,
) -> None:
    assert report(SHARED.replace("format: french_till", "format: french_tills")) == (
        "config.yaml:23 feeds.paris_nord.format: no format of that name, got 'french_tills'. "
        "Did you mean 'french_till'?"
    )
    assert report(SHARED.replace("format: french_till", "format: x\n    curency: EUR")) == (
        "config.yaml:23 feeds.paris_nord.format: no format of that name, got 'x'; "
        "write one of french_till\n"
        "config.yaml:24 feeds.paris_nord.curency: unknown key. Did you mean 'currency'?"
    )


def test_without_any_formats_a_feed_cannot_name_one(report: Report) -> None:
    lines = SHARED.splitlines(keepends=True)
    start, end = lines.index("formats:\n"), lines.index("feeds:\n")
    assert report("".join(lines[:start] + lines[end:])) == (
        "config.yaml:8 feeds.paris_nord.format: no format of that name, got 'french_till'; "
        "add it to formats"
    )


def test_a_mistake_in_a_format_is_told_once_and_where_it_is_written(report: Report) -> None:
    wrong = SHARED.replace("dd.MM.yyyy", "DD.MM.YYYY").replace('decimal: ","', 'decimal: ";"')
    wrong = wrong.replace("montant", "produit").replace("    language: fr\n", "    languag: fr\n")
    assert report(wrong + TENTH_STORE) == (
        "config.yaml:8 formats.french_till.languag: unknown key. Did you mean 'language'?\n"
        "config.yaml:9 formats.french_till.csv.decimal: not '.' or ',', got ';'; write it so\n"
        "config.yaml:10 formats.french_till.date_formats[1]: not a date pattern, "
        "got 'DD.MM.YYYY'. Did you mean 'dd.MM.yyyy'?\n"
        "config.yaml:16 formats.french_till.columns.amount: the same header as columns.product, "
        "got 'produit'; write the header of another column"
    )


def test_what_a_format_and_a_feed_make_together_is_told_where_it_is_written(
    report: Report,
) -> None:
    own = '    csv: {quote: ";"}\n    earliest: 2200-01-01\n    columns: {cashier: ticket}\n'
    assert report(SHARED + own) == (
        "config.yaml:12 formats.french_till.columns.sale_id: the same header as columns.cashier, "
        "got 'ticket'; write the header of another column\n"
        "config.yaml:27 feeds.paris_nord.csv.quote: the same as the delimiter, got ';'; "
        "write another for one of them\n"
        "config.yaml:28 feeds.paris_nord.earliest: after latest, "
        "got '2200-01-01'; write an earlier day, or a later one there"
    )


def test_half_a_dialect_in_a_format_is_no_mistake(loaded: Callable[[str], Declaration]) -> None:
    text = SHARED.replace('csv: {delimiter: ";", decimal: ","}', 'csv: {quote: ","}')
    assert loaded(text + '    csv: {delimiter: ";"}\n').feeds["paris_nord"].csv.quote == ","


def test_what_is_missing_in_format_and_feed_is_missing_in_the_feed(report: Report) -> None:
    wrong = SHARED.replace("    language: fr\n", "").replace("      sold_on: date\n", "")
    assert report(wrong.replace("    currency: EUR\n", "")) == (
        "config.yaml:10 formats.french_till.columns.sold_on: missing; "
        "write its header in the file\n"
        "config.yaml:20 feeds.paris_nord.language: missing; write the language of the product "
        "names, which are looked up in that column of the catalogue\n"
        "config.yaml:20 feeds.paris_nord.currency: missing; write the currency of the amounts, "
        "or add a column currency"
    )


def test_a_format_cannot_say_what_every_feed_has_of_its_own(report: Report) -> None:
    wrong = SHARED.replace(
        "    language: fr\n", "    language: fr\n    landing: x/*.csv\n    stores: {}\n"
    )
    assert report(wrong) == (
        "config.yaml:9 formats.french_till.landing: no two feeds share it; write it in each feed\n"
        "config.yaml:10 formats.french_till.stores: no two feeds share it; write it in each feed"
    )


def test_a_format_that_no_feed_names_is_checked_too(report: Report) -> None:
    unused = "  unused:\n    curency: EUR\n    date_formats: x\nfeeds:\n"
    assert report(SHARED.replace("feeds:\n", unused)) == (
        "config.yaml:22 formats.unused.curency: unknown key. Did you mean 'currency'?\n"
        "config.yaml:23 formats.unused.date_formats: not a date pattern, got 'x'; x has no meaning "
        "here; write yyyy, MM or M, and dd or d, with marks between, such as dd/MM/yyyy"
    )


def test_a_secret_in_a_format_is_not_shown(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATTERN", "hunter2")
    told = report(SHARED.replace("[dd/MM/yyyy, dd.MM.yyyy]", "${PATTERN}"))
    assert told == (
        "config.yaml:10 formats.french_till.date_formats: not a date pattern, "
        "got '${PATTERN}'; the variable's value is not shown"
    )


def test_what_is_no_mapping_is_told_and_breaks_nothing(report: Report) -> None:
    assert report(SHARED.replace("formats:\n", "formats: [a]\nunused:\n")) == (
        "config.yaml:6 formats: not a mapping, got a list; write `key: value` lines below it\n"
        "config.yaml:7 unused: unknown key; the keys here are language, base_currency, revenue, "
        "landing, lakehouse, engine, catalog, schema, reader, archive, arrival, order, "
        "batch_bytes, max_unpacked_ratio, "
        "keep_days, rates, catalogue, "
        "calendar, like_for_like, classes, closing, formats, feeds\n"
        "config.yaml:24 feeds.paris_nord.format: no format of that name, got 'french_till'; "
        "add it to formats"
    )
    with pytest.raises(DeclarationError, match=r"formats.a: not a mapping, got 'b'"):
        declaration_from({"formats": {"a": "b"}, "feeds": {"c": {"format": "a"}, "d": None}})


def _hundred(text: str) -> str:
    return SHARED + "".join(text.replace("paris_sud", f"store_{n}") for n in range(100))


def test_a_hundred_stores_of_one_format_are_loaded(loaded: Callable[[str], Declaration]) -> None:
    declaration = loaded(_hundred(TENTH_STORE))
    assert len(declaration.stores) == 101
    assert len({feed.fingerprint() for feed in declaration.feeds.values()}) == 101


def test_a_mistake_that_a_hundred_stores_share_is_told_once(report: Report) -> None:
    told = report(
        _hundred(TENTH_STORE).replace("ticket", "date").replace("language: fr", "language: de")
    )
    assert told == (
        "config.yaml:8 formats.french_till.language: a language that the catalogue does not have, "
        "got 'de'; write one of en, fr, or add it to catalogue.languages\n"
        "config.yaml:13 formats.french_till.columns.sold_on: the same header as columns.sale_id, "
        "got 'date'; write the header of another column"
    )
