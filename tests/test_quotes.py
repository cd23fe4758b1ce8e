"""What a record of a file of rates says, and what it is in the base currency."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from sales_pipeline.config.model import Rates
from sales_pipeline.errors import FileRejected
from sales_pipeline.silver.reference.rate_quotes import (
    Quote,
    QuoteReader,
    Reading,
    base_rates,
    check_quotes,
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
    assert reading.problem is None
    return {each.currency: str(each.value) for each in reading.quotes}


def test_p8_a_header_that_is_a_currency_code_is_a_rate_and_others_are_ignored() -> None:
    cells = {"USD": "1.25", " JPY ": " 160 ", "column 42": "", "note": "x", "CYP": "N/A"}
    assert _said(_read(_wide(**cells))) == {"USD": "1.25", "JPY": "160"}


@pytest.mark.parametrize("text", ["N/A", "n/a", "", "  "])
def test_p8_a_cell_without_a_rate_is_no_rate_and_no_mistake(text: str) -> None:
    assert _read(_wide(USD=text)) == Reading()
    assert _read(_long("USD", text), layout="rows") == Reading()


@pytest.mark.parametrize("text", ["0", "-1", "1e3", "1,25", "nan", "\u0661", "1.", "1 2"])
def test_p8_a_rate_that_is_no_number_above_zero_makes_the_record_unusable(text: str) -> None:
    assert _read(_wide(USD=text, JPY="160")).problem == "rate_unreadable"


def test_p8_the_compared_currency_is_one_of_itself() -> None:
    assert _said(_read(_wide(EUR="1.000"))) == {"EUR": "1.000"}
    assert _read(_wide(EUR="1.1")).problem == "rate_unreadable"


def test_p8_days_are_read_in_the_first_pattern_that_fits() -> None:
    formats = ["yyyy-MM-dd", "d.M.yyyy"]
    [quote] = _read(_wide("3.1.2025 ", USD="1"), date_formats=formats).quotes
    assert quote.day == DAY
    assert _read(_wide("31.2.2025", USD="1"), date_formats=formats).problem == "date_unreadable"
    assert _read(_wide("", USD="1")).problem == "date_missing"


def test_p8_a_row_for_each_rate_needs_a_known_currency() -> None:
    assert _said(_read(_long(" USD ", "1.25"), layout="rows")) == {"USD": "1.25"}
    assert _read(_long("USX", "1.25"), layout="rows").problem == "currency_unknown"
    assert _read(_long("", "1.25"), layout="rows").problem == "currency_unknown"


def test_p8_numbers_are_read_in_the_declared_dialect() -> None:
    csv = {"decimal": ",", "thousands": " ", "symbols": "kr", "delimiter": ";"}
    assert _said(_read(_wide(IDR="19\u00a0640,96 kr"), csv=csv)) == {"IDR": "19640.96"}
    assert _read(_wide(IDR="19.5"), csv=csv).problem == "rate_unreadable"


def _rates(base: str, *quoted: tuple[int, str, str], **declared: Any) -> dict[str, str]:
    quotes = [
        Quote(DAY, currency, _decimal(value), file_id, 1) for file_id, currency, value in quoted
    ]
    found = base_rates(quotes, Rates.model_validate(declared), base=base)
    return {each.currency: f"{each.rate:f}" for each in found}


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


def test_p8_a_rate_that_the_table_cannot_hold_is_no_rate() -> None:
    tiny, huge = "0.000001", "999999999999999999"
    assert _rates("EUR", (1, "USD", tiny), (1, "JPY", huge)) == {}


def test_p8_two_rates_of_a_currency_on_a_day_are_refused_naming_both_records() -> None:
    quotes = [Quote(DAY, "USD", _decimal(value), 1, row) for row, value in
              ((1, "1.25"), (2, "1.250"), (3, "1.3"))]  # fmt: skip
    check_quotes(quotes[:2])
    with pytest.raises(FileRejected, match=r"USD on 2025-01-03 is 1\.25 in record 1 and 1\.3 in"):
        check_quotes(quotes)
