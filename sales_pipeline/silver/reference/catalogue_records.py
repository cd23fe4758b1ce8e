"""The records of deliveries of the catalogue, their quarantine and their balance (P2).

Each is read as an entry or with its faults. Quarantine and balance are made for all deliveries at
once: a record that waited for a translation is released when another delivery brings it, and waits
again when that one is withdrawn.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.column_sources import by_header
from sales_pipeline.lakehouse.declared_tables import catalogue_columns
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery, deliveries_by_id
from sales_pipeline.lakehouse.tables import CATALOGUE, RECORDS
from sales_pipeline.silver import balance as balances
from sales_pipeline.silver.balance import Balance
from sales_pipeline.silver.reference.catalogue_entries import CatalogueReader, Entry, check_delivery
from sales_pipeline.silver.reference.reference_balance import (
    Fault,
    balance_in_rows,
    quarantine_row,
    refusal_of,
)
from sales_pipeline.silver.validation.reasons import TRANSLATION_MISSING


@dataclass(frozen=True)
class CatalogueRecord:
    """One record of the catalogue.

    Attributes:
        file_id: The delivery.
        row: The number of the record in its file.
        raw: Its text, or its columns as JSON under the headers of the file.
        entry: Its entry; None if it is unusable.
        faults: All faults that make it unusable.
    """

    file_id: int
    row: int
    raw: str
    entry: Entry | None
    faults: tuple[Fault, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The codes of all reasons why it is unusable."""
        return tuple(fault.reason for fault in self.faults)


@dataclass(frozen=True)
class CatalogueRecords:
    """Records of the catalogue.

    Attributes:
        of_file: File id -> its records, in the order of the file.
        languages: The languages in which products are looked up by name.
    """

    of_file: dict[int, list[CatalogueRecord]]
    languages: frozenset[str]

    def __getitem__(self, file_id: int) -> list[CatalogueRecord]:
        return self.of_file.get(file_id, [])

    def entries(self, file_ids: Iterable[int]) -> list[Entry]:
        """The entries of some deliveries, in ledger order."""
        records = (record for file_id in sorted(file_ids) for record in self[file_id])
        return [record.entry for record in records if record.entry is not None]

    def refusal_of(self, file_id: int) -> str | None:
        """The reason why a delivery is refused, or None; its own records alone decide.

        Records that wait for a translation do not count: the delivery that brings it may come
        before or after.
        """
        records = self[file_id]
        faults = [fault for record in records for fault in record.faults]
        check = partial(check_delivery, self.entries([file_id]), self.languages)
        return refusal_of(faults, len(records), check=check)

    def set_aside(
        self, file_ids: Iterable[int], waiting: Iterable[Entry]
    ) -> Iterator[tuple[CatalogueRecord, tuple[str, ...]]]:
        """Yields the records of some deliveries that teach nothing, each with its reasons."""
        untranslated = {(entry.file_id, entry.row) for entry in waiting}
        for record in (record for file_id in file_ids for record in self[file_id]):
            if record.entry is None:
                yield record, record.reasons
            elif (record.file_id, record.row) in untranslated:
                yield record, (TRANSLATION_MISSING,)


def catalogue_records(lakehouse: Lakehouse, deliveries: Iterable[Delivery]) -> CatalogueRecords:
    """Reads the records of some deliveries from `bronze.catalogue`."""
    by_id = deliveries_by_id(deliveries)
    rows = lakehouse.read("bronze.catalogue", file_ids=by_id).to_pylist()
    columns = catalogue_columns(lakehouse.declaration)
    return records_of_rows(lakehouse.declaration, by_header(rows, columns, by_id.values()))


def records_of_rows(declaration: Declaration, rows: Iterable[dict[str, Any]]) -> CatalogueRecords:
    """Returns the records of some rows of `bronze.catalogue`."""
    reader = CatalogueReader(declaration)
    of_file: dict[int, list[CatalogueRecord]] = {}
    for row in sorted(rows, key=lambda row: row["_row"]):
        of_file.setdefault(row["_file_id"], []).append(_record(reader, row))
    by_name = (feed for feed in declaration.feeds.values() if feed.product_by == "name")
    return CatalogueRecords(of_file, frozenset(feed.language for feed in by_name))


def _record(reader: CatalogueReader, row: dict[str, Any]) -> CatalogueRecord:
    faults = tuple(reader.faults(row))
    entry = None if faults else reader.entry(row)
    raw = row["_raw"] or json.dumps(reader.delivered(row), ensure_ascii=False)
    return CatalogueRecord(row["_file_id"], row["_row"], raw, entry, faults)


_QUARANTINE = "silver.quarantine"

SetAside = Sequence[tuple[CatalogueRecord, tuple[str, ...]]]


def keep_quarantine(
    lakehouse: Lakehouse, file_ids: Sequence[int], set_aside: SetAside, *, run_id: str
) -> None:
    """Writes these records of the catalogue to the quarantine, in place of all others of it."""
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
