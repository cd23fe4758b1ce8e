"""Reads and judges the first records of landing files as a run would, and keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sales_pipeline.bronze.claiming import REJECTED, landed_files
from sales_pipeline.bronze.feed_files import file_shape, find_files, folders_of, landing_patterns
from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.tables import CATALOGUE
from sales_pipeline.landing.examine import first_records
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.report.check import Check, FilePreview, RecordPreview
from sales_pipeline.run_report import FileNote
from sales_pipeline.silver.feed_warnings import FeedWarning
from sales_pipeline.silver.fine_amounts import fine_prices
from sales_pipeline.silver.reference.catalogue_entries import CatalogueReader, Entry
from sales_pipeline.silver.reference.learning import Knowledge, learn
from sales_pipeline.silver.reference.list_prices import known_prices
from sales_pipeline.silver.reference.products import known_products
from sales_pipeline.silver.trial import validated_files
from sales_pipeline.silver.validation.conditions import check_conditions


def understand(declaration: Declaration, *, source: str, rows: int) -> Check:
    """Returns how the files in the landing folder would be understood.

    A session starts only where SQL is declared, or a file has records to judge.

    Args:
        declaration: What the retailer declares.
        source: Where the declaration comes from, for the report.
        rows: How many records of each file are read.

    Raises:
        UsageError: Declared SQL is none over its columns.
        LakehouseMismatch: The lakehouse does not fit the declaration.
    """
    patterns = landing_patterns(declaration)
    with opened_lakehouse(declaration) as lakehouse:
        check_conditions(lakehouse)
        ledger = Ledger(lakehouse)
        found = find_files(declaration, ledger, folders_of(declaration))
        landed = landed_files(declaration, ledger, found)
        files = [FilePreview(each.path, each.feed, each.becomes, each.reason) for each in landed]
        catalogue = _Catalogue(lakehouse, files)
        known = catalogue.known()
        judged, warnings = _judged(lakehouse, known, files, rows)
        return Check(
            source=source,
            feeds=patterns,
            base_currency=declaration.base_currency,
            files=tuple(judged),
            warnings=(*catalogue.warnings(), *warnings),
            names=len(known.products),
            unclaimed=tuple(found.unclaimed),
            left=tuple(FileNote(path, why) for path, why in found.left.items()),
        )


@dataclass(frozen=True)
class _Catalogue:
    """The names that the lakehouse knows, and those that catalogue files here would teach."""

    lakehouse: Lakehouse
    files: Sequence[FilePreview]

    def known(self) -> Knowledge:
        taught = learn(self._entries, before=known_products(self.lakehouse)).knowledge
        return Knowledge(taught.products, {**known_prices(self.lakehouse), **taught.prices})

    def warnings(self) -> Iterator[FeedWarning]:
        dialect = self.lakehouse.declaration.catalogue.csv
        return fine_prices(self._entries, dialect, dict(self._paths))

    @cached_property
    def _paths(self) -> list[tuple[int, str]]:
        readable = (each for each in self.files if _is_readable(each, CATALOGUE))
        return [(file_id, file.path) for file_id, file in enumerate(readable, start=1)]

    @cached_property
    def _entries(self) -> list[Entry]:
        reader = CatalogueReader(self.lakehouse.declaration)
        rows = (row for place in self._paths for row in self._rows(*place))
        return [reader.entry(row) for row in rows if not reader.faults(row)]

    def _rows(self, file_id: int, path: str) -> list[dict[str, Any]]:
        declaration = self.lakehouse.declaration
        file = Path(declaration.landing, path)
        batches = read_batches(str(file), file_shape(declaration, CATALOGUE), file_id)
        return [row for batch in batches for row in batch.to_pylist()]


def _judged(
    lakehouse: Lakehouse, known: Knowledge, files: Sequence[FilePreview], rows: int
) -> tuple[list[FilePreview], list[FeedWarning]]:
    """The files, those of sales with their first records, and the warnings about those."""
    declaration = lakehouse.declaration
    readable = [each for feed in declaration.feeds for each in files if _is_readable(each, feed)]
    first = [
        first_records(
            Path(declaration.landing, each.path), file_shape(declaration, each.feed), rows
        )
        for each in readable
    ]
    given = [(each.feed, each.path, table) for each, table in zip(readable, first, strict=True)]
    trial = validated_files(lakehouse, known, given)
    records: dict[str, list[RecordPreview]] = {}
    for row in trial.records:
        records.setdefault(readable[row["_file_id"] - 1].path, []).append(_record(row))
    shown = [replace(each, records=tuple(records.get(each.path, ()))) for each in files]
    return shown, trial.warnings


def _is_readable(file: FilePreview, feed: str) -> bool:
    return file.feed == feed and file.becomes != REJECTED


def _record(row: dict[str, Any]) -> RecordPreview:
    return RecordPreview(
        row=row["_row"],
        verdict=row["verdict"],
        reasons=tuple(row["reasons"] or ()),
        sold_on=row["sold_on"],
        source_product=row["source_product"],
        product=row["product"],
        quantity=row["quantity"],
        amount=row["amount"],
        currency=row["currency"],
    )
