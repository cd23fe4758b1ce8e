"""Refuses, balances and quarantines deliveries of the catalogue and of rates (P2, P11).

Their records have no store and no amount, so they are counted in rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sales_pipeline.errors import FileRejected, examples, shown_text
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.lakehouse.mends import Name
from sales_pipeline.lakehouse.tables import QUARANTINED
from sales_pipeline.silver.balance import NO_CURRENCY, Balance
from sales_pipeline.silver.validation.reasons import shown_cell

_MAX_UNUSABLE = Decimal("0.20")
"""The share of unusable records beyond which a delivery is rejected whole (P11)."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a record.

    Attributes:
        row: The number of the record in its file.
        what: The wrong thing, with the column and its text: `USD 'O.9'`.
        reason: The reason's code.
    """

    row: int
    what: str
    reason: str

    @classmethod
    def of_cell(cls, row: int, column: str, text: str, reason: str) -> Fault:
        """A column of a record holds a text that cannot be used.

        >>> str(Fault.of_cell(3, "USD", "O.9", "rate_unreadable:USD"))
        "record 3: USD 'O.9' (rate_unreadable:USD)"
        """
        return cls(row, shown_cell(column, text), reason)

    @classmethod
    def of_record(cls, row: int, raw: str | None, reason: str) -> Fault:
        """A record that could not be split into columns, with its text."""
        return cls(row, shown_text(raw or ""), reason)

    def __str__(self) -> str:
        return f"record {self.row}: {self.what} ({self.reason})"


def refusal_of(
    faults: Sequence[Fault], rows: int, *, check: Callable[[], None] = lambda: None
) -> str | None:
    """The reason to refuse a delivery with such faults as a whole, or None.

    The first faults are named, one of each record.

    Args:
        faults: What is wrong with its records, in their order.
        rows: Its records.
        check: Raises `FileRejected` if the records contradict each other.

    >>> refusal_of([Fault.of_cell(2, "Date", "", "date_missing")], 2)
    '1 of 2 records are unusable: record 2: Date is empty (date_missing)'
    >>> refusal_of([Fault.of_cell(2, "Date", "", "date_missing")], 5) is None
    True
    """
    by_record = {fault.row: fault for fault in reversed(faults)}
    unusable = len(by_record)
    if rows and Decimal(unusable) / rows > _MAX_UNUSABLE:
        named = examples([str(fault) for _, fault in sorted(by_record.items())])
        return f"{unusable:,} of {rows:,} records are unusable: {named}"
    try:
        check()
    except FileRejected as error:
        return error.reason
    return None


@dataclass(frozen=True)
class ReferenceVerdict:
    """The deliveries of the catalogue or of rates that shall not count, each with the reason.

    Attributes:
        refused: Too many records are unusable, or two of them disagree.
        held: Their contents look mistaken beside the known ones.
    """

    refused: dict[Delivery, str]
    held: dict[Delivery, str]


def balance_in_rows(file_id: int, feed: str, rows: int, *, quarantined: int | None) -> Balance:
    """The balance of a delivery without money.

    Args:
        file_id: The delivery.
        feed: Its feed.
        rows: Its records.
        quarantined: How many of them are quarantined, the others being accepted; None if the
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
