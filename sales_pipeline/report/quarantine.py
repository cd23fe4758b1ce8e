"""What waits in quarantine, counted by feed, file and reason, without a record's text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.lakehouse.arrow_types import totals_by
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
    if not lakehouse.has(_QUARANTINE):
        return Waiting()
    columns = ["feed", "reasons", "amount", "currency"]
    return counted_by_reason(lakehouse.read(_QUARANTINE, columns=columns))


def counted_by_reason(quarantine: pa.Table) -> Waiting:
    """Counts records by feed and reason.

    Args:
        quarantine: Columns `feed, reasons, amount, currency` of `silver.quarantine`.
    """
    by_reason: dict[tuple[str, str], WaitingRows] = {}
    amounts: dict[str, Decimal] = {}
    for (feed, reasons, currency), rows, amount in _groups(quarantine, "feed"):
        add_amount(amounts, currency, amount)
        for reason in reasons.split(","):
            entry = by_reason.setdefault((feed, reason), WaitingRows(feed, reason))
            entry.rows += rows
            add_amount(entry.amounts, currency, amount)
    return Waiting(quarantine.num_rows, amounts, tuple(_commonest_first(by_reason.values())))


@dataclass
class WaitingInFile(WaitingRows):
    """Records of one file that wait for one reason.

    Attributes:
        file: The file, by its path below the landing folder.
        file_id: Its delivery.
        since: The day of the run that quarantined the first of them.
    """

    file: str = ""
    file_id: int = 0
    since: date = date.max


@dataclass(frozen=True)
class WaitingFiles:
    """What waits in quarantine, by file.

    Attributes:
        rows: Number of records; a record with two reasons counts once.
        amounts: Currency -> readable amount of those records.
        by_file: The records of each feed, file and reason, in the order of delivery, the
            commonest reason first.
    """

    rows: int
    amounts: dict[str, Decimal]
    by_file: tuple[WaitingInFile, ...]


def counted_by_file(quarantine: pa.Table, paths: Mapping[int, str]) -> WaitingFiles:
    """Counts records by feed, file and reason.

    Args:
        quarantine: Columns `feed, _file_id, first_run, reasons, amount, currency` of
            `silver.quarantine`.
        paths: File id -> path of the file below the landing folder.
    """
    found: dict[tuple[int, str], WaitingInFile] = {}
    amounts: dict[str, Decimal] = {}
    groups = _groups(quarantine, "feed", "_file_id", "first_run")
    for (feed, file_id, run, reasons, currency), rows, amount in groups:
        add_amount(amounts, currency, amount)
        for reason in reasons.split(","):
            number = int(file_id)
            new = WaitingInFile(feed, reason, file=paths[number], file_id=number)
            entry = found.setdefault((number, reason), new)
            entry.rows += rows
            entry.since = min(entry.since, day_of_run(run))
            add_amount(entry.amounts, currency, amount)
    order = sorted(found.values(), key=lambda each: (each.file_id, -each.rows, each.reason))
    return WaitingFiles(quarantine.num_rows, amounts, tuple(order))


def day_of_run(run_id: str) -> date:
    """Returns the day on which a run began, in UTC.

    >>> day_of_run("20250131T060000-1a2b3c")
    datetime.date(2025, 1, 31)
    """
    return date.fromisoformat(run_id.partition("T")[0])


def _groups(quarantine: pa.Table, *columns: str) -> Iterator[tuple[list[str], int, Decimal | None]]:
    """The columns, `reasons` and `currency`; number of records and amount of each group."""
    reasons = pc.binary_join(quarantine["reasons"].cast(pa.list_(pa.string())), ",")
    currency = pc.fill_null(quarantine["currency"], "")
    keys = [*(quarantine[column] for column in columns), reasons, currency]
    return totals_by(keys, quarantine["amount"])


def add_amount(amounts: dict[str, Decimal], currency: str, amount: Decimal | None) -> None:
    """Adds to an amount by currency; one of which nobody knows the currency is no money."""
    if currency and amount is not None:
        amounts[currency] = amounts.get(currency, Decimal(0)) + amount


def _commonest_first(entries: Iterable[WaitingRows]) -> list[WaitingRows]:
    return sorted(entries, key=lambda each: (-each.rows, each.feed, each.reason))
