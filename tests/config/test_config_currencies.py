"""The table of currencies."""

from __future__ import annotations

import re

import pytest

from sales_pipeline.config.currencies import MINOR_UNITS


@pytest.mark.parametrize(
    ("code", "decimals"), [("EUR", 2), ("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)]
)
def test_a_currency_has_the_decimals_of_its_minor_unit(code: str, decimals: int) -> None:
    assert MINOR_UNITS[code] == decimals


def test_every_code_is_three_capital_letters() -> None:
    assert all(re.fullmatch("[A-Z]{3}", code) for code in MINOR_UNITS)


@pytest.mark.parametrize("code", ["XAU", "XXX", "XTS", "XDR"])
def test_codes_without_a_minor_unit_are_left_out(code: str) -> None:
    assert code not in MINOR_UNITS


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        MINOR_UNITS["EUR"] = 3  # type: ignore[index]
