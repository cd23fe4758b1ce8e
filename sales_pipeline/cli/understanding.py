"""Reads and judges the first records of landing files as a run would, and keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from sales_pipeline.bronze.claiming import file_shape, find_files, folders_of, landing_patterns
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.lakehouse.tables import CATALOGUE
from sales_pipeline.landing.examine import first_records
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.report.landed import REJECTED, landed_files
from sales_pipeline.report.preview import Check, FilePreview, RecordPreview
from sales_pipeline.silver.catalogue import known_products
from sales_pipeline.silver.judging import Judge
from sales_pipeline.silver.products import Known, learn, normalised

_NAMES = pa.schema(
    [(name, pa.string()) for name in ("feed", "source_product", "product", "category")]
)


def understand(declaration: Declaration, *, source: str, rows: int) -> Check:
    """Returns how the files in the landing folder would be understood.

    A session starts only where a file has records to judge.

    Args:
        declaration: What the retailer declares.
        source: Where the declaration comes from, for the report.
        rows: How many records of each file are read.

    Raises:
        LakehouseMismatch: The lakehouse does not fit the declaration.
    """
    patterns = landing_patterns(declaration)
    with closing(open_engine(Path(declaration.lakehouse))) as engine:
        lakehouse = Lakehouse(declaration, engine)
        lakehouse.check()
        ledger = Ledger(lakehouse)
        found = find_files(declaration, ledger, folders_of(declaration))
        landed = landed_files(declaration, ledger, found)
        files = [FilePreview(each.path, each.feed, each.becomes, each.reason) for each in landed]
        known = _Catalogue(lakehouse).known(files)
        return Check(
            source=source,
            feeds=patterns,
            base_currency=declaration.base_currency,
            files=tuple(_judged(lakehouse, known, files, rows)),
            names=len(known),
            unclaimed=tuple(found.unclaimed),
        )


@dataclass(frozen=True)
class _Catalogue:
    """The names that the lakehouse knows, and those that catalogue files here would teach."""

    lakehouse: Lakehouse

    def known(self, files: Sequence[FilePreview]) -> Known:
        declaration = self.lakehouse.declaration
        taught = [
            row for each in files if _is_readable(each, CATALOGUE) for row in self._rows(each)
        ]
        languages = list(declaration.catalogue.languages)
        new = learn(taught, languages, into=declaration.language)
        return {**known_products(self.lakehouse), **new}

    def _rows(self, file: FilePreview) -> list[dict[str, Any]]:
        declaration = self.lakehouse.declaration
        path = Path(declaration.landing, file.path)
        batches = read_batches(str(path), file_shape(declaration, CATALOGUE), 0)
        return [row for batch in batches for row in batch.to_pylist() if row["_problem"] is None]


def _judged(
    lakehouse: Lakehouse, known: Known, files: Sequence[FilePreview], rows: int
) -> list[FilePreview]:
    """The files, those of sales with their first records."""
    records: dict[str, list[RecordPreview]] = {}
    for feed in lakehouse.declaration.feeds:
        own = [each for each in files if _is_readable(each, feed)]
        if own:
            records |= _FirstRecords(lakehouse, known, feed).of(own, rows)
    return [replace(each, records=tuple(records.get(each.path, ()))) for each in files]


def _is_readable(file: FilePreview, feed: str) -> bool:
    return file.feed == feed and file.becomes != REJECTED


@dataclass(frozen=True)
class _FirstRecords:
    """The first records of the files of one feed, judged in one statement."""

    lakehouse: Lakehouse
    known: Known
    feed: str

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
        spark = self.lakehouse.engine.spark()
        feed = self.lakehouse.declaration.feeds[self.feed]
        judge = Judge(self.feed, feed, self.lakehouse.further_keys)
        names: DataFrame = spark.createDataFrame(self._names(bronze["product"], feed.language))
        judged = judge.judged(spark.createDataFrame(bronze), names).toArrow()
        rows: list[dict[str, Any]] = judged.to_pylist()
        return sorted(rows, key=lambda row: (row["_file_id"], row["_row"]))

    def _names(self, delivered: pa.ChunkedArray, language: str) -> pa.Table:
        rows = [
            {
                "feed": self.feed,
                "source_product": name,
                "product": meaning.product,
                "category": meaning.category,
            }
            for name in delivered.unique().to_pylist()
            if (meaning := self.known.get((language, normalised(name or "")))) is not None
        ]
        return pa.Table.from_pylist(rows, schema=_NAMES)


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
