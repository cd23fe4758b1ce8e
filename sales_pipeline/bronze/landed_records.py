"""What the records of a landing file say before they are in bronze, read without Spark.

A plan asks for it: the days and keys of a file tell which months it touches and what it would
remove.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.bronze.feed_files import shape_of
from sales_pipeline.bronze.removal import Removal, compared_columns, key_counts
from sales_pipeline.config.model import Declaration, Feed
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, State
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.landing.shape import BRONZE_TECHNICAL


@dataclass
class LandedRecords:
    """The records of one file of sales.

    Attributes:
        rows: How many there are, malformed ones with them.
        day_texts: The distinct texts of the column `sold_on`.
        keys: How many records have each key; none where keys were not asked for.
    """

    rows: int = 0
    day_texts: set[str] = field(default_factory=set)
    keys: Counter[tuple[str, ...]] = field(default_factory=Counter)


def has_day_texts(feed: Feed) -> bool:
    """Says whether the day of a record is a text of the file, or the same text everywhere."""
    return "sold_on" in feed.columns or feed.computed["sold_on"].sql is None


def landed_records(
    declaration: Declaration, delivery: Delivery, path: Path, *, with_keys: bool
) -> LandedRecords:
    """Reads a file of sales through the landing reader.

    Args:
        declaration: What the retailer declares.
        delivery: The delivery that the file is.
        path: Where its bytes lie.
        with_keys: Whether the keys are asked for.

    Raises:
        FileChanged: The bytes are not those of the delivery.
        FileRejected: The file cannot be read.
    """
    feed = declaration.feeds[delivery.feed]
    shape = shape_of(declaration, delivery)
    keys = [name for name in compared_columns(feed) if name in feed.columns]
    found = LandedRecords()
    for batch in read_batches(str(path), shape, 0, sha256=delivery.sha256):
        found.rows += batch.num_rows
        found.day_texts |= _day_texts(feed, batch)
        if with_keys:
            found.keys += _keys(batch, keys)
    return found


def _day_texts(feed: Feed, batch: pa.RecordBatch) -> set[str]:
    if "sold_on" in feed.columns:
        return set(pc.unique(batch["sold_on"]).drop_null().to_pylist())
    value = feed.computed["sold_on"].value
    return {value} if batch.num_rows and value is not None else set()


def removal(lakehouse: Lakehouse, earlier: Delivery, records: LandedRecords) -> Removal | None:
    """What a file would remove of the delivery that it corrects; None where it cannot be told.

    Args:
        lakehouse: The tables; the feed's bronze table is read without a session.
        earlier: What it corrects.
        records: Its records, with their keys.
    """
    feed = lakehouse.declaration.feeds[earlier.feed]
    if earlier.rows is None or earlier.state is State.CLAIMED:
        return None
    if not feed.key or not records.rows:
        return Removal.counted(earlier.rows, records.rows)
    names = compared_columns(feed)
    if any(name in feed.computed and feed.computed[name].sql is not None for name in names):
        return None
    columns = [name for name in names if name in feed.columns]
    table = f"bronze.{earlier.feed}"
    if not set(columns) <= set(_first_columns(lakehouse.engine.column_names(table))):
        return None
    read = ["_row", *columns]
    before = lakehouse.engine.read(table, columns=read, file_ids=[earlier.file_id])
    return Removal.of_keys(_keys(before, columns), records.keys)


def _first_columns(there: Iterable[str]) -> list[str]:
    """The columns that a bronze table was made with: older rows lack those that came later."""
    names = list(there)
    return names[: names.index(BRONZE_TECHNICAL[-1][0])]


def _keys(records: pa.Table | pa.RecordBatch, columns: list[str]) -> Counter[tuple[str, ...]]:
    return key_counts([records[name].to_pylist() for name in columns], records.num_rows)
