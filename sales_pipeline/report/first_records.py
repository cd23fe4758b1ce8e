"""Reads and judges the first records of landing files as a run would, and keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from sales_pipeline.bronze.feed_files import file_shape, find_files, folders_of, landing_patterns
from sales_pipeline.bronze.landed import REJECTED, landed_files
from sales_pipeline.config.model import Declaration, Feed
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.tables import CATALOGUE
from sales_pipeline.landing.examine import first_records
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.report.check import Check, FilePreview, RecordPreview
from sales_pipeline.silver.batch import warnings_of
from sales_pipeline.silver.conditions import check_conditions
from sales_pipeline.silver.entries import CatalogueReader
from sales_pipeline.silver.feed_warnings import FeedWarning
from sales_pipeline.silver.judging import Judge
from sales_pipeline.silver.learning import Knowledge, learn
from sales_pipeline.silver.meanings import Meanings
from sales_pipeline.silver.prices import known_prices
from sales_pipeline.silver.products import known_products


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
        known = _Catalogue(lakehouse).known(files)
        judged, warnings = _judged(lakehouse, known, files, rows)
        return Check(
            source=source,
            feeds=patterns,
            base_currency=declaration.base_currency,
            files=tuple(judged),
            warnings=tuple(warnings),
            names=len(known.products),
            unclaimed=tuple(found.unclaimed),
        )


@dataclass(frozen=True)
class _Catalogue:
    """The names that the lakehouse knows, and those that catalogue files here would teach."""

    lakehouse: Lakehouse

    def known(self, files: Sequence[FilePreview]) -> Knowledge:
        declaration = self.lakehouse.declaration
        reader = CatalogueReader(declaration)
        readable = (each for each in files if _is_readable(each, CATALOGUE))
        rows = (row for each in readable for row in self._rows(each))
        entries = [reader.entry(row) for row in rows if not reader.faults(row)]
        taught = learn(entries, before=known_products(self.lakehouse)).knowledge
        return Knowledge(taught.products, {**known_prices(self.lakehouse), **taught.prices})

    def _rows(self, file: FilePreview) -> list[dict[str, Any]]:
        declaration = self.lakehouse.declaration
        path = Path(declaration.landing, file.path)
        batches = read_batches(str(path), file_shape(declaration, CATALOGUE), 0)
        return [row for batch in batches for row in batch.to_pylist()]


def _judged(
    lakehouse: Lakehouse, known: Knowledge, files: Sequence[FilePreview], rows: int
) -> tuple[list[FilePreview], list[FeedWarning]]:
    """The files, those of sales with their first records; and what is to be told of those."""
    records: dict[str, list[RecordPreview]] = {}
    warnings: list[FeedWarning] = []
    for feed in lakehouse.declaration.feeds:
        own = [each for each in files if _is_readable(each, feed)]
        if own:
            records |= _FirstRecords(lakehouse, known, feed, warnings).of(own, rows)
    shown = [replace(each, records=tuple(records.get(each.path, ()))) for each in files]
    return shown, warnings


def _is_readable(file: FilePreview, feed: str) -> bool:
    return file.feed == feed and file.becomes != REJECTED


@dataclass(frozen=True)
class _FirstRecords:
    """The first records of the files of one feed, judged in one statement.

    Attributes:
        lakehouse: The tables.
        known: What the catalogue knows.
        feed: The feed.
        warnings: Takes what is to be told of the records' texts.
    """

    lakehouse: Lakehouse
    known: Knowledge
    feed: str
    warnings: list[FeedWarning]

    def of(self, files: Sequence[FilePreview], rows: int) -> dict[str, list[RecordPreview]]:
        """Path -> its records; a file without any record is left out."""
        declaration = self.lakehouse.declaration
        shape = file_shape(declaration, self.feed)
        paths = [Path(declaration.landing, each.path) for each in files]
        bronze = pa.concat_tables(
            _numbered(first_records(path, shape, rows), number) for number, path in enumerate(paths)
        )
        found: dict[str, list[RecordPreview]] = {}
        if bronze.num_rows:
            for row in self._judge(bronze):
                found.setdefault(files[row["_file_id"]].path, []).append(_record(row))
        return found

    def _judge(self, bronze: pa.Table) -> list[dict[str, Any]]:
        judge = Judge(self.feed, self._declared, self.lakehouse.further_keys)
        rows = self.lakehouse.frame(bronze)
        delivered = judge.source_products(rows).toArrow().to_pylist()
        meanings = Meanings(self.lakehouse.declaration.feeds, self.known)
        names = self.lakehouse.frame(meanings.table(delivered))
        judged: list[dict[str, Any]] = judge.judged(rows, names).toArrow().to_pylist()
        self.warnings.extend(warnings_of([(judge, rows)]))
        return sorted(judged, key=lambda row: (row["_file_id"], row["_row"]))

    @property
    def _declared(self) -> Feed:
        return self.lakehouse.declaration.feeds[self.feed]


def _numbered(records: pa.Table, number: int) -> pa.Table:
    """The records with the number of their file, by which they are found again."""
    column = pa.array([number] * records.num_rows, pa.int64())
    return records.set_column(records.schema.get_field_index("_file_id"), "_file_id", column)


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
