"""Growth, and parts that add up to their total as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor

from sales_pipeline.exact import EXACT, decimal_of, share


def growth(now: Decimal, before: Decimal) -> Fraction | None:
    """Returns a change as a share of what was before; None if that was not positive."""
    return share(Fraction(now) - Fraction(before), before)


class FractionSum:
    """An exact sum of fractions.

    Numerators of one denominator are added up first: a sum of thousands of fractions would have a
    denominator of thousands of digits, and cost as much at each addition.

    >>> parts = FractionSum()
    >>> for part in (Fraction(1, 3), Fraction(1, 3), Fraction(-1, 6)):
    ...     parts.add(part)
    >>> parts.total
    Fraction(1, 2)
    """

    def __init__(self) -> None:
        self._numerators: dict[int, int] = {}

    def add(self, part: Fraction) -> None:
        """Adds a fraction."""
        numerator, denominator = part.as_integer_ratio()
        self._add(numerator, denominator)

    def add_all(self, parts: FractionSum) -> None:
        """Adds everything that was added to another sum."""
        for denominator, numerator in parts._numerators.items():
            self._add(numerator, denominator)

    def _add(self, numerator: int, denominator: int) -> None:
        self._numerators[denominator] = self._numerators.get(denominator, 0) + numerator

    @property
    def total(self) -> Fraction:
        """The sum."""
        by_denominator = self._numerators.items()
        sums = [Fraction(numerator, denominator) for denominator, numerator in by_denominator]
        while len(sums) > 1:  # In pairs, so that most of them are short.
            sums = [sum(sums[at : at + 2], Fraction(0)) for at in range(0, len(sums), 2)]
        return sums[0] if sums else Fraction(0)


def adding_up(parts: Sequence[Fraction], total: Decimal, decimals: int) -> list[Decimal]:
    """Rounds parts so that they add up to their rounded total, by the largest remainder.

    Each part is rounded down first. The units that are missing then go to the parts with the
    largest remainders, one each; of equal remainders the earlier part comes first.
    Source: the largest remainder method (Hamilton's).

    Args:
        parts: The exact parts.
        total: What they have to add up to, rounded to the same decimals. It may be a difference
            of rounded figures, and so one unit away from the sum of the parts.
        decimals: The decimals that are shown.

    Raises:
        ValueError: The total is further from the sum of the parts than rounding explains.

    >>> adding_up([Fraction(1, 3)] * 3, Decimal("1.00"), 2)
    [Decimal('0.34'), Decimal('0.33'), Decimal('0.33')]
    """
    scaled = [part * 10**decimals for part in parts]
    digits = [floor(part) for part in scaled]
    missing = int(total.scaleb(decimals, context=EXACT)) - sum(digits)
    if not -1 <= missing <= len(parts) + 1:
        raise ValueError(f"parts: do not add up to their total, got {parts} and {total}")
    by_remainder = sorted(range(len(parts)), key=lambda at: (digits[at] - scaled[at], at))
    for place in range(missing):
        digits[by_remainder[place % len(parts)]] += 1
    if missing < 0:
        digits[by_remainder[-1]] -= 1
    return [decimal_of(number, decimals) for number in digits]
