"""Exact arithmetic: sums and products of DECIMAL(38,18), and ratios that are rounded once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

EXACT = Context(prec=76, rounding=ROUND_HALF_UP)
"""Wide enough for any sum of DECIMAL(38,18); the default of 28 digits would round."""
RATIO_DECIMALS = 6
"""The decimals of a share or of growth in tables, JSON and CSV."""


def exact_sum(figures: Iterable[Decimal]) -> Decimal:
    """Returns the exact sum, with every digit."""
    total = Decimal(0)
    for figure in figures:
        total = EXACT.add(total, figure)
    return total


def whole_of(parts: Sequence[Decimal]) -> Decimal:
    """Returns the sum that parts have shares of; 0, of which nothing has one, if one is below 0."""
    return exact_sum(parts) if all(part >= 0 for part in parts) else Decimal(0)


def shown_amounts(revenue: Decimal, returned: Decimal, decimals: int) -> dict[str, Decimal]:
    """Returns `revenue`, `gross` and `returns` as they are shown, and add up.

    Both amounts are unrounded; `returned` is the part of the revenue that returns took back.
    """
    unit = Decimal(1).scaleb(-decimals)
    revenue, returned = (each.quantize(unit, context=EXACT) for each in (revenue, returned))
    return {"revenue": revenue, "gross": EXACT.subtract(revenue, returned), "returns": returned}


def share(part: Decimal | Fraction, whole: Decimal | Fraction) -> Fraction | None:
    """Returns a part as a share of the whole; None if the whole is not positive."""
    return Fraction(part) / Fraction(whole) if whole > 0 else None


def percent_of(share: Decimal) -> str:
    """Returns a share in percent, with every digit.

    >>> percent_of(Decimal("0.005")), percent_of(Decimal("0.50")), percent_of(Decimal(0))
    ('0.5%', '50%', '0%')
    """
    return f"{(share * 100).normalize():f}%"


def half_up(figure: Fraction | Decimal, decimals: int) -> Decimal:
    """Returns a figure as a decimal, rounded half up, away from zero.

    >>> half_up(Fraction(1, 3), 2), half_up(Fraction(-5, 2), 0), half_up(Fraction(7), 1)
    (Decimal('0.33'), Decimal('-3'), Decimal('7.0'))
    """
    return rounded_quotient(*figure.as_integer_ratio(), decimals)


def rounded_quotient(dividend: int, divisor: int, decimals: int) -> Decimal:
    """Returns a quotient of integers as a decimal, rounded half up, away from zero.

    The divisor is above zero.
    """
    digits = (2 * abs(dividend) * 10**decimals + divisor) // (2 * divisor)
    return decimal_of(digits if dividend >= 0 else -digits, decimals)


def digits_of(figure: Decimal, decimals: int) -> int:
    """Returns a figure as an integer that counts 1 / 10 ** decimals; further decimals are cut."""
    return int(EXACT.scaleb(figure, decimals))


def decimal_of(digits: int, decimals: int) -> Decimal:
    """Returns an integer that counts 1 / 10 ** decimals, with every digit."""
    return EXACT.scaleb(Decimal(digits), -decimals)
