from __future__ import annotations

from decimal import Decimal

import pytest

from sales_pipeline.errors import counted
from sales_pipeline.report.figures import grouped, money, share_bar, size


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("0.005", "EUR", "0.01 EUR"),
        ("-0.005", "EUR", "-0.01 EUR"),
        ("1234567.5", "JPY", "1,234,568 JPY"),
        ("1.2345", "KWD", "1.235 KWD"),
    ],
)
def test_an_amount_is_rounded_half_up_to_its_minor_unit(
    amount: str, currency: str, shown: str
) -> None:
    assert money(Decimal(amount), currency) == shown


def test_a_large_figure_is_never_written_with_an_exponent() -> None:
    assert grouped(Decimal("1E+6")) == "1,000,000"


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3e15, "3000.0 TB")]
)
def test_a_size_has_the_unit_that_suits_it(count: float, shown: str) -> None:
    assert size(count) == shown


def test_one_thing_is_singular() -> None:
    assert counted(1, "delivery") == "1 delivery"


def test_a_whole_share_is_a_whole_bar() -> None:
    assert len(share_bar(Decimal(1))) == 20
