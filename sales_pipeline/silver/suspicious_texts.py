"""Collects warnings about parsed but suspicious texts of a batch, for a run and for `check`.

Those about sales dated after their delivery are made here. The ledger keeps the day of a delivery,
so that a rebuild warns of the same. If the feed declares `latest: delivery`, such sales are
quarantined instead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.errors import MAX_EXAMPLES, counted
from sales_pipeline.exact import EXACT
from sales_pipeline.lakehouse.lakehouse import among
from sales_pipeline.profile import fetched
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.counting import InBronze
from sales_pipeline.silver.doubtful_days import doubtful_days, swapped_day
from sales_pipeline.silver.feed_warnings import FeedWarning, and_more_files
from sales_pipeline.silver.fine_amounts import fine_amounts


def warnings_of(
    batch: Batch, in_bronze: InBronze, sales: DataFrame, *, with_stores: bool = True
) -> Iterator[FeedWarning]:
    """Warns of doubtful money and dates, and of unknown stores, in a batch.

    Args:
        batch: The deliveries.
        in_bronze: The counts of their records in bronze.
        sales: Their sales, as `future_sales` needs them; also sales of other deliveries.
        with_stores: Whether a store may be unknown; to look for them takes a statement.
    """
    yield from fine_amounts(batch, in_bronze.fine)
    yield from doubtful_days(batch)
    yield from future_sales(batch, sales)
    stores = batch.unknown_stores() if with_stores else None
    if stores is not None:
        yield from unknown_stores(fetched("count unknown stores", stores))


def unknown_stores(texts: pa.Table) -> Iterator[FeedWarning]:
    """Warns of texts in the column of the store that name no declared store, the commonest first.

    Args:
        texts: `feed, text, records`, as `Batch.unknown_stores` gives them.
    """
    rows = sorted(texts.to_pylist(), key=lambda row: (row["feed"], -row["records"], row["text"]))
    for feed, of_feed in groupby(rows, key=lambda row: str(row["feed"])):
        stores = list(of_feed)
        for row in stores[:MAX_EXAMPLES]:
            records = counted(row["records"], "record")
            yield FeedWarning(feed, f"{records} of the unknown store {row['text']!r}")
        if len(stores) > MAX_EXAMPLES:
            records = counted(sum(row["records"] for row in stores[MAX_EXAMPLES:]), "record")
            stores_left = counted(len(stores) - MAX_EXAMPLES, "other unknown store")
            yield FeedWarning(feed, f"{records} of {stores_left}")


def future_sales(batch: Batch, sales: DataFrame) -> Iterator[FeedWarning]:
    """Warns of sales that are dated after their delivery; a statement, if any text says so.

    Args:
        batch: The deliveries.
        sales: Sales with `_file_id, _row, sold_on, currency, amount`; also of other deliveries.
    """
    last_days = _last_days(batch)
    if not last_days:
        return
    by_feed: dict[str, list[dict[str, Any]]] = defaultdict(list)
    after = fetched("find sales of the future", _sales_after(batch, sales, last_days))
    for row in after.to_pylist():
        by_feed[batch.feed_of[row["_file_id"]]].append(row)
    for feed, rows in sorted(by_feed.items()):
        of_feed = {row["_file_id"]: last_days[row["_file_id"]] for row in rows}
        yield FeedWarning(feed, _sentence(batch, rows, is_swapped=_are_swapped(batch, of_feed)))


def _last_days(batch: Batch) -> dict[int, date]:
    """Returns the last ordinary day of a sale for each delivery with a later one."""
    feeds, counts = batch.lakehouse.declaration.feeds, batch.texts.day_counts
    last_days = {
        delivery.file_id: feeds[delivery.feed].ordinary_until(delivery.delivered_on)
        for delivery in batch.deliveries
        if feeds[delivery.feed].latest != "delivery"
    }
    if counts is None:
        # The texts were too many to be collected.
        return last_days
    of_file = counts.group_by("_file_id").aggregate([("sold_on", "max")])
    days = dict(
        zip(of_file["_file_id"].to_pylist(), of_file["sold_on_max"].to_pylist(), strict=True)
    )
    return {
        file_id: last for file_id, last in last_days.items() if (days.get(file_id) or last) > last
    }


def _sales_after(batch: Batch, sales: DataFrame, last_days: Mapping[int, date]) -> DataFrame:
    """Returns `_file_id, currency, records, amount` of later sales; `row, sold_on` of the first."""
    ids, days = pa.array(last_days.keys(), pa.int64()), pa.array(last_days.values(), pa.date32())
    known = batch.lakehouse.frame(pa.table({"_file_id": ids, "_last_day": days}))
    return (
        sales.where(among("_file_id", last_days))
        .join(known, "_file_id")
        .where(F.col("sold_on") > F.col("_last_day"))
        .groupBy("_file_id", "currency")
        .agg(
            F.count(F.lit(1)).alias("records"),
            F.sum("amount").alias("amount"),
            F.min("_row").alias("row"),
            F.min_by("sold_on", "_row").alias("sold_on"),
        )
    )


def _are_swapped(batch: Batch, last_days: Mapping[int, date]) -> bool:
    """Returns whether every too late day would be in time with day and month swapped."""
    counts = batch.texts.day_counts
    if counts is None:
        return False
    own = counts.filter(pc.is_in(counts["_file_id"], pa.array(last_days.keys(), pa.int64())))
    days = ((row["sold_on"], last_days[row["_file_id"]]) for row in own.to_pylist())
    return all((swapped_day(day) or date.max) <= last for day, last in days if day and day > last)


def _sentence(batch: Batch, rows: Sequence[dict[str, Any]], *, is_swapped: bool) -> str:
    """Returns the sentence about the later sales of one feed."""
    first = min(rows, key=lambda row: (row["_file_id"], row["row"]))
    [delivery] = (file for file in batch.deliveries if file.file_id == first["_file_id"])
    records = sum(row["records"] for row in rows)
    more_files = and_more_files(len({row["_file_id"] for row in rows}) - 1)
    are = "is" if records == 1 else "are"
    swapped = "; with day and month the other way round none were" if is_swapped else ""
    return (
        f"{counted(records, 'sale')} ({_money(rows)}) {are} dated after "
        f"the day of delivery, such as {first['sold_on']} in record {first['row']:,} of "
        f"{delivery.path}, delivered on {delivery.delivered_on}{more_files}{swapped}. "
        "Do: declare days_ahead for orders ahead, or latest: delivery to quarantine such sales"
    )


def _money(rows: Iterable[dict[str, Any]]) -> str:
    """The amount of each currency, rounded to its minor unit."""
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        amounts[row["currency"]] += row["amount"]
    units = {currency: Decimal(1).scaleb(-MINOR_UNITS[currency]) for currency in amounts}
    return ", ".join(
        f"{amount.quantize(units[currency], context=EXACT):,f} {currency}"
        for currency, amount in sorted(amounts.items())
    )
