"""What waits in quarantine, counted by feed and reason, without reading a record's text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.lakehouse.lakehouse import Lakehouse

_QUARANTINE = "silver.quarantine"


@dataclass
class WaitingRows:
    """Records that wait for one reason.

    Attributes:
        feed: The feed that delivered them.
        reason: The reason's code.
        rows: How many.
        amounts: Currency -> readable amount.
    """

    feed: str
    reason: str
    rows: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """All that waits in quarantine.

    Attributes:
        rows: Number of records; a record with two reasons counts once.
        amounts: Currency -> readable amount of those records.
        by_reason: The records of each feed and reason, the commonest first.
    """

    rows: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    by_reason: tuple[WaitingRows, ...] = ()


def waiting_in_quarantine(lakehouse: Lakehouse) -> Waiting:
    """Returns what waits in quarantine; nothing where there is no lakehouse yet."""
    if not lakehouse.engine.exists(_QUARANTINE):
        return Waiting()
    columns = ["feed", "reasons", "amount", "currency"]
    return counted_by_reason(lakehouse.engine.read(_QUARANTINE, columns=columns))


def counted_by_reason(quarantine: pa.Table) -> Waiting:
    """Counts records by feed and reason.

    Args:
        quarantine: Columns `feed, reasons, amount, currency` of `silver.quarantine`.
    """
    joined = pc.binary_join(quarantine["reasons"].cast(pa.list_(pa.string())), ",")
    keyed = quarantine.drop_columns(["reasons"]).append_column("reasons", joined)
    groups = keyed.group_by(["feed", "reasons", "currency"]).aggregate(
        [([], "count_all"), ("amount", "sum")]
    )
    by_reason: dict[tuple[str, str], WaitingRows] = {}
    amounts: dict[str, Decimal] = {}
    for group in groups.to_pylist():
        rows, amount = group["count_all"], group["amount_sum"]
        _add(amounts, group["currency"], amount)
        for reason in group["reasons"].split(","):
            entry = by_reason.setdefault(
                (group["feed"], reason), WaitingRows(group["feed"], reason)
            )
            entry.rows += rows
            _add(entry.amounts, group["currency"], amount)
    return Waiting(quarantine.num_rows, amounts, tuple(_commonest_first(by_reason.values())))


def _add(amounts: dict[str, Decimal], currency: str | None, amount: Decimal | None) -> None:
    if currency is not None and amount is not None:
        amounts[currency] = amounts.get(currency, Decimal(0)) + amount


def _commonest_first(entries: Iterable[WaitingRows]) -> list[WaitingRows]:
    return sorted(entries, key=lambda each: (-each.rows, each.feed, each.reason))
