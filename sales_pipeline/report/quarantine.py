"""What waits in quarantine, counted by feed and reason, without reading a record's text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.lakehouse.lakehouse import Lakehouse

_QUARANTINE = "silver.quarantine"
_BETWEEN = "|"


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
    by_reason: dict[tuple[str, str], WaitingRows] = {}
    amounts: dict[str, Decimal] = {}
    for (feed, reasons, currency), rows, amount in _groups(quarantine):
        _add(amounts, currency, amount)
        for reason in reasons.split(","):
            entry = by_reason.setdefault((feed, reason), WaitingRows(feed, reason))
            entry.rows += rows
            _add(entry.amounts, currency, amount)
    return Waiting(quarantine.num_rows, amounts, tuple(_commonest_first(by_reason.values())))


def _groups(quarantine: pa.Table) -> Iterator[tuple[list[str], int, Decimal | None]]:
    """`[feed, reasons, currency]`, number of records and amount of each group.

    pyarrow's own `group_by` imports pandas, which takes longer than all the rest.
    """
    reasons = pc.binary_join(quarantine["reasons"].cast(pa.list_(pa.string())), ",")
    currency = pc.fill_null(quarantine["currency"], "")
    keys = pc.binary_join_element_wise(quarantine["feed"], reasons, currency, _BETWEEN)
    for key in keys.unique():
        chosen = pc.equal(keys, key)
        amount = pc.sum(quarantine["amount"].filter(chosen)).as_py()
        yield key.as_py().split(_BETWEEN), pc.sum(chosen).as_py(), amount


def _add(amounts: dict[str, Decimal], currency: str, amount: Decimal | None) -> None:
    if currency and amount is not None:
        amounts[currency] = amounts.get(currency, Decimal(0)) + amount


def _commonest_first(entries: Iterable[WaitingRows]) -> list[WaitingRows]:
    return sorted(entries, key=lambda each: (-each.rows, each.feed, each.reason))
