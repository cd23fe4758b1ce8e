"""The deliveries of sales that a change of the catalogue touches (P9).

Only the distinct products as delivered are read, and compared in plain Python; the sales
themselves are read only for list prices, which change for some days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from pyspark.sql import functions as F

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.silver.learning import Days, Knowledge, touched_days

_JUDGED = ("silver.sales", "silver.set_aside")
_QUARANTINE = "silver.quarantine"
_NEVER = date(9999, 12, 31)
_TOUCHED = pa.schema(
    [
        ("feed", pa.string()),
        ("source_product", pa.string()),
        ("first_day", pa.date32()),
        ("last_day", pa.date32()),
    ]
)


def touched_deliveries(lakehouse: Lakehouse, before: Knowledge, after: Knowledge) -> set[int]:
    """File ids of the deliveries that hold a record which is not what it was.

    Args:
        lakehouse: The tables.
        before: What the catalogue knew when they were judged.
        after: What the catalogue knows now.
    """
    if before == after:
        return set()
    change = _Change(lakehouse, before, after)
    found = change.files_in(_QUARANTINE)
    for table in _JUDGED if change.may_touch_accepted else ():
        found |= change.files_in(table)
    return found


@dataclass(frozen=True)
class _Change:
    """A change of what the catalogue knows, and what of the tables it touches."""

    lakehouse: Lakehouse
    before: Knowledge
    after: Knowledge

    @property
    def may_touch_accepted(self) -> bool:
        """Whether it may touch more than what waits: a name that is learnt touches only that.

        Unless a feed takes unknown names as they are, or a name in other capitals.
        """
        feeds = self.lakehouse.declaration.feeds.values()
        is_repriced = self.before.prices != self.after.prices
        return (
            any(each.unknown_products == "pass" or each.ignore_case for each in feeds)
            or (is_repriced and any(each.price_from == "catalogue" for each in feeds))
            or any(self._is_changed(key) for key in self.before.products)
        )

    def _is_changed(self, key: tuple[str, str]) -> bool:
        now = self.after.products.get(key)
        return now is None or now.meaning != self.before.products[key].meaning

    def files_in(self, table: str) -> set[int]:
        """The deliveries with a record in a silver table that it touches."""
        rows = self.lakehouse.table(table)
        delivered = rows.select("feed", "source_product").distinct().toArrow().to_pylist()
        touched = pa.Table.from_pylist(list(self._touched(delivered)), schema=_TOUCHED)
        if not touched.num_rows:
            return set()
        small = self.lakehouse.frame(touched)
        columns = ["feed", "source_product", "_file_id"]
        if table == _QUARANTINE:
            # What waits has no day of its own: its product decides.
            found = rows.select(*columns).join(small, ["feed", "source_product"], "left_semi")
        else:
            found = rows.select(*columns, "sold_on").join(small, ["feed", "source_product"])
            day = F.col("sold_on")
            # An excluded record may have no readable day, and bears a name all the same.
            found = found.where(day.isNull() | day.between(F.col("first_day"), F.col("last_day")))
        ids = found.select("_file_id").distinct().toArrow().to_pylist()
        return {row["_file_id"] for row in ids}

    def _touched(self, delivered: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        feeds = self.lakehouse.declaration.feeds
        for row in delivered:
            if row["feed"] in feeds and row["source_product"] is not None:
                feed = feeds[row["feed"]]
                for days in touched_days(feed, row["source_product"], self.before, self.after):
                    yield {**row, **_as_columns(days)}


def _as_columns(days: Days) -> dict[str, date]:
    first, until = days
    last = _NEVER if until is None else date.fromordinal(until.toordinal() - 1)
    return {"first_day": first, "last_day": last}
