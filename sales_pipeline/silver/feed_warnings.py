"""What a run tells of a feed's texts although they could be read, or judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import pyarrow as pa

from sales_pipeline.errors import MAX_EXAMPLES, counted


@dataclass(frozen=True)
class FeedWarning:
    """A sentence on a feed."""

    feed: str
    sentence: str


def ambiguous_days(found: pa.Table) -> Iterator[FeedWarning]:
    """Warns of dates that two of a feed's formats read as different days.

    Args:
        found: What `Reader.ambiguous_days` found: `feed, texts, example`.
    """
    for row in found.to_pylist():
        if row["texts"]:
            dates = f"{counted(row['texts'], 'date')} {'is' if row['texts'] == 1 else 'are'}"
            yield FeedWarning(
                row["feed"],
                f"{dates} another day in a later one of the date_formats, such as "
                f"{row['example']!r}; the first that fits was taken",
            )


def unknown_stores(found: pa.Table) -> Iterator[FeedWarning]:
    """Names what stands for a store and means none, the commonest first.

    Args:
        found: What `Judge.unknown_stores` found: `feed, text, records`.
    """
    rows = sorted(found.to_pylist(), key=lambda row: (row["feed"], -row["records"], row["text"]))
    for feed, of_feed in groupby(rows, key=lambda row: str(row["feed"])):
        stores = list(of_feed)
        for row in stores[:MAX_EXAMPLES]:
            records = counted(row["records"], "record")
            yield FeedWarning(feed, f"{records} of the unknown store {row['text']!r}")
        if len(stores) > MAX_EXAMPLES:
            records = counted(sum(row["records"] for row in stores[MAX_EXAMPLES:]), "record")
            others = counted(len(stores) - MAX_EXAMPLES, "other unknown store")
            yield FeedWarning(feed, f"{records} of {others}")
