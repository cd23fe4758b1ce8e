"""The pure transformations of silver: text to numbers and days, verdicts, collisions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.silver.collisions import CONTENT, decided
from sales_pipeline.silver.parsing.days import day_of
from sales_pipeline.silver.parsing.numbers import NumberStyle
from sales_pipeline.silver.parsing.spark_expressions import (
    calendar_day,
    decimal_number,
    filled,
    is_in_range,
    month_of,
    product_of,
)
from sales_pipeline.silver.validation.reasons import REASONS
from tests.silver.judged import Records

ENGINE_SETTINGS = settings(max_examples=15)
DELIVERED = ("sale_id", "sold_on", "product", "quantity", "unit_price", "amount")
DAY_PATTERNS = ("dd/MM/yyyy", "d/M/yyyy", "yyyyMMdd", "yyyy-MM-dd HH:mm:ss", "d' de 'M yyyy")
DAY_MARKS = st.sampled_from(["/", "-", "", " ", " de ", "\uff0f", "\n"])
DAY_ENDS = st.sampled_from(["", " ", "\n", "\u00a0", "\u3000", "\u2003", "\x0b", " 23:59:59", "x"])
DAYISH = st.text(" /-0123456789\u0663\uff15\n", max_size=10) | st.builds(
    "{0}{1}{2}{3}{4}{5}{0}".format,
    DAY_ENDS,
    st.sampled_from(["1", "01", "29", "30", "31", "12", "2024", "9999", "0001", "00", "\u0661"]),
    DAY_MARKS,
    st.sampled_from(["1", "01", "02", "2", "11", "12", "13", "00", "99"]),
    DAY_MARKS,
    st.sampled_from(["1", "31", "29", "30", "2023", "2024", "1900", "2000", "25", "10000"]),
)
NUMBERISH = st.text("0123456789.,+-eE \u0663\uff15\u00a0x", max_size=12)


def _texts(engine: EmbeddedEngine, texts: Sequence[str | None]) -> DataFrame:
    places = pa.array(range(len(texts)), pa.int64())
    table = pa.table({"place": places, "text": pa.array(texts, pa.string())})
    return engine.spark().createDataFrame(table)


def _read(engine: EmbeddedEngine, texts: Sequence[str | None], reading: Column) -> list[Any]:
    rows = _texts(engine, texts).select("place", reading.alias("value")).toArrow().to_pylist()
    return [row["value"] for row in sorted(rows, key=lambda row: row["place"])]


NUMBERS: dict[str | None, str | None] = {
    "1234.50": "1234.5000",
    " -3 ": "-3.0000",
    "+0.0001": "0.0001",
    "1.23450000": "1.2345",
    "\u00a012\u202f": "12.0000",
    "99999999999999.9999": "99999999999999.9999",
    "100000000000000": None,
    "1.23456": None,
    "1,5": None,
    "1e3": None,
    "\uff15": None,
    ".5": None,
    "5.": None,
    "1 000": None,
    "NaN": None,
    "": None,
    None: None,
}


def test_p7_a_number_is_recognised_by_ascii_digits_alone(engine: EmbeddedEngine) -> None:
    texts = list(NUMBERS)
    values = _read(engine, texts, decimal_number(F.col("text"), NumberStyle(), scale=4))
    expected = [None if number is None else Decimal(number) for number in NUMBERS.values()]
    assert dict(zip(texts, values, strict=True)) == dict(zip(texts, expected, strict=True))


@ENGINE_SETTINGS
@given(texts=st.lists(NUMBERISH, min_size=1, max_size=60))
def test_p7_any_text_is_read_as_python_decimal_reads_it(
    engine: EmbeddedEngine, texts: list[str]
) -> None:
    values = _read(engine, texts, decimal_number(F.col("text"), NumberStyle(mark=","), scale=3))
    pattern = re.compile(r"[+-]?[0-9]{1,15}(,[0-9]{1,3}0*)?")
    for text, value in zip(texts, values, strict=True):
        bare = text.strip(" \u00a0")
        expected = Decimal(bare.replace(",", ".")) if pattern.fullmatch(bare) else None
        assert value == expected, text


@ENGINE_SETTINGS
@given(
    pairs=st.lists(
        st.tuples(st.decimals(-10_000, 10_000, places=4), st.decimals(-10_000, 10_000, places=3)),
        min_size=1,
        max_size=50,
    )
)
def test_p6_a_product_is_rounded_half_away_from_zero(
    engine: EmbeddedEngine, pairs: list[tuple[Decimal, Decimal]]
) -> None:
    texts = [f"{price};{units}" for price, units in pairs]
    part = F.split("text", ";")
    product = product_of(part[0].cast("DECIMAL(18,4)"), part[1].cast("DECIMAL(18,3)"))
    expected = [
        (price * units).quantize(Decimal("0.0001"), rounding="ROUND_HALF_UP")
        for price, units in pairs
    ]
    assert _read(engine, texts, product) == expected


@pytest.mark.parametrize(
    ("text", "patterns", "day"),
    [
        ("31/01/2025", ["dd/MM/yyyy"], date(2025, 1, 31)),
        ("01/31/2025", ["MM/dd/yyyy"], date(2025, 1, 31)),
        ("2025/1/3", ["yyyy/M/d"], date(2025, 1, 3)),
        (" 2025-01-03 ", ["yyyy-MM-dd"], date(2025, 1, 3)),
        ("29/02/2024", ["dd/MM/yyyy"], date(2024, 2, 29)),
        ("29/02/2025", ["dd/MM/yyyy"], None),
        ("31/04/2025", ["dd/MM/yyyy"], None),
        ("00/01/2025", ["dd/MM/yyyy"], None),
        ("1/1/2025", ["dd/MM/yyyy"], None),
        ("\u0660\u0661/\u0660\u0661/2025", ["dd/MM/yyyy"], None),
        ("01/02/2025", ["dd/MM/yyyy", "MM/dd/yyyy"], date(2025, 2, 1)),
        ("01/22/2025", ["dd/MM/yyyy", "MM/dd/yyyy"], date(2025, 1, 22)),
        ("2025-01-03 23:59:59", ["yyyy-MM-dd HH:mm:ss"], date(2025, 1, 3)),
        ("2025-01-03", ["yyyy-MM-dd HH:mm:ss"], None),
        ("", ["dd/MM/yyyy"], None),
    ],
)
def test_a_day_is_read_in_the_first_format_that_fits(
    engine: EmbeddedEngine, text: str, patterns: list[str], day: date | None
) -> None:
    assert _read(engine, [text], calendar_day(F.col("text"), patterns)) == [day]


@ENGINE_SETTINGS
@given(days=st.lists(st.dates(date(1, 1, 1), date(9999, 12, 31)), min_size=1, max_size=50))
def test_every_day_is_read_back(engine: EmbeddedEngine, days: list[date]) -> None:
    texts = [f"{day.day:02}.{day.month:02}.{day.year:04}" for day in days]
    assert _read(engine, texts, calendar_day(F.col("text"), ["dd.MM.yyyy"])) == days


@ENGINE_SETTINGS
@given(
    texts=st.lists(DAYISH, min_size=1, max_size=50),
    patterns=st.lists(st.sampled_from(DAY_PATTERNS), min_size=1, max_size=3, unique=True),
)
def test_plain_python_reads_every_text_as_the_same_day(
    engine: EmbeddedEngine, texts: list[str], patterns: list[str]
) -> None:
    days = [day_of(text, patterns) for text in texts]
    day = calendar_day(F.col("text"), patterns)
    # Some engines have a year 0, of which no sale can be.
    day = F.when(is_in_range(day, date.min, date.max), day)
    assert _read(engine, texts, day) == days


def test_a_month_is_the_first_day_of_it(engine: EmbeddedEngine) -> None:
    months = _read(engine, ["2025-02-28", None], month_of(F.col("text").cast("DATE")))
    assert months == [date(2025, 2, 1), None]


def test_blank_text_is_nothing(engine: EmbeddedEngine) -> None:
    assert _read(engine, ["", " \u00a0", " x "], filled(F.col("text"))) == [None, None, "x"]


def _judged(
    engine: EmbeddedEngine, rows: list[dict[str, Any]], **feed: Any
) -> list[tuple[str, list[str]]]:
    return Records(engine, rows, **feed).verdicts()


@pytest.mark.parametrize(
    ("fault", "reasons"),
    [
        ({"sale_id": " "}, ["key_missing"]),
        ({"sold_on": ""}, ["date_missing"]),
        ({"sold_on": "yesterday"}, ["date_unreadable"]),
        ({"sold_on": "1999-12-31"}, ["date_out_of_range"]),
        ({"sold_on": "2100-01-01"}, ["date_out_of_range"]),
        ({"product": ""}, ["product_missing"]),
        ({"product": "Lamp"}, ["product_unknown"]),
        ({"quantity": ""}, ["quantity_missing"]),
        ({"quantity": "two"}, ["quantity_unreadable"]),
        ({"unit_price": "ten"}, ["unit_price_unreadable"]),
        ({"amount": ""}, ["amount_missing"]),
        ({"amount": "1.2.3"}, ["amount_unreadable"]),
        ({"amount": "?", "quantity": "?"}, ["quantity_unreadable", "amount_unreadable"]),
        ({"_problem": "undecodable", "_raw": "x", "product": None}, ["undecodable"]),
    ],
)
def test_a_broken_record_is_quarantined_with_all_its_reasons(
    engine: EmbeddedEngine, fault: dict[str, Any], reasons: list[str]
) -> None:
    assert _judged(engine, [{}, fault]) == [("fit", []), ("quarantined", reasons)]
    assert set(reasons) <= set(REASONS)


def test_an_empty_unit_price_is_no_fault_beside_an_amount(engine: EmbeddedEngine) -> None:
    assert _judged(engine, [{"unit_price": ""}]) == [("fit", [])]


def test_a_derived_amount_needs_a_price_and_has_to_fit(engine: EmbeddedEngine) -> None:
    columns = {name: name for name in ("sale_id", "sold_on", "product", "unit_price", "quantity")}
    huge = {"unit_price": "99999999999999", "quantity": "99999999999999"}
    judged = _judged(engine, [{}, {"unit_price": ""}, huge], columns=columns)
    assert judged == [
        ("fit", []),
        ("quarantined", ["unit_price_missing"]),
        ("quarantined", ["amount_too_large"]),
    ]


def test_a_declared_condition_is_tested_before_anything_else(engine: EmbeddedEngine) -> None:
    judged = _judged(engine, [{"quantity": "x"}, {"quantity": None}], exclude_when="quantity = 'x'")
    assert [verdict for verdict, _ in judged] == ["excluded", "quarantined"]


RECORD = st.fixed_dictionaries(
    {
        "sale_id": st.sampled_from(["1", "2", "", None]),
        "sold_on": st.sampled_from(["2025-01-15", "", "x", "1990-01-01", None]),
        "product": st.sampled_from(["Vase", "Lamp", "", None]),
        "quantity": st.sampled_from(["1", "", "x", None]),
        "unit_price": st.sampled_from(["1.5", "", "x", None]),
        "amount": st.sampled_from(["1", "", "x", "1.23456", None]),
        "_problem": st.sampled_from([None, "too_few_columns"]),
    }
)


@pytest.mark.long
@ENGINE_SETTINGS
@given(records=st.lists(RECORD, min_size=1, max_size=60))
def test_a_record_is_quarantined_exactly_when_it_has_a_reason(
    engine: EmbeddedEngine, records: list[dict[str, Any]]
) -> None:
    for verdict, reasons in _judged(engine, records):
        assert (verdict == "quarantined") == bool(reasons)


CANDIDATE = st.tuples(
    st.sampled_from(["1", "2"]),
    st.sampled_from(["fit", "excluded"]),
    st.sampled_from([Decimal("1.0000"), Decimal("2.0000"), None]),
)


def _decided(engine: EmbeddedEngine, records: list[tuple[str, str, Decimal | None]]) -> list[Any]:
    rows = [
        {"feed": "lyon", "store": "lyon", "sale_id": key, "verdict": verdict, "amount": amount,
         "_file_id": place // 3, "_row": place % 3}
        for place, (key, verdict, amount) in enumerate(records)
    ]  # fmt: skip
    schema = pa.schema(
        [(name, pa.string()) for name in ("feed", "store", "sale_id", "verdict")]
        + [("amount", pa.decimal128(18, 4)), ("_file_id", pa.int64()), ("_row", pa.int64())]
    )
    frame = engine.spark().createDataFrame(pa.Table.from_pylist(rows, schema))
    null_columns = {name: F.lit(None).cast("STRING") for name in CONTENT if name != "amount"}
    found = decided(frame.withColumns(null_columns), ["sale_id"]).toArrow().to_pylist()
    return sorted(found, key=lambda row: (row["_file_id"], row["_row"]))


@ENGINE_SETTINGS
@given(records=st.lists(CANDIDATE, min_size=1, max_size=30))
def test_the_last_record_of_a_key_wins(
    engine: EmbeddedEngine, records: list[tuple[str, str, Decimal | None]]
) -> None:
    last = {key: place for place, (key, _, _) in enumerate(records)}
    for place, row in enumerate(_decided(engine, records)):
        key, verdict, amount = records[place]
        winner = last[key]
        if verdict == "excluded":
            assert row["status"] == "excluded"
        elif winner == place:
            assert row["status"] == "sale"
        elif records[winner][1] == "fit" and records[winner][2] == amount:
            assert row["status"] == "duplicate"
        else:
            assert row["status"] == "displaced"
        if winner != place:
            assert (row["winner_file_id"], row["winner_row"]) == (winner // 3, winner % 3)
        else:
            assert row["winner_file_id"] is None
