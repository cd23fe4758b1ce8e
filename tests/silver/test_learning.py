"""What wide and long catalogues teach, in which two records contradict each other, what changed."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from sales_pipeline.config.loader import declaration_from
from sales_pipeline.errors import FileRejected
from sales_pipeline.silver.reference.catalogue_entries import CatalogueReader, Entry, check_delivery
from sales_pipeline.silver.reference.learning import (
    Knowledge,
    Learnt,
    learn,
    learnt_between,
    touched_days,
)
from sales_pipeline.silver.reference.products import ALWAYS, CODE, Key
from tests.retailer import DECLARATION

PRICE = {"amount": "price", "currency_column": "currency", "valid_from": "from"}
LONG = {
    "rows": {"language": "lang", "product": "name", "category": "group"},
    "code": "sku",
    "price": PRICE,
}
WIDE = {"languages": DECLARATION["catalogue"]["languages"], "code": "sku", "price": PRICE}


def _reader(catalogue: dict[str, Any]) -> CatalogueReader:
    return CatalogueReader(declaration_from({**deepcopy(DECLARATION), "catalogue": catalogue}))


def _row(reader: CatalogueReader, texts: dict[str, Any], place: int) -> dict[str, Any]:
    technical = {"_file_id": 1, "_row": place, "_raw": None, "_problem": None}
    return {**dict.fromkeys(reader.columns), **technical, **texts}


def _long(*lines: str, file_id: int = 1) -> list[Entry]:
    """Entries of lines of code, language, product, price, currency and first day."""
    reader = _reader(LONG)
    names = ("code", "language", "product", "price", "price_currency", "valid_from")
    contradictions = []
    for place, line in enumerate(lines, start=1):
        texts = dict(zip(names, line.split(","), strict=False))
        row = _row(reader, {"category": "Home", "_file_id": file_id, **texts}, place)
        assert reader.faults(row) == []
        contradictions.append(reader.entry(row))
    return contradictions


def _wide(*lines: str, file_id: int = 1) -> list[Entry]:
    """Entries of lines of code, French and English product, price and currency."""
    reader = _reader(WIDE)
    names = ("code", "product_fr", "product_en", "price", "price_currency")
    rows = [
        _row(
            reader, {"_file_id": file_id, **dict(zip(names, line.split(","), strict=False))}, place
        )
        for place, line in enumerate(lines, start=1)
    ]
    return [reader.entry(row) for row in rows]


def _meanings(knowledge: Knowledge) -> dict[Key, str]:
    return {key: product.product for key, product in knowledge.products.items()}


def _prices(knowledge: Knowledge) -> dict[Key, list[tuple[date, str]]]:
    return {
        key: [(price.valid_from, f"{price.price:.0f} {price.currency}") for price in prices]
        for key, prices in knowledge.prices.items()
    }


@pytest.mark.parametrize(
    ("catalogue", "texts", "reasons"),
    [
        (WIDE, {"product_en": "Vase"}, []),
        (WIDE, {"product_fr": "Vase"}, ["product_missing"]),
        (LONG, {"code": "A", "language": "EN", "product": "Vase"}, []),
        (LONG, {"language": "*"}, ["code_missing", "language_unreadable", "product_missing"]),
        (WIDE, {"product_en": "Vase", "price": "-1"},
         ["list_price_unreadable", "list_price_currency_unknown"]),
        (WIDE, {"product_en": "Vase", "price": "1", "price_currency": "eur"}, []),
        (WIDE, {"product_en": "Vase", "price": "1", "price_currency": "EUR", "valid_from": "x"},
         ["valid_from_unreadable"]),
        (WIDE, {"_problem": "too_few_columns"}, ["too_few_columns"]),
    ],
)  # fmt: skip
def test_a_record_that_says_nothing_has_all_its_reasons(
    catalogue: dict[str, Any], texts: dict[str, Any], reasons: list[str]
) -> None:
    reader = _reader(catalogue)
    faults = reader.faults(_row(reader, texts, 1))
    assert [fault.reason for fault in faults] == reasons


def test_a_record_that_says_nothing_is_named_with_header_and_text() -> None:
    wide, long = _reader(WIDE), _reader(LONG)
    texts = {"product_en": "Vase", "price": "-1", "price_currency": "EU", "valid_from": "31.2."}
    assert [str(fault) for fault in wide.faults(_row(wide, texts, 7))] == [
        f"record 7: {wide.columns['price']} '-1' (list_price_unreadable)",
        f"record 7: {wide.columns['price_currency']} 'EU' (list_price_currency_unknown)",
        f"record 7: {wide.columns['valid_from']} '31.2.' (valid_from_unreadable)",
    ]
    texts = {"code": " ", "language": "English", "product": ""}
    assert [str(fault) for fault in long.faults(_row(long, texts, 7))] == [
        f"record 7: {long.columns['code']} is empty (code_missing)",
        f"record 7: {long.columns['language']} 'English' (language_unreadable)",
        f"record 7: {long.columns['product']} is empty (product_missing)",
    ]


def test_a_wide_record_teaches_its_names_its_code_and_its_price() -> None:
    knowledge = learn(_wide("A,Vase rond,Vase,10,EUR")).knowledge
    assert _meanings(knowledge) == {
        (CODE, "A"): "Vase", ("fr", "Vase rond"): "Vase", ("en", "Vase"): "Vase",
    }  # fmt: skip
    assert _prices(knowledge) == {key: [(ALWAYS, "10 EUR")] for key in knowledge.products}


def test_a_long_catalogue_is_joined_by_its_codes() -> None:
    taught = learn(_long("A,fr,Vase rond", "A,en,Vase,10,EUR", "B,fr,Lampe"))
    assert _meanings(taught.knowledge) == {
        (CODE, "A"): "Vase", ("fr", "Vase rond"): "Vase", ("en", "Vase"): "Vase",
    }  # fmt: skip
    assert _prices(taught.knowledge)["fr", "Vase rond"] == [(ALWAYS, "10 EUR")]
    assert [entry.row for entry in taught.waiting] == [3]


def test_what_waits_for_a_translation_is_taught_when_a_later_delivery_brings_it() -> None:
    taught = learn([*_long("B,fr,Lampe"), *_long("B,en,Lamp", file_id=2)])
    assert _meanings(taught.knowledge)["fr", "Lampe"] == "Lamp"
    assert taught.waiting == ()


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (_wide("A,Vase rond,Vase"), _wide("A,Vase rond,Tall vase", file_id=2)),
        (_long("A,fr,Vase rond", "A,en,Vase"), _long("A,en,Tall vase", file_id=2)),
    ],
)
def test_a_code_renames_all_names_it_ever_had(first: list[Entry], later: list[Entry]) -> None:
    knowledge = learn([*first, *later]).knowledge
    assert set(_meanings(knowledge).values()) == {"Tall vase"}
    assert len(knowledge.products) == 4


def test_the_latest_price_of_a_day_wins_and_other_days_keep_theirs() -> None:
    first = _long("A,en,Vase,10,EUR", "A,en,Vase,12,EUR,2025-03-01")
    later = _long("A,en,Vase,13,EUR,2025-03-01", file_id=2)
    assert _prices(learn([*first, *later]).knowledge)[CODE, "A"] == [
        (ALWAYS, "10 EUR"),
        (date(2025, 3, 1), "13 EUR"),
    ]


def test_a_name_of_variants_at_different_prices_has_none() -> None:
    prices = _prices(learn(_wide("A,,Vase,10,EUR", "B,,Vase,12,EUR")).knowledge)
    assert prices == {(CODE, "A"): [(ALWAYS, "10 EUR")], (CODE, "B"): [(ALWAYS, "12 EUR")]}
    assert ("en", "Vase") in _prices(learn(_wide("A,,Vase,10,EUR", "B,,Vase,10,EUR")).knowledge)


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (_wide("A,,Vase", "A,,Lamp"), "record 1 says 'A' is 'Vase' (None), record 2 says 'Lamp'"),
        (_wide(",X,Vase", ",X,Lamp"), "record 1 says 'X' is 'Vase' (None), record 2 says 'Lamp'"),
        (_long("A,en,Vase", "A,en,Lamp"), "record 1 says 'A' is 'Vase' (Home), record 2"),
        (_long("A,en,Vase", "B,en,Lamp", "A,fr,X", "B,fr,X"), "record 3 says 'X' is 'Vase'"),
        (_long("A,fr,X", "B,fr,X"), "record 1 says 'X' is 'code A' (None), record 2 says 'code B'"),
        (
            _long("A,en,Vase,10,EUR", "A,fr,X,11,EUR"),
            "record 1 says 'A' costs 10.0000 EUR, record 2 says 11.0000 EUR",
        ),
        (_wide(",,Vase,10,EUR", ",,Vase,10,USD"), "'Vase' costs 10.0000 EUR, record 2 says 10.0"),
        (
            _long("A,en,Vase,1,EUR,2025-03-01", "A,fr,X,2,EUR,2025-03-01"),
            "costs 1.0000 EUR from 2025-03-01, record 2",
        ),
    ],
)
def test_two_records_that_contradict_each_other_are_named(
    entries: list[Entry], sentence: str
) -> None:
    with pytest.raises(FileRejected) as rejected:
        check_delivery(entries, {"fr", "en"})
    assert sentence in rejected.value.reason


@pytest.mark.parametrize(
    "entries",
    [
        _long("A,en,Vase,10,EUR", "A,fr,X,10,EUR", "A,de,Y"),
        _long("A,en,Vase,10,EUR", "A,en,Vase,12,EUR,2025-03-01"),
        _long("A,en,Vase", "B,en,Vase", "A,fr,X", "B,fr,X"),
        _wide("A,,Vase,10,EUR", "B,,Vase,12,EUR"),
    ],
)
def test_repetitions_and_variants_contradict_nothing(entries: list[Entry]) -> None:
    check_delivery(entries, {"fr", "en"})


def test_what_changed_is_counted() -> None:
    before = learn(_wide("A,Vase,Vase,10,EUR", "B,Lampe,Lamp")).knowledge
    after = learn(_wide("A,Vase,Tall vase,12,EUR", "C,Bol,Bowl,5,EUR")).knowledge
    named = ("code 'A' is 'Tall vase', was 'Vase'",)
    assert learnt_between(before, after) == Learnt(
        6, 4, renamed=2, forgotten=4, prices=1, renamings=named
    )
    assert learnt_between(after, after) == Learnt(known=6)
    assert learnt_between(before, after) + Learnt(learnt=1) == Learnt(6, 5, 2, 4, 1, named)


def test_a_change_of_prices_touches_only_sales_at_list_prices() -> None:
    before = learn(_wide("A,Vase,Vase,10,EUR")).knowledge
    after = learn(_wide("A,Vase,Vase,11,EUR")).knowledge
    from_file = declaration_from(DECLARATION).feeds["lyon"]
    listed = from_file.model_copy(update={"price_from": "catalogue"})
    assert touched_days(from_file, "Vase", before, after) == []
    assert touched_days(listed, "Vase", before, after) == [(ALWAYS, None)]
    assert touched_days(listed, "Lampe", before, after) == []
