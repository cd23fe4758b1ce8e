"""Holds back corrections that would remove too much, until somebody accepts them (P5).

A file of a name that was delivered before takes the place of the earlier one. One that is empty,
shares no key with it, or lacks most of its records is more likely a mistake than a correction; one
that shares no day with it is more likely the file of another day, under a reused name.
Its records stay in bronze; the earlier delivery stays in force. `run` checks records that are
in bronze, `plan` of a file in the landing folder; both compare the same texts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
    landed_texts,
)
from sales_pipeline.config.feed import Feed
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import NO_SHARED_DAY, Delivery, Ledger, State
from sales_pipeline.lakehouse.tables import EXCHANGE_RATES
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.landing.shape import bronze_schema


@dataclass(frozen=True)
class Removal:
    """Counts of the records that a correction would remove from the delivery it replaces.

    Attributes:
        before: Records of the earlier delivery.
        after: Records of the correction.
        removed: Records of the earlier delivery that the correction does not have.
        has_keys: True if records are compared by their keys, and not only counted.
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
        """Returns whether it removes more than a share of the records; without one, all of them."""
        if not self.removed:
            return False
        if not self.after or (self.has_keys and self.removed == self.before):
            return True
        return allowed is not None and Decimal(self.removed) / self.before > allowed

    def reason(self, earlier: Delivery, path: str) -> str:
        """The reason why a correction is held, and how to accept it."""
        its = f"its {counted(self.after, 'record')}" if self.after else "it has no record and"
        is_all = self.has_keys and self.after and self.removed == self.before
        shared = ", and shares no key with it" if is_all else ""
        return (
            f"{its} would remove {self.removed:,} of the {self.before:,} records of delivery "
            f"{earlier.file_id}{shared}; that one stays in force. Do: sales-pipeline accept {path}"
        )


def reasons_to_hold(
    lakehouse: Lakehouse, ledger: Ledger, deliveries: Sequence[Delivery]
) -> dict[int, str]:
    """Returns the file ids of deliveries to hold -> why.

    Args:
        lakehouse: The tables; `bronze.*` hold the records of all these deliveries.
        ledger: The deliveries that came before.
        deliveries: Deliveries whose records were just written to bronze.
    """
    held = {delivery.file_id: delivery.reason for delivery in deliveries if delivery.reason}
    pairs = [
        (delivery, ledger[delivery.supersedes])
        for delivery in deliveries
        if delivery.supersedes is not None
    ]
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
        of_both = days.get(earlier.file_id, set()), days.get(correction.file_id, set())
        if reason := _doubt(feed, earlier, correction.path, days=of_both, removal=removal):
            held[correction.file_id] = reason
    return held


def _doubt(
    feed: Feed | None,
    earlier: Delivery,
    path: str,
    *,
    days: tuple[set[str], set[str]],
    removal: Removal,
) -> str | None:
    """The reason to hold a correction, or None.

    Args:
        feed: Its feed; None for the catalogue and rates.
        earlier: The delivery that it would replace.
        path: The file, as it is accepted by.
        days: The days of that delivery, and of the file.
        removal: What it would do to the records of that delivery.
    """
    before, after = days
    if before and after and before.isdisjoint(after):
        part = "rates" if earlier.feed == EXCHANGE_RATES else f"feeds.{earlier.feed}"
        return (
            f"{NO_SHARED_DAY} {earlier.file_id}: {_span(after)}, there {_span(before)}; that one "
            "stays in force. Do: if the name is used again for other days, declare "
            f"{part}.same_name: adds, so that both count; then, or if this file corrects that "
            f"one, sales-pipeline accept {path}"
        )
    if removal.exceeds(feed.max_removed if feed else None):
        return removal.reason(earlier, path)
    return None


def _span(days: Collection[str]) -> str:
    first, last = min(days), max(days)
    return first if first == last else f"{first} to {last}"


def reason_to_hold_landed(
    lakehouse: Lakehouse, earlier: Delivery, delivery: Delivery, path: Path
) -> str | None:
    """The reason why a run would hold a landed file as a correction, or None.

    Args:
        lakehouse: The tables; `bronze.*` are read.
        earlier: The delivery that it would replace.
        delivery: The delivery that it would be.
        path: Where its bytes lie.

    Raises:
        FileChanged: The bytes are not the delivered ones.
        FileRejected: The file cannot be read.
    """
    if earlier.rows is None or earlier.state is State.CLAIMED:
        return None
    feed = lakehouse.declaration.feeds.get(delivery.feed)
    columns = ["date"] if feed is None else [*compared_columns(feed), "sold_on"]
    landed = _landed_table(lakehouse.declaration, delivery, path, columns)
    removal = Removal.counted(earlier.rows, landed.num_rows)
    if feed is not None and feed.key and landed.num_rows:
        before = bronze_texts(lakehouse, [earlier], compared_columns)[earlier.file_id]
        after = landed_texts(lakehouse, feed, landed, compared_columns(feed))
        removal = Removal.of_keys(before, after)
    days_before = bronze_days(lakehouse, [earlier]).get(earlier.file_id, set())
    days = days_before, _landed_days(lakehouse, delivery, landed)
    return _doubt(feed, earlier, delivery.path, days=days, removal=removal)


def _landed_days(lakehouse: Lakehouse, delivery: Delivery, landed: pa.Table) -> set[str]:
    """The days of a landed file of sales or rates."""
    feed = lakehouse.declaration.feeds.get(delivery.feed)
    if feed is not None:
        texts = landed_texts(lakehouse, feed, landed, ["sold_on"])
        return days_in(texts.unique().to_pylist(), feed.date_formats)
    if delivery.feed != EXCHANGE_RATES:
        return set()
    dates = landed["date"].unique().drop_null().to_pylist()
    return days_in(dates, lakehouse.declaration.rates.date_formats)


def _landed_table(
    declaration: Declaration, delivery: Delivery, path: Path, names: Sequence[str]
) -> pa.Table:
    """The columns of a file that are needed to compute some columns."""
    feed = declaration.feeds.get(delivery.feed)
    is_computed = feed is not None and has_sql(feed, names)
    shape = shape_of(declaration, delivery)
    columns = [name for name, _ in shape.columns]
    kept = ["_row", *(columns if is_computed else [name for name in columns if name in names])]
    batches = read_batches(str(path), shape, 0, sha256=delivery.sha256)
    schema = bronze_schema(shape.columns)
    fields = pa.schema([schema.field(name) for name in kept])
    return pa.Table.from_batches((batch.select(kept) for batch in batches), fields)
