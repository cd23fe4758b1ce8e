"""Brings declared exchange rates into `silver.exchange_rates` (P8)."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.lakehouse import Lakehouse

_ALWAYS = date(1, 1, 1)
_STEP = Decimal(1).scaleb(-14)


def declared_rates(declaration: Declaration) -> list[dict[str, Any]]:
    """The rows of `silver.exchange_rates` that a declaration of fixed rates makes."""
    rates = {declaration.base_currency: Decimal(1), **declaration.rates.fixed}
    return [
        {
            "date": _ALWAYS,
            "currency": currency,
            "rate": rate.quantize(_STEP, rounding=ROUND_HALF_UP),
            "source": "fixed" if currency != declaration.base_currency else "base currency",
        }
        for currency, rate in sorted(rates.items())
    ]


def rates_changed(lakehouse: Lakehouse) -> bool:
    """Says whether the declared rates are not the ones that gold was made with."""
    held = sorted(lakehouse.rows("silver.exchange_rates"), key=lambda row: row["currency"])
    return held != declared_rates(lakehouse.declaration)


def keep_rates(lakehouse: Lakehouse) -> None:
    """Makes `silver.exchange_rates` hold the declared rates."""
    rows = lakehouse.local(declared_rates(lakehouse.declaration), "silver.exchange_rates")
    lakehouse.replace("silver.exchange_rates", "true", rows)
