"""Decimal arithmetic without rounding, for sums and products of DECIMAL(38,18)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal

EXACT = Context(prec=76, rounding=ROUND_HALF_UP)
"""Wide enough for any sum of DECIMAL(38,18); the default of 28 digits would round."""


def exact_sum(figures: Iterable[Decimal]) -> Decimal:
    """Returns the exact sum, with every digit."""
    total = Decimal(0)
    for figure in figures:
        total = EXACT.add(total, figure)
    return total
