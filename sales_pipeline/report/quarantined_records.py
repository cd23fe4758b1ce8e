"""The quarantined records themselves: where they come from, why they wait, what they say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.ledger import Delivery, Ledger
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.operations.quarantine_export import Filters, quarantined
from sales_pipeline.report.quarantine import WaitingFiles, counted_by_file, day_of_run

_COUNTED = ["feed", "_file_id", "first_run", "reasons", "amount", "currency"]
_SHOWN = [*_COUNTED, "_row", "raw"]


@dataclass(frozen=True)
class QuarantinedRecord:
    """One record that waits.

    Attributes:
        feed: The feed that delivered it.
        file: Its file, by the path below the landing folder.
        file_id: Its delivery.
        row: Its number in the file.
        reasons: Why it waits, as codes.
        text: The record as delivered: its text, or JSON of its columns; None where a feed
            that never stores some columns has a record which could not be split.
        amount: Its amount, where readable.
        currency: The currency of the amount.
        since: The day of the run that quarantined it.
    """

    feed: str
    file: str
    file_id: int
    row: int
    reasons: tuple[str, ...]
    text: str | None
    amount: Decimal | None
    currency: str | None
    since: date


@dataclass(frozen=True)
class QuarantinedRecords:
    """Some of the records that wait.

    Attributes:
        total: How many wait, of those that were asked for.
        records: The first of them, in the order of delivery.
    """

    total: int
    records: tuple[QuarantinedRecord, ...]

    @property
    def more(self) -> int:
        """How many there are besides."""
        return self.total - len(self.records)


def waiting_files(declaration: Declaration, filters: Filters) -> WaitingFiles:
    """Counts what waits in quarantine by feed, file and reason.

    Raises:
        UsageError: There is no such feed, reason or file, or no lakehouse yet.
    """
    with made_lakehouse(declaration) as lakehouse:
        ledger = Ledger(lakehouse)
        rows = quarantined(lakehouse, ledger, filters, columns=_COUNTED)
        return counted_by_file(rows, {each.file_id: each.path for each in ledger})


def quarantined_records(
    declaration: Declaration, filters: Filters, *, limit: int
) -> QuarantinedRecords:
    """Returns records that wait in quarantine.

    Args:
        declaration: What the retailer declares.
        filters: Which of them.
        limit: How many at most.

    Raises:
        UsageError: There is no such feed, reason or file, or no lakehouse yet.
    """
    with made_lakehouse(declaration) as lakehouse:
        ledger = Ledger(lakehouse)
        rows = quarantined(lakehouse, ledger, filters, columns=_SHOWN)
        first = rows.slice(0, limit).to_pylist()
        records = tuple(_record(row, ledger[row["_file_id"]]) for row in first)
        return QuarantinedRecords(rows.num_rows, records)


def _record(row: dict[str, Any], delivery: Delivery) -> QuarantinedRecord:
    return QuarantinedRecord(
        feed=row["feed"],
        file=delivery.path,
        file_id=delivery.file_id,
        row=row["_row"],
        reasons=tuple(row["reasons"]),
        text=row["raw"],
        amount=row["amount"],
        currency=row["currency"],
        since=day_of_run(row["first_run"]),
    )
