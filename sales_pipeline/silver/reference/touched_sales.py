"""Finds the deliveries of sales that a change of the catalogue touches (P9).

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
from sales_pipeline.lakehouse.tables import RECORDS
from sales_pipeline.profile import fetched
from sales_pipeline.silver.reference.learning import Days, Knowledge, touched_days

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
    """Returns the file ids of deliveries with a record that changes its meaning or price.

    Args:
        lakehouse: The tables.
        before: The knowledge when they were judged.
        after: The knowledge now.
    """
    if before == after:
        return set()
    return _Change(lakehouse, before, after).files()


@dataclass(frozen=True)
class _Change:
    """A change of the catalogue's knowledge, and the records that it touches."""

    lakehouse: Lakehouse
    before: Knowledge
    after: Knowledge

    @property
    def _touches_only_quarantine(self) -> bool:
        """True if only quarantined records can be touched, which wait for a new name.

        False if a feed takes unknown names as they are, or a name in other capitals.
        """
        feeds = self.lakehouse.declaration.feeds.values()
        is_repriced = self.before.prices != self.after.prices
        return not (
            any(feed.unknown_products == "pass" or feed.ignore_case for feed in feeds)
            or (is_repriced and any(feed.price_from == "catalogue" for feed in feeds))
            or any(self._is_changed(key) for key in self.before.products)
        )

    def _is_changed(self, key: tuple[str, str]) -> bool:
        product = self.after.products.get(key)
        return product is None or product.meaning != self.before.products[key].meaning

    def files(self) -> set[int]:
        """File ids of the deliveries with a record in silver that the change touches."""
        table = "silver.quarantine" if self._touches_only_quarantine else RECORDS
        by = ["feed", "source_product"]
        delivered = self.lakehouse.totals(table, by=by, of="amount").select(by).to_pylist()
        touched = pa.Table.from_pylist(list(self._touched(delivered)), schema=_TOUCHED)
        if not touched.num_rows:
            return set()
        rows, small = self.lakehouse.table(table), self.lakehouse.frame(touched)
        waits = F.col("reasons").isNotNull().alias("waits")
        records = rows.select("feed", "source_product", "_file_id", "sold_on", waits)
        day = F.col("sold_on")
        # The product of a quarantined record decides by itself, and an excluded record may have
        # no readable day and bears a name all the same.
        is_meant = day.isNull() | day.between(F.col("first_day"), F.col("last_day"))
        touched_records = records.join(small, ["feed", "source_product"]).where(
            F.col("waits") | is_meant
        )
        files = touched_records.select("_file_id").distinct()
        return set(fetched("find the sales that names touch", files).column(0).to_pylist())

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
