"""Rounded parts add up to their total; ratios are computed from exact figures."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_pipeline.analysis.parts import adding_up, growth
from sales_pipeline.exact import half_up, share

FIGURES = st.decimals(-(10**9), 10**9, places=6).map(Fraction)


@given(st.lists(FIGURES, min_size=1, max_size=30), st.integers(0, 4))
def test_rounded_parts_add_up_and_none_is_further_than_one_unit(
    parts: list[Fraction], decimals: int
) -> None:
    total = half_up(sum(parts, Fraction(0)), decimals)
    rounded = adding_up(parts, total, decimals)
    assert sum(rounded) == total
    unit = Fraction(1, 10**decimals)
    assert all(
        abs(Fraction(shown) - part) < unit for shown, part in zip(rounded, parts, strict=True)
    )


@given(FIGURES, st.integers(0, 4))
def test_half_up_is_what_decimal_does(figure: Fraction, decimals: int) -> None:
    exact = Decimal(figure.numerator) / Decimal(figure.denominator)
    assert half_up(figure, decimals) == exact.quantize(
        Decimal(1).scaleb(-decimals), "ROUND_HALF_UP"
    )


def test_parts_that_do_not_belong_to_the_total_are_refused() -> None:
    with pytest.raises(ValueError, match="add up"):
        adding_up([Fraction(1), Fraction(1)], Decimal("5.00"), 2)


def test_a_change_from_nothing_has_no_ratio() -> None:
    assert growth(Decimal(5), Decimal(0)) is None
    assert growth(Decimal(5), Decimal(-2)) is None
    assert growth(Decimal(3), Decimal(4)) == Fraction(-1, 4)
    assert share(Decimal(1), Decimal(0)) is None
    assert share(Decimal(1), Decimal(3)) == Fraction(1, 3)
