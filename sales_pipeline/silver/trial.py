"""Validates records of landing files that are not in bronze, and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql import functions as F

from sales_pipeline.lakehouse.arrow_types import arrow_type
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, State
from sales_pipeline.lakehouse.runs import utc_now
from sales_pipeline.lakehouse.tables import BRONZE_SALES
from sales_pipeline.silver import counting
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.feed_warnings import FeedWarning
from sales_pipeline.silver.reference.learning import Knowledge
from sales_pipeline.silver.suspicious_texts import warnings_of
from sales_pipeline.silver.validation.validator import FIT


@dataclass(frozen=True)
class Trial:
    """Validated records of some files.

    Attributes:
        records: The records as `Validator.validated` gives them, in order; `_file_id` is the
            place of the file, from 1.
        warnings: Warnings about their texts.
    """

    records: list[dict[str, Any]]
    warnings: list[FeedWarning]


def validated_files(
    lakehouse: Lakehouse, knowledge: Knowledge, files: Sequence[tuple[str, str, pa.Table]]
) -> Trial:
    """Validates the records of some files as a run would.

    Args:
        lakehouse: The declaration and the engine; no table is read.
        knowledge: What the catalogue knows.
        files: The feed and the path of each file, and its records in the bronze schema of the
            feed's columns.
    """
    names = [column.name for column in lakehouse.columns(BRONZE_SALES)]
    types = [arrow_type(column.type) for column in lakehouse.columns(BRONZE_SALES)]
    schema = pa.schema(list(zip(names, types, strict=True)))
    tables = [
        _numbered(records, schema, feed, file_id)
        for file_id, (feed, _, records) in enumerate(files, start=1)
    ]
    bronze = pa.concat_tables(tables) if tables else schema.empty_table()
    if not bronze.num_rows:
        return Trial([], [])
    deliveries = tuple(
        _delivery(feed, path, file_id) for file_id, (feed, path, _) in enumerate(files, start=1)
    )
    batch = Batch(
        lakehouse, deliveries, knowledge, bronze=lakehouse.shared("records_of_trial", bronze)
    )
    records = batch.validated().toArrow().to_pylist()
    records.sort(key=lambda row: (row["_file_id"], row["_row"]))
    sales = batch.validated().where(F.col("verdict") == FIT)
    return Trial(records, list(warnings_of(batch, counting.in_bronze(batch), sales)))


def _numbered(records: pa.Table, schema: pa.Schema, feed: str, file_id: int) -> pa.Table:
    rows = records.num_rows
    given = {
        "feed": pa.repeat(feed, rows),
        "_file_id": pa.repeat(pa.scalar(file_id, pa.int64()), rows),
    }
    none = pa.nulls(rows, pa.string())
    columns = [
        given[name] if name in given else records[name] if name in records.column_names else none
        for name in schema.names
    ]
    return pa.table(columns, schema=schema)


def _delivery(feed: str, path: str, file_id: int) -> Delivery:
    return Delivery(
        file_id=file_id,
        feed=feed,
        name="",
        path=path,
        sha256="",
        bytes=0,
        state=State.IN_BRONZE,
        fingerprint="",
        claimed_at=utc_now(),
        run_id="",
    )
