"""Holds corrections back that would remove too much, until somebody accepts them (P5).

A file of a name that was delivered before takes the place of the earlier one. One that is empty,
shares no key with it, or lacks most of its records is more likely a mistake than a correction; one
that shares no day with it is more likely the file of another day, under a name that is used again.
Its records stay in bronze; the earlier delivery stays in force. `run` asks it of records that are
in bronze, `plan` of a file in the landing folder; both compare the same texts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.bronze.feed_files import shape_of
from sales_pipeline.bronze.record_texts import (
    bronze_days,
    bronze_texts,
    compared_columns,
    days_in,
    has_sql,
    joined_texts,
)
from sales_pipeline.config.model import Declaration, Feed
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import NO_SHARED_DAY, Delivery, Ledger, State
from sales_pipeline.lakehouse.tables import EXCHANGE_RATES
from sales_pipeline.landing.reader import read_batches


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
    """The deliveries that are to be held, by file id, and why.

    Args:
        lakehouse: The tables; `bronze.*` hold the records of all these deliveries.
        ledger: The deliveries that came before.
        deliveries: Deliveries whose records were just written to bronze.
    """
    found = list(deliveries)
    held = {each.file_id: each.reason for each in found if each.reason}
    pairs = [(each, ledger[each.supersedes]) for each in found if each.supersedes is not None]
    if not pairs:
        return held
    involved = [delivery for pair in pairs for delivery in pair]
    keys = bronze_texts(lakehouse, involved, compared_columns)
    days = bronze_days(lakehouse, involved)
    for correction, earlier in pairs:
        feed = lakehouse.declaration.feeds.get(correction.feed)
        before, after = keys[earlier.file_id], keys[correction.file_id]
        if feed is not None and feed.key:
            removal = Removal.of_keys(before, after)
        else:
            removal = Removal.counted(len(before), len(after))
        apart = _days_apart(days.get(earlier.file_id, set()), days.get(correction.file_id, set()))
        if apart is not None:
            held[correction.file_id] = days_apart_reason(earlier, *apart, correction.path)
        elif removal.exceeds(feed.max_removed if feed else None):
            held[correction.file_id] = removal.reason(earlier, correction.path)
    return held


def _days_apart(before: set[str], after: set[str]) -> tuple[set[str], set[str]] | None:
    """The days of a delivery and of its correction if both have some and share none, else None."""
    return (before, after) if before and after and before.isdisjoint(after) else None


def days_apart_reason(
    earlier: Delivery, before: Collection[str], after: Collection[str], path: str
) -> str:
    """Why a file is held that has none of the days of the delivery that it would replace.

    Args:
        earlier: That delivery.
        before: Its days.
        after: The days of the file.
        path: The file, as it is accepted by.
    """
    part = "rates" if earlier.feed == EXCHANGE_RATES else f"feeds.{earlier.feed}"
    return (
        f"{NO_SHARED_DAY} {earlier.file_id}: {_span(after)}, there {_span(before)}; that one stays "
        f"in force. Do: if the name is used again for other days, declare {part}.same_name: adds, "
        f"so that both count; then, or if this file corrects that one, sales-pipeline accept {path}"
    )


def _span(days: Collection[str]) -> str:
    first, last = min(days), max(days)
    return first if first == last else f"{first} to {last}"


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
        if with_keys and not has_sql(feed, compared_columns(feed)):
            table = pa.Table.from_batches([batch])
            records.keys.append(joined_texts(feed, table, compared_columns(feed), {}))
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
    if has_sql(feed, compared_columns(feed)):
        return None
    before = bronze_texts(lakehouse, [earlier], compared_columns)[earlier.file_id]
    return Removal.of_keys(before, pa.concat_arrays(records.keys))


def landed_days_apart(
    lakehouse: Lakehouse, earlier: Delivery, records: LandedRecords
) -> tuple[set[str], set[str]] | None:
    """The days of a delivery and of a landed file that corrects it, if they share none.

    None if they share one, or where it cannot be told without a session.
    """
    feed = lakehouse.declaration.feeds[earlier.feed]
    if earlier.rows is None or earlier.state is State.CLAIMED or not has_day_texts(feed):
        return None
    before = bronze_days(lakehouse, [earlier])[earlier.file_id]
    return _days_apart(before, days_in(records.day_texts, feed.date_formats))
