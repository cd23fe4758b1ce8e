"""Refuses, balances and quarantines deliveries of the catalogue and of rates (P2, P11).

Their records have no store and no amount, so they are counted in rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sales_pipeline.config.files import WHITE_SPACE
from sales_pipeline.errors import examples
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.lakehouse.mends import Name
from sales_pipeline.lakehouse.tables import CATALOGUE, QUARANTINED, RECORDS
from sales_pipeline.silver import balance as balances
from sales_pipeline.silver.balance import NO_CURRENCY, Balance
from sales_pipeline.silver.reference.catalogue_records import CatalogueRecord

_MAX_UNUSABLE = Decimal("0.20")
"""The share of unusable records beyond which a delivery is rejected whole (P11)."""


_SHOWN = 40
"""The characters of a delivered text that a message shows."""


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
        is_empty = not text.strip(WHITE_SPACE)
        return cls(row, f"{column} {'is empty' if is_empty else _quoted(text)}", reason)

    @classmethod
    def of_record(cls, row: int, raw: str | None, reason: str) -> Fault:
        """A record that could not be split into columns, with its text."""
        return cls(row, _quoted(raw or ""), reason)

    def __str__(self) -> str:
        return f"record {self.row}: {self.what} ({self.reason})"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def refusal_of(faults: Sequence[Fault], rows: int) -> str | None:
    """The reason to refuse a delivery with such faults as a whole, or None.

    The first faults are named, one of each record.

    Args:
        faults: What is wrong with its records, in their order.
        rows: Its records.

    >>> refusal_of([Fault.of_cell(2, "Date", "", "date_missing")], 2)
    '1 of 2 records are unusable: record 2: Date is empty (date_missing)'
    >>> refusal_of([Fault.of_cell(2, "Date", "", "date_missing")], 5) is None
    True
    """
    by_record: dict[int, Fault] = {}
    for fault in faults:
        by_record.setdefault(fault.row, fault)
    unusable = len(by_record)
    if rows and Decimal(unusable) / rows > _MAX_UNUSABLE:
        named = examples([str(fault) for fault in by_record.values()])
        return f"{unusable:,} of {rows:,} records are unusable: {named}"
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


_QUARANTINE = "silver.quarantine"

SetAside = Sequence[tuple[CatalogueRecord, tuple[str, ...]]]


def keep_quarantine(
    lakehouse: Lakehouse, file_ids: Sequence[int], set_aside: SetAside, *, run_id: str
) -> None:
    """Writes these records of the catalogue to the quarantine, in place of all others of it.

    Args:
        lakehouse: The tables.
        file_ids: All deliveries of the catalogue.
        set_aside: The records and the reasons of each.
        run_id: The run.
    """
    ids = among("_file_id", file_ids)
    columns = ["_file_id", "_row", "reasons", "first_run"]
    quarantined = lakehouse.read(_QUARANTINE, columns=columns, file_ids=set(file_ids)).to_pylist()
    before = {(row["_file_id"], row["_row"]): row for row in quarantined}
    after = {(record.file_id, record.row): list(reasons) for record, reasons in set_aside}
    if after == {place: row["reasons"] for place, row in before.items()}:
        return
    first_runs = {place: row["first_run"] for place, row in before.items()}
    rows = [
        quarantine_row(
            CATALOGUE,
            (record.file_id, record.row),
            raw=record.raw,
            reasons=reasons,
            runs=(first_runs.get((record.file_id, record.row), run_id), run_id),
        )
        for record, reasons in set_aside
    ]
    lakehouse.put(RECORDS, ids, rows)


def catalogue_balances(
    counts: Mapping[int, int], in_force: Iterable[int], set_aside: SetAside
) -> list[Balance]:
    """The balance of each delivery of the catalogue.

    Args:
        counts: File id -> records in bronze.
        in_force: The deliveries whose records count; the others are superseded.
        set_aside: The records that teach nothing.
    """
    bad = Counter(record.file_id for record, _ in set_aside)
    counting = set(in_force)
    return [
        balance_in_rows(
            file_id, CATALOGUE, rows, quarantined=bad[file_id] if file_id in counting else None
        )
        for file_id, rows in counts.items()
    ]


def record_changed(
    lakehouse: Lakehouse, current: Iterable[Balance], *, judged: Collection[int], run_id: str
) -> tuple[list[Balance], int]:
    """Records the balances that differ from the recorded ones.

    Args:
        lakehouse: The tables.
        current: The balances of deliveries of the catalogue.
        judged: The deliveries whose balances are recorded in any case.
        run_id: The run.

    Returns:
        The balances that were recorded; and how many records left quarantine by them.
    """
    recorded = {balance.file_id: balance for balance in balances.recorded(lakehouse)}
    changed = []
    released = 0
    for balance in current:
        before = recorded.get(balance.file_id)
        is_other = before is None or before.as_row("") != balance.as_row("")
        if is_other or balance.file_id in judged:
            changed.append(balance)
        if before is not None and not balance.rows("superseded"):
            released += max(0, before.rows("quarantined") - balance.rows("quarantined"))
    balances.record(lakehouse, changed, run_id)
    return changed, released
