"""Deliveries that are no sales: how they are refused, balanced and quarantined (P2, P11).

Records of the catalogue and of rates have no store and no amount: they are counted in rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sales_pipeline.lakehouse.mends import Name
from sales_pipeline.lakehouse.tables import QUARANTINED
from sales_pipeline.silver.balance import NO_CURRENCY, Balance

_MAX_UNUSABLE = Decimal("0.20")
"""The share of unusable records beyond which a delivery is rejected whole (P11)."""


def refusal_of(unusable: int, rows: int) -> str | None:
    """Why a delivery with so many unusable records is refused as a whole, or None.

    >>> refusal_of(1, 5), refusal_of(2, 5)
    (None, '2 of 5 records are unusable')
    """
    if rows and Decimal(unusable) / rows > _MAX_UNUSABLE:
        return f"{unusable:,} of {rows:,} records are unusable"
    return None


def balance_in_rows(file_id: int, feed: str, rows: int, *, quarantined: int | None) -> Balance:
    """The balance of a delivery without money.

    Args:
        file_id: The delivery.
        feed: Its feed.
        rows: Its records.
        quarantined: How many of them are quarantined, the others being accepted; None where the
            delivery does not count, so that all are superseded.
    """
    classes = {"superseded": rows}
    if quarantined is not None:
        classes = {"accepted": rows - quarantined, "quarantined": quarantined}
    nothing = Decimal(0)
    in_rows = {name: (count, nothing) for name, count in classes.items()}
    return Balance(file_id, feed, NO_CURRENCY, (rows, nothing), in_rows)


def quarantine_row(
    feed: str, name: Name, *, raw: str, reasons: Sequence[str], runs: tuple[str, str]
) -> dict[str, Any]:
    """The row of `silver.records` of a quarantined record without money.

    Args:
        feed: Its feed.
        name: Its `_file_id` and `_row`.
        raw: The record as delivered.
        reasons: Why it is unusable.
        runs: The first and the last run that quarantined it.
    """
    return {
        "feed": feed,
        "store": "",
        "_file_id": name[0],
        "_row": name[1],
        "status": QUARANTINED,
        "raw": raw,
        "reasons": list(reasons),
        "first_run": runs[0],
        "last_run": runs[1],
    }
