"""Warnings about texts of a feed that were parsed, or validated, but look suspicious."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import pyarrow as pa

from sales_pipeline.errors import MAX_EXAMPLES, counted

if TYPE_CHECKING:
    from sales_pipeline.silver.batch import Batch


@dataclass(frozen=True)
class FeedWarning:
    """A warning about a feed, in a sentence."""

    feed: str
    sentence: str


def warnings_of(batch: Batch, *, with_stores: bool = True) -> Iterator[FeedWarning]:
    """Warns of ambiguous dates and unknown stores in a batch.

    Args:
        batch: The deliveries.
        with_stores: Whether a store may be unknown; to look for them takes a statement.
    """
    yield from ambiguous_days(batch)
    stores = batch.unknown_stores() if with_stores else None
    if stores is not None:
        yield from unknown_stores(stores.toArrow())


def ambiguous_days(batch: Batch) -> Iterator[FeedWarning]:
    """Warns of dates that two of a feed's formats read as different days."""
    for feed, texts in sorted(batch.ambiguous_days().items()):
        dates = f"{counted(len(texts), 'date')} {'is' if len(texts) == 1 else 'are'}"
        yield FeedWarning(
            feed,
            f"{dates} another day in a later one of the date_formats, such as "
            f"{min(texts)!r}; the first that fits was taken",
        )


def unknown_stores(texts: pa.Table) -> Iterator[FeedWarning]:
    """Names texts that stand for a store and mean none, the commonest first.

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
