"""Collects warnings about parsed but suspicious texts of a batch, for a run and for `check`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import pyarrow as pa
from pyspark.sql import DataFrame

from sales_pipeline.errors import MAX_EXAMPLES, counted
from sales_pipeline.profile import fetched
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.counting import InBronze
from sales_pipeline.silver.doubtful_days import doubtful_days
from sales_pipeline.silver.feed_warnings import FeedWarning
from sales_pipeline.silver.fine_amounts import fine_amounts
from sales_pipeline.silver.future_sales import future_sales


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
