"""The amount without tax, exactly, without a division by any engine; the plain side beside Spark's.

net = amount / (1 + rate), rounded half up to 4 decimals, a return like the sale that it takes back
(P6). Engines disagree on quotients of decimals, and a rounded factor goes wrong at ties: 0.0003 at
20 % is 0.00025, but 0.0003 x 0.8333... is less. So the factor 1 / (1 + rate) is rounded up, once,
in Python: the rounded product is then right or 0.0001 too great, and a comparison of products,
which are exact, finds which.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, localcontext

from pyspark.sql import Column
from pyspark.sql import functions as F

FACTOR_TYPE, GROSS_TYPE = "DECIMAL(19,18)", "DECIMAL(7,6)"
_STEP, _AMOUNT_TYPE = Decimal("0.0001"), "DECIMAL(18,4)"
_FACTOR_STEP = Decimal(1).scaleb(-18)


@dataclass(frozen=True)
class TaxFactor:
    """A rate of tax as it is joined to records.

    Attributes:
        factor: 1 / (1 + rate), rounded up to 18 decimals.
        gross: 1 + rate, of 6 decimals.
    """

    factor: Decimal
    gross: Decimal

    @classmethod
    def of(cls, rate: Decimal) -> TaxFactor:
        """The factor of a rate, which is a share from 0 to 1 of at most 6 decimals.

        >>> TaxFactor.of(Decimal("0.2"))
        TaxFactor(factor=Decimal('0.833333333333333334'), gross=Decimal('1.200000'))
        """
        with localcontext(prec=60):
            gross = (1 + rate).quantize(Decimal("0.000001"))
            factor = (1 / gross).quantize(_FACTOR_STEP, rounding=ROUND_CEILING)
        return cls(factor, gross)


def net_amount(amount: Column, factor: Column, gross: Column) -> Column:
    """The amount without tax, DECIMAL(18,4); null if one of the others is null.

    Args:
        amount: The amount with tax, DECIMAL(18,4).
        factor: `TaxFactor.factor`, DECIMAL(19,18).
        gross: `TaxFactor.gross`, DECIMAL(7,6).
    """
    size, step = F.abs(amount), F.lit(str(_STEP)).cast("DECIMAL(5,4)")
    most = F.round(size * factor, 4).cast(_AMOUNT_TYPE)
    is_too_great = (most + most - step) * gross > size + size
    net = F.when(is_too_great, most - step).otherwise(most).cast(_AMOUNT_TYPE)
    return F.when(amount < 0, -net).otherwise(net).cast(_AMOUNT_TYPE)


def plain_net_amount(amount: Decimal, rate: Decimal) -> Decimal:
    """The amount without tax in plain Python, as `net_amount`.

    >>> plain_net_amount(Decimal("-19.99"), Decimal("0.2"))
    Decimal('-16.6583')
    """
    tax = TaxFactor.of(rate)
    with localcontext(prec=60):
        size = abs(amount)
        most = (size * tax.factor).quantize(_STEP, rounding=ROUND_HALF_UP)
        net = most - _STEP if (2 * most - _STEP) * tax.gross > 2 * size else most
    return -net if amount < 0 else net
