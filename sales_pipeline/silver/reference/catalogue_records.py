"""Reads the records of deliveries of the catalogue, each as an entry or with its faults."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.column_sources import by_header
from sales_pipeline.lakehouse.declared_tables import catalogue_columns
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, deliveries_by_id
from sales_pipeline.silver.reference.catalogue_entries import CatalogueReader, Entry
from sales_pipeline.silver.reference.contradictions import check_delivery
from sales_pipeline.silver.reference.reference_balance import Fault, refusal_of
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
        """Yields the records of some deliveries that teach nothing, each with its reasons.

        Args:
            file_ids: The deliveries.
            waiting: The entries that wait for a translation.
        """
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
