"""Holds corrections back that would remove too much, until somebody accepts them (P5).

A file of a name that was delivered before takes the place of the earlier one. One that is empty,
shares no key with it, or lacks most of its records is more likely a mistake than a correction.
Its records stay in bronze; the earlier delivery stays in force. `run` asks it of records that are
in bronze, `plan` of a file in the landing folder; both compare the same texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.bronze.feed_files import shape_of
from sales_pipeline.config.dialect import WHITE_SPACE
from sales_pipeline.config.model import Declaration, Feed
from sales_pipeline.config.sql.feed_sql import computed_expression
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.column_sources import Source, sources_of
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.tables import BRONZE_SALES, NOT_SALES
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.visible_text import INVISIBLE

if TYPE_CHECKING:
    from pyspark.sql import Column

_BETWEEN = "\x1f"


@dataclass(frozen=True)
class Removal:
    """What a correction would do to the records of the delivery that it replaces.

    Attributes:
        before: Records of the earlier delivery.
        after: Records of the correction.
        removed: Records of the earlier delivery that the correction does not have.
        has_keys: Whether records are compared by their keys, or only counted.
    """

    before: int
    after: int
    removed: int
    has_keys: bool

    @classmethod
    def counted(cls, before: int, after: int) -> Removal:
        """The removal of records without a key, which can only be counted."""
        return cls(before, after, max(0, before - after), has_keys=False)

    @classmethod
    def of_keys(cls, before: pa.Array, after: pa.Array) -> Removal:
        """The removal by the keys of the records, one text a record."""
        removed = pc.sum(pc.invert(pc.is_in(before, value_set=pc.unique(after)))).as_py() or 0
        return cls(len(before), len(after), removed, has_keys=True)

    def exceeds(self, allowed: Decimal | None) -> bool:
        """Says whether it removes more than a share of the records; without one, only all."""
        if not self.removed:
            return False
        if not self.after or (self.has_keys and self.removed == self.before):
            return True
        return allowed is not None and Decimal(self.removed) / self.before > allowed

    def reason(self, earlier: Delivery, path: str) -> str:
        """Why a correction is held, and how to accept it.

        Args:
            earlier: The delivery that it would replace.
            path: Its file, as it is accepted by.
        """
        return (
            f"{self._sentence(earlier)}; that one stays in force. Do: sales-pipeline accept {path}"
        )

    def _sentence(self, earlier: Delivery) -> str:
        of_them = f"{self.removed:,} of the {self.before:,} records of delivery {earlier.file_id}"
        if not self.after:
            return f"it has no record and would remove {of_them}"
        is_all = self.has_keys and self.removed == self.before
        shared = ", and shares no key with it" if is_all else ""
        return f"its {counted(self.after, 'record')} would remove {of_them}{shared}"


def held_back(
    lakehouse: Lakehouse, ledger: Ledger, deliveries: Iterable[Delivery]
) -> dict[int, str]:
    """The corrections that are to be held, by file id, and why.

    Args:
        lakehouse: The tables; `bronze.*` hold the records of all these deliveries.
        ledger: The deliveries that came before.
        deliveries: Deliveries whose records were just written to bronze.
    """
    pairs = [
        (delivery, ledger[delivery.supersedes])
        for delivery in deliveries
        if delivery.supersedes is not None
    ]
    if not pairs:
        return {}
    involved = [delivery for pair in pairs for delivery in pair]
    keys = bronze_keys(lakehouse, involved)
    held: dict[int, str] = {}
    for correction, earlier in pairs:
        feed = lakehouse.declaration.feeds.get(correction.feed)
        before, after = keys[earlier.file_id], keys[correction.file_id]
        if feed is not None and feed.key:
            removal = Removal.of_keys(before, after)
        else:
            removal = Removal.counted(len(before), len(after))
        if removal.exceeds(feed.max_removed if feed else None):
            held[correction.file_id] = removal.reason(earlier, correction.path)
    return held


def compared_columns(feed: Feed) -> list[str]:
    """The columns by which records are the same: the key, and the store where that is one."""
    return [*feed.key, *(["store"] if feed.key and feed.has("store") else [])]


def has_sql_key(feed: Feed) -> bool:
    """Says whether a column by which records are compared is a SQL expression."""
    names = (name for name in compared_columns(feed) if name in feed.computed)
    return any(feed.computed[name].sql is not None for name in names)


def bronze_keys(lakehouse: Lakehouse, deliveries: Iterable[Delivery]) -> dict[int, pa.Array]:
    """File id -> the key of each record in bronze as text; empty texts where there is no key.

    No session starts, unless the key of a feed is a SQL expression.
    """
    found: dict[int, pa.Array] = {}
    plain: list[Delivery] = []
    for delivery in deliveries:
        feed = lakehouse.declaration.feeds.get(delivery.feed)
        if feed is None or delivery.feed in NOT_SALES:
            rows = lakehouse.read(
                f"bronze.{delivery.feed}", columns=["_row"], file_ids=[delivery.file_id]
            )
            found[delivery.file_id] = pa.repeat("", rows.num_rows)
        elif has_sql_key(feed):
            found[delivery.file_id] = _sql_keys(lakehouse, feed, delivery)
        else:
            plain.append(delivery)
    return found | _plain_keys(lakehouse, plain)


def _plain_keys(lakehouse: Lakehouse, deliveries: Sequence[Delivery]) -> dict[int, pa.Array]:
    """The same for feeds whose keys are columns of their files or constants, in one read."""
    if not deliveries:
        return {}
    feeds = lakehouse.declaration.feeds
    there = set(lakehouse.engine.column_names(BRONZE_SALES))
    names = {name for each in deliveries for name in compared_columns(feeds[each.feed])}
    sources = {
        delivery.file_id: dict(sources_of(feeds[delivery.feed].columns, delivery))
        for delivery in deliveries
    }
    moved = [source for of_file in sources.values() for source in of_file.values() if source]
    names |= {name for kind, name in moved if kind == "column"}
    extra = ["_extra"] if any(kind == "extra" for kind, _ in moved) else []
    columns = ["_file_id", *sorted(names & there), *extra]
    rows = lakehouse.read(BRONZE_SALES, columns=columns, file_ids={d.file_id for d in deliveries})
    return {
        delivery.file_id: _key_texts(
            feeds[delivery.feed],
            rows.filter(pc.equal(rows["_file_id"], delivery.file_id)),
            sources[delivery.file_id],
        )
        for delivery in deliveries
    }


def _sql_keys(lakehouse: Lakehouse, feed: Feed, delivery: Delivery) -> pa.Array:
    from pyspark.sql import functions as F

    rows = lakehouse.table(BRONZE_SALES).where(among("_file_id", [delivery.file_id]))
    texts: list[Column] = []
    for name in compared_columns(feed):
        expression = computed_expression(feed, name) if name in feed.computed else None
        if expression is not None:
            text = F.expr(expression.safe_sql)
        elif name in feed.computed:
            text = F.lit(feed.computed[name].value)
        else:
            text = F.col(name)
        texts.append(text.cast("STRING").alias(f"key_{len(texts)}"))
    table = rows.select(*texts).toArrow()
    return _joined([table[name] for name in table.column_names], table.num_rows)


def _key_texts(feed: Feed, rows: pa.Table, sources: Mapping[str, Source]) -> pa.Array:
    """The keys of some records; their columns by name, or where a delivery has them."""
    columns = []
    for name in compared_columns(feed):
        source = sources.get(name, ("column", name))
        if name in feed.computed:
            columns.append(pa.repeat(pa.scalar(feed.computed[name].value, pa.string()), len(rows)))
        elif source is None:
            columns.append(pa.nulls(len(rows), pa.string()))
        elif source[0] == "column":
            columns.append(rows[source[1]])
        else:
            texts = (json.loads(text or "{}").get(source[1]) for text in rows["_extra"].to_pylist())
            columns.append(pa.array(texts, pa.string()))
    return _joined(columns, rows.num_rows)


def _joined(columns: Sequence[pa.Array | pa.ChunkedArray], rows: int) -> pa.Array:
    """One text for each record, of its trimmed texts without what nobody sees."""
    if not columns:
        return pa.repeat("", rows)
    invisible = f"[{INVISIBLE}]"
    texts = []
    for column in columns:
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        visible = pc.replace_substring_regex(pc.fill_null(whole, ""), invisible, "")
        texts.append(pc.utf8_trim(pc.utf8_normalize(visible, form="NFC"), WHITE_SPACE))
    return pc.binary_join_element_wise(*texts, _BETWEEN)


@dataclass
class LandedRecords:
    """The records of one file of sales in the landing folder.

    Attributes:
        rows: How many there are, malformed ones with them.
        day_texts: The distinct texts of the column `sold_on`.
        keys: The key of each record; none where keys were not asked for.
    """

    rows: int = 0
    day_texts: set[str] = field(default_factory=set)
    keys: list[pa.Array] = field(default_factory=list)


def has_day_texts(feed: Feed) -> bool:
    """Says whether the day of a record is a text of the file, or the same text everywhere."""
    return "sold_on" in feed.columns or feed.computed["sold_on"].sql is None


def landed_records(
    declaration: Declaration, delivery: Delivery, path: Path, *, with_keys: bool
) -> LandedRecords:
    """Reads a file of sales through the landing reader, before it is in bronze.

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
    records = LandedRecords()
    for batch in read_batches(str(path), shape, 0, sha256=delivery.sha256):
        records.rows += batch.num_rows
        records.day_texts |= _day_texts(feed, batch)
        if with_keys and not has_sql_key(feed):
            records.keys.append(_key_texts(feed, pa.Table.from_batches([batch]), {}))
    return records


def _day_texts(feed: Feed, batch: pa.RecordBatch) -> set[str]:
    if "sold_on" in feed.columns:
        return set(pc.unique(batch["sold_on"]).drop_null().to_pylist())
    value = feed.computed["sold_on"].value
    return {value} if batch.num_rows and value is not None else set()


def landed_removal(
    lakehouse: Lakehouse, earlier: Delivery, records: LandedRecords
) -> Removal | None:
    """What a landed file would remove of the delivery that it corrects; None if unknown.

    Args:
        lakehouse: The tables; `bronze.sales` is read without a session.
        earlier: The delivery that it corrects.
        records: Its records, with their keys.
    """
    feed = lakehouse.declaration.feeds[earlier.feed]
    if earlier.rows is None or earlier.state is State.CLAIMED:
        return None
    if not feed.key or not records.rows:
        return Removal.counted(earlier.rows, records.rows)
    if has_sql_key(feed):
        return None
    before = bronze_keys(lakehouse, [earlier])[earlier.file_id]
    return Removal.of_keys(before, pa.concat_arrays(records.keys))
