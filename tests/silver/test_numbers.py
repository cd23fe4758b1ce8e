"""Numbers as stores write them: thousands, symbols, more decimals than the column."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from sales_pipeline.config.files import Dialect
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.silver.parsing.numbers import NumberStyle, decimal_of, decimal_parser
from sales_pipeline.silver.parsing.spark_expressions import decimal_number

ENGINE_SETTINGS = settings(max_examples=15)
SWISS = NumberStyle(thousands="'")
GERMAN = NumberStyle(mark=",", thousands=".")
FRENCH = NumberStyle(mark=",", thousands=" ")
WITH_SYMBOLS = NumberStyle(symbols=("€", "EUR", "R$", "kr.", "[^]"))


def _read(
    engine: EmbeddedEngine, texts: Sequence[str], style: NumberStyle, *, scale: int = 4
) -> list[Decimal | None]:
    places = pa.array(range(len(texts)), pa.int64())
    table = pa.table({"place": places, "text": pa.array(texts, pa.string())})
    number = decimal_number(F.col("text"), style, scale=scale).alias("number")
    rows = engine.spark().createDataFrame(table).select("place", number).toArrow().to_pylist()
    numbers = [row["number"] for row in sorted(rows, key=lambda row: int(row["place"]))]
    assert [decimal_parser(style, scale=scale)(text) for text in texts] == numbers
    return numbers


def _check(
    engine: EmbeddedEngine, style: NumberStyle, expected: dict[str, str | None], *, scale: int = 4
) -> None:
    numbers = dict(zip(expected, _read(engine, list(expected), style, scale=scale), strict=True))
    assert numbers == {text: number and Decimal(number) for text, number in expected.items()}


def test_p7_thousands_marks_stand_between_groups_of_three_digits(engine: EmbeddedEngine) -> None:
    expected = {
        "1.234.567,89": "1234567.89",
        "-1.234": "-1234",
        "1234567,89": "1234567.89",
        "12.34,5": None,
        "1.2345": None,
        "1234.567": None,
        ".123": None,
        "1..234": None,
        "1.234.": None,
        "1,234": "1.234",
        "1,234.567": None,
        "99.999.999.999.999,9999": "99999999999999.9999",
        "100.000.000.000.000": None,
    }
    _check(engine, GERMAN, expected)


def test_p7_no_group_of_a_number_begins_with_a_zero(engine: EmbeddedEngine) -> None:
    british = NumberStyle(thousands=",", symbols=("£",))
    expected = {
        "0,851": None,
        "00,851": None,
        "-0,851": None,
        "£0,851.20": None,
        "012,345": None,
        "0,000": None,
        "0": "0",
        "0.851": "0.851",
        "007": "7",
        "100,000": "100000",
        "1,000,851": "1000851",
    }
    _check(engine, british, expected)
    # Rates and list prices are read so, too.
    assert decimal_of("0,851", Dialect(thousands=","), scale=14) is None
    _check(engine, FRENCH, {"0 851": None, "0\u00a0851": None, "1 000 851,5": "1000851.5"})


@ENGINE_SETTINGS
@given(
    texts=st.lists(
        st.lists(st.sampled_from(["0", "00", "1", "85", "851", "000"]), min_size=1, max_size=4),
        min_size=1,
        max_size=50,
    ),
    mark=st.sampled_from([",", "'", " "]),
)
def test_p7_both_sides_agree_on_groups_with_zeros(
    engine: EmbeddedEngine, texts: list[list[str]], mark: str
) -> None:
    numbers = _read(engine, [mark.join(groups) for groups in texts], NumberStyle(thousands=mark))
    for groups, number in zip(texts, numbers, strict=True):
        if len(groups) > 1 and groups[0].startswith("0"):
            assert number is None


def test_p7_a_space_stands_for_the_no_break_spaces_too(engine: EmbeddedEngine) -> None:
    expected = {
        "1 234,5": "1234.5",
        "1\u00a0234\u00a0567,5": "1234567.5",
        "1\u202f234": "1234",
        "1\u2003234": None,
        "1 23": None,
    }
    _check(engine, FRENCH, expected)


def test_p7_an_apostrophe_stands_for_the_typographic_one_too(engine: EmbeddedEngine) -> None:
    expected = {"1'234.50": "1234.50", "1\u2019234.50": "1234.50", "1`234": None, "1''234": None}
    _check(engine, SWISS, expected)


def test_p7_symbols_stand_beside_a_number_or_behind_its_sign(engine: EmbeddedEngine) -> None:
    expected = {
        "€5": "5",
        "5 €": "5",
        "-€5": "-5",
        "€ -5": "-5",
        "- € 5": "-5",
        "-5\u00a0EUR": "-5",
        "€ 5 EUR ": "5",
        "R$1.50": "1.50",
        "kr. 7": "7",
        "[^]8": "8",
        "9": "9",
        "5 €-": None,
        "5-": None,
        "- 5": None,
        "€": None,
        "5 EURO": None,
        "£5": None,
        "1€5": None,
        "kra 7": None,
        "": None,
    }
    _check(engine, WITH_SYMBOLS, expected)


def test_p7_symbols_and_thousands_go_together(engine: EmbeddedEngine) -> None:
    style = NumberStyle(mark=",", thousands=" ", symbols=("€",))
    _check(engine, style, {"1 234,50 €": "1234.5", "€1 234": "1234", "1 23 €": None})


def test_p6_more_decimals_than_the_column_are_rounded_only_where_declared(
    engine: EmbeddedEngine,
) -> None:
    texts = ["0.00005", "-0.00005", "0.000049999999999999999999999999999999999", "1.2"]
    assert _read(engine, texts, NumberStyle()) == [None, None, None, Decimal("1.2000")]
    rounded = _read(engine, texts, NumberStyle(is_rounded=True))
    assert rounded == [Decimal(number) for number in ("0.0001", "-0.0001", "0.0000", "1.2000")]


def test_p6_a_rounded_number_still_has_to_fit_its_column(engine: EmbeddedEngine) -> None:
    texts = ["99999999999999.99995", "99999999999999.99994"]
    numbers = _read(engine, texts, NumberStyle(is_rounded=True))
    assert numbers == [None, Decimal("99999999999999.9999")]


@ENGINE_SETTINGS
@given(numbers=st.lists(st.decimals(-(10**9), 10**9, places=7), min_size=1, max_size=50))
def test_p6_any_number_is_rounded_as_python_rounds_half_up(
    engine: EmbeddedEngine, numbers: list[Decimal]
) -> None:
    rounded = _read(
        engine, [f"{number:f}" for number in numbers], NumberStyle(is_rounded=True), scale=3
    )
    assert rounded == [number.quantize(Decimal("0.001"), ROUND_HALF_UP) for number in numbers]


@ENGINE_SETTINGS
@given(
    numbers=st.lists(st.decimals(-(10**13), 10**13, places=2), min_size=1, max_size=50),
    mark=st.sampled_from(["\u00a0", "\u202f", " "]),
)
def test_p7_a_grouped_number_is_read_back(
    engine: EmbeddedEngine, numbers: list[Decimal], mark: str
) -> None:
    texts = [f"{number:,.2f}".replace(",", mark).replace(".", ",") for number in numbers]
    assert _read(engine, texts, FRENCH) == numbers


@pytest.mark.parametrize("text", ["\uff15", "1e3", "NaN", "\u0663", "5\u2028"])
def test_p7_what_engines_disagree_about_is_no_number_in_any_style(
    engine: EmbeddedEngine, text: str
) -> None:
    for style in (GERMAN, FRENCH, SWISS, WITH_SYMBOLS, NumberStyle(is_rounded=True)):
        assert _read(engine, [text], style) == [None]
