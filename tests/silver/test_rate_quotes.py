"""What a record of a file of rates says, and what it is in the base currency."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sales_pipeline.config.rates import Rates
from sales_pipeline.errors import FileRejected
from sales_pipeline.silver.reference.rate_quotes import (
    Quote,
    QuoteReader,
    Reading,
    base_rates,
    check_quotes,
    unfit_rates,
)

DAY = date(2025, 1, 3)


def _read(row: dict[str, Any], **declared: Any) -> Reading:
    technical = {"_file_id": 1, "_row": 1, "_raw": None, "_problem": None, "_extra": None}
    return QuoteReader(Rates.model_validate(declared)).read({**technical, **row})


def _wide(text: str = "2025-01-03", /, **cells: str) -> dict[str, Any]:
    return {"date": text, "_extra": json.dumps(cells)}


def _long(currency: str, rate: str) -> dict[str, Any]:
    return {"date": "2025-01-03", "currency": currency, "rate": rate}


def _said(reading: Reading) -> dict[str, str]:
    assert reading.faults == ()
    return _quoted(reading)


def _quoted(reading: Reading) -> dict[str, str]:
    return {quote.currency: f"{quote.value:f}" for quote in reading.quotes}


def _reasons(reading: Reading) -> list[str]:
    return [fault.reason for fault in reading.faults]


def test_p8_a_header_that_is_a_currency_code_is_a_rate_and_others_are_ignored() -> None:
    cells = {"USD": "1.25", " JPY ": " 160 ", "column 42": "", "note": "x", "CYP": "N/A"}
    assert _said(_read(_wide(**cells))) == {"USD": "1.25", "JPY": "160"}


def test_p8_a_code_in_small_letters_is_one_and_a_record_without_a_currency_is_named() -> None:
    assert _said(_read(_wide(usd="1.25", All="9", Try="9"))) == {"USD": "1.25"}
    assert _said(_read(_long("usd", "1.25"), layout="rows")) == {"USD": "1.25"}
    [fault] = _read(_wide(Dollar="1.25", Yen="160")).faults
    assert str(fault) == "record 1: columns 'Dollar, Yen' (currency_unknown)"


@pytest.mark.parametrize(
    "text",
    ["N/A", "n/a", "", "  ", "ND", "nd", "-", ".", "NaN", "n.a.", "#N/A", "\u2013", "..", "null",
     "\u200b", " \ufeff-\u00a0"],
)  # fmt: skip
def test_p8_a_cell_without_a_rate_is_no_rate_and_no_mistake(text: str) -> None:
    assert _read(_wide(USD=text)) == Reading()
    assert _read(_long("USD", text), layout="rows") == Reading()


@pytest.mark.parametrize("text", ["closed", "pas de cours", "*"])
def test_p8_a_declared_text_means_that_there_is_no_rate(text: str) -> None:
    assert _reasons(_read(_wide(USD=text))) == ["rate_unreadable:USD"]
    declared = ["CLOSED", "pas de cours", "*"]
    assert _said(_read(_wide(USD=text, JPY="160"), no_rate=declared)) == {"JPY": "160"}
    assert _read(_long("USD", text), layout="rows", no_rate=declared) == Reading()


@pytest.mark.parametrize("text", ["0", "-1", "1e3", "1,25", "inf", "\u0661", "1.", "1 2", "O.9"])
def test_p8_a_cell_that_is_no_rate_is_named_and_the_other_currencies_count(text: str) -> None:
    reading = _read(_wide(USD=text, JPY="160"))
    assert _quoted(reading) == {"JPY": "160"}
    [fault] = reading.faults
    assert str(fault) == f"record 1: USD {text!r} (rate_unreadable:USD)"
    [fault] = _read(_long("USD", text), layout="rows").faults
    assert str(fault) == f"record 1: rate of USD {text!r} (rate_unreadable:USD)"


def test_p8_the_compared_currency_is_one_of_itself() -> None:
    assert _said(_read(_wide(EUR="1.000"))) == {"EUR": "1"}
    assert _reasons(_read(_wide(EUR="1.1"))) == ["rate_unreadable:EUR"]


def test_p8_days_are_read_in_the_first_pattern_that_fits() -> None:
    formats = ["yyyy-MM-dd", "d.M.yyyy"]
    [quote] = _read(_wide("3.1.2025 ", USD="1"), date_formats=formats).quotes
    assert quote.day == DAY
    [unreadable] = _read(_wide("31.2.2025", USD="1"), date_formats=formats).faults
    assert str(unreadable) == "record 1: date '31.2.2025' (date_unreadable)"
    [missing] = _read(_wide("", USD="1")).faults
    assert str(missing) == "record 1: date is empty (date_missing)"


def test_p8_a_row_for_each_rate_needs_a_known_currency() -> None:
    assert _said(_read(_long(" USD ", "1.25"), layout="rows")) == {"USD": "1.25"}
    assert _reasons(_read(_long("USX", "1.25"), layout="rows")) == ["currency_unknown"]
    assert _reasons(_read(_long("", "1.25"), layout="rows")) == ["currency_unknown"]


def test_p8_what_nobody_sees_is_no_part_of_a_currency_a_day_or_a_rate() -> None:
    cells = {"\ufeffUSD": "1.25\u200b", "JPY\u200e": "\u2060160"}
    assert _said(_read(_wide("\ufeff2025-01-03", **cells))) == {"USD": "1.25", "JPY": "160"}
    assert _said(_read(_long("U\u00adSD", "1.25"), layout="rows")) == {"USD": "1.25"}


def test_p8_numbers_are_read_in_the_declared_dialect() -> None:
    csv = {"decimal": ",", "thousands": " ", "symbols": "kr", "delimiter": ";"}
    assert _said(_read(_wide(IDR="19\u00a0640,96 kr"), csv=csv)) == {"IDR": "19640.96"}
    assert _reasons(_read(_wide(IDR="19.5"), csv=csv)) == ["rate_unreadable:IDR"]


@pytest.mark.parametrize(
    ("text", "csv"),
    [("0,8512", {"thousands": ","}), ("1,2345", {"thousands": ","}), ("1.08.5", {"thousands": ","}),
     ("0.8512", {"decimal": ",", "thousands": "."}),
     ("12 34,5", {"decimal": ",", "thousands": " "}), ("1'0,5", {"thousands": "'"})],
)  # fmt: skip
def test_p8_a_thousands_mark_stands_between_groups_of_three_digits(
    text: str, csv: dict[str, str]
) -> None:
    csv = {"delimiter": ";", **csv}
    assert _reasons(_read(_wide(USD=text), csv=csv)) == ["rate_unreadable:USD"]


def test_p8_a_rate_of_many_decimals_is_read_as_it_is() -> None:
    text = "0.00055555555555555556"
    assert _said(_read(_wide(USD=text))) == {"USD": text}


def test_p8_the_rate_of_some_units_is_divided_by_them() -> None:
    by_currency = {"JPY": 100, "HUF": 1000}
    cells = {"JPY": "13.345", "HUF": "63", "USD": "20.8"}
    assert _said(_read(_wide(**cells), units=by_currency)) == {
        "JPY": "0.13345", "HUF": "0.063", "USD": "20.8",
    }  # fmt: skip
    assert _said(_read(_wide(USD="125"), units=100)) == {"USD": "1.25"}
    assert _said(_read(_wide(JPY="1.62"), units={"JPY": "0.01"})) == {"JPY": "162"}


_PER_UNITS = {"layout": "rows", "columns": {"units": "mnozstvi"}}


@pytest.mark.parametrize(
    ("units", "rate"), [("100", "0.13345"), ("1", "13.345"), (" 1000 ", "0.013345")]
)
def test_p8_the_units_of_a_rate_are_in_a_column(units: str, rate: str) -> None:
    row = {**_long("JPY", "13.345"), "units": units}
    assert _said(_read(row, **_PER_UNITS)) == {"JPY": rate}


@pytest.mark.parametrize(
    ("units", "what"), [("", "is empty"), ("0", "'0'"), ("sto", "'sto'"), ("-1", "'-1'")]
)
def test_p8_units_that_are_no_number_above_zero_are_named(units: str, what: str) -> None:
    [fault] = _read({**_long("JPY", "13.345"), "units": units}, **_PER_UNITS).faults
    assert str(fault) == f"record 1: mnozstvi {what} (rate_unreadable:JPY)"


def _rates(base: str, *quoted: tuple[int, str, str], **declared: Any) -> dict[str, str]:
    quotes = [
        Quote(DAY, currency, _decimal(value), file_id, 1) for file_id, currency, value in quoted
    ]
    rates = base_rates(quotes, Rates.model_validate(declared), base=base)
    return {rate.currency: f"{rate.rate:f}" for rate in rates if rate.fits}


def _decimal(text: str) -> Any:
    [quote] = _read(_wide(USD=text)).quotes
    return quote.value


def test_p8_units_for_one_are_turned_round_and_rounded_half_up_once() -> None:
    # 1 / 1.2 = 0.8333…, 1 / 1.5 = 0.6666…, 1 / 160 = 0.00625
    quoted = [(1, "USD", "1.2"), (1, "GBP", "1.5"), (1, "JPY", "160")]
    assert _rates("EUR", *quoted) == {
        "USD": "0.83333333333333",
        "GBP": "0.66666666666667",
        "JPY": "0.00625000000000",
    }


def test_p8_another_base_takes_cross_rates_of_the_same_day() -> None:
    # 1 JPY = 1.2 / 160 USD = 0.0075, 1 GBP = 1.2 / 0.9 USD = 1.333…, 1 EUR = 1.2 USD
    quoted = [(1, "USD", "1.2"), (1, "GBP", "0.9"), (1, "JPY", "160")]
    assert _rates("USD", *quoted) == {
        "GBP": "1.33333333333333",
        "JPY": "0.00750000000000",
        "USD": "1",
        "EUR": "1.20000000000000",
    }
    assert _rates("USD", (1, "JPY", "160")) == {}


def test_p8_the_value_of_one_is_taken_as_it_is() -> None:
    # 1 GBP = 1.2 EUR, 1 USD = 0.9 EUR: 1 GBP = 1.2 / 0.9 USD, 1 EUR = 1 / 0.9 USD
    quoted = [(1, "USD", "0.9"), (1, "GBP", "1.2")]
    assert _rates("EUR", *quoted, layout="rows", direction="value_of_one") == {
        "USD": "0.90000000000000",
        "GBP": "1.20000000000000",
    }
    assert _rates("USD", *quoted, layout="rows", direction="value_of_one") == {
        "GBP": "1.33333333333333",
        "USD": "1",
        "EUR": "1.11111111111111",
    }


def test_p8_the_latest_delivery_wins_for_a_day_and_currency() -> None:
    assert _rates("EUR", (1, "USD", "1.25"), (2, "USD", "1.6")) == {"USD": "0.62500000000000"}


@pytest.mark.parametrize(
    ("base", "quoted", "fault"),
    [
        ("EUR", "0.00001", "one USD is 100,000 EUR, and a rate has to be below 100,000"),
        ("USD", "104000", "one EUR is 104,000 USD, and a rate has to be below 100,000"),
        ("EUR", "2000000000",
         "one USD is 0.0000000005 EUR, and a rate has to be at least 0.000000001"),
        ("EUR", "999999999999999999",
         "one USD is 0 EUR, and a rate has to be at least 0.000000001"),
    ],
)  # fmt: skip
def test_p8_a_rate_that_the_table_cannot_hold_is_no_rate_and_is_named(
    base: str, quoted: str, fault: str
) -> None:
    rates = base_rates([Quote(DAY, "USD", _decimal(quoted), 7, 3)], Rates(), base=base)
    [named] = unfit_rates(rates, 7, base=base)
    assert (named.row, named.what) == (3, fault)
    assert unfit_rates(rates, 8, base=base) == []


@pytest.mark.parametrize("quoted", ["0.00001000000001", "999999999"])
def test_p8_large_and_small_rates_keep_their_precision(quoted: str) -> None:
    [rate] = base_rates([Quote(DAY, "USD", _decimal(quoted), 7, 3)], Rates(), base="EUR")
    assert rate.fits
    assert abs(rate.rate * _decimal(quoted) - 1) < Decimal("0.00001")


def test_p8_two_rates_of_a_currency_on_a_day_are_refused_naming_both_records() -> None:
    quotes = [Quote(DAY, "USD", _decimal(value), 1, row) for row, value in
              ((1, "1.25"), (2, "1.250"), (3, "1.3"))]  # fmt: skip
    check_quotes(quotes[:2])
    with pytest.raises(FileRejected, match=r"USD on 2025-01-03 is 1\.25 in record 1 and 1\.3 in"):
        check_quotes(quotes)
