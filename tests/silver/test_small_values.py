"""Numbers and days of small tables, read by the rules of the large ones."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sales_pipeline.config.files import Dialect
from sales_pipeline.silver.parsing.days import day_of
from sales_pipeline.silver.parsing.numbers import decimal_of


@pytest.mark.parametrize(
    ("text", "dialect", "number"),
    [
        ("10", {}, "10"),
        ("-10.5", {}, "-10.5"),
        (" 10.50000 ", {}, "10.5"),
        ("1.23456", {}, None),
        ("1e3", {}, None),
        ("\uff15", {}, None),
        ("", {}, None),
        ("1,234.50", {}, None),
        ("10,5", {"decimal": ","}, "10.5"),
        ("10.5", {"decimal": ","}, None),
        ("1.234,50", {"decimal": ",", "thousands": "."}, "1234.5"),
        ("1234,50", {"decimal": ",", "thousands": "."}, "1234.5"),
        ("1.23,50", {"decimal": ",", "thousands": "."}, None),
        ("1\u202f234", {"thousands": " "}, "1234"),
        ("1\u2019234", {"thousands": "'"}, "1234"),
        ("€ 5", {"symbols": ["€"]}, "5"),
        ("5 EUR", {"symbols": ["€", "EUR"]}, "5"),
        ("-€5", {"symbols": ["€"]}, "-5"),
        ("£5", {"symbols": ["€"]}, None),
        ("1" * 15, {}, None),
    ],
)
def test_a_number_is_read_as_the_dialect_writes_it(
    text: str, dialect: dict[str, Any], number: str | None
) -> None:
    parsed = decimal_of(text, Dialect(**dialect), scale=4)
    assert parsed == (None if number is None else Decimal(number))


def test_a_day_is_read_in_the_first_pattern_that_fits() -> None:
    patterns = ["dd/MM/yyyy", "MM/dd/yyyy", "yyyy-MM-dd"]
    assert day_of(" 03/04/2025 ", patterns) == date(2025, 4, 3)
    assert day_of("12/25/2025", patterns) == date(2025, 12, 25)
    assert day_of("0000-01-01", patterns) is None
    assert day_of("soon", patterns) is None
