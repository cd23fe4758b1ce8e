"""Holds corrections back that would remove too much, until somebody accepts them (P5).

A file of a name that was delivered before takes the place of the earlier one. One that is
empty, shares no key with it, or lacks most of its records is more likely a mistake than a
correction. Its records stay in bronze; the earlier delivery stays in force.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.bronze.removal import Removal, compared_columns
from sales_pipeline.config.dialect import WHITE_SPACE
from sales_pipeline.config.model import Feed
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery, Ledger

_PAIR = pa.schema([("_file_id", pa.int64()), ("correction", pa.int64())])


def held_back(
    lakehouse: Lakehouse, ledger: Ledger, deliveries: Iterable[Delivery]
) -> dict[int, str]:
    """The corrections that are to be held, by file id, and why.

    Args:
        lakehouse: The tables; `bronze.*` hold the records of all these deliveries.
        ledger: What was delivered before.
        deliveries: Deliveries whose records were just written to bronze.
    """
    held: dict[int, str] = {}
    corrections = [each for each in deliveries if each.supersedes is not None]
    for feed in dict.fromkeys(each.feed for each in corrections):
        own = {each.file_id: each for each in corrections if each.feed == feed}
        declared = lakehouse.declaration.feeds.get(feed)
        allowed = declared.max_removed if declared else None
        for file_id, removal in _removals(lakehouse, feed, list(own.values())).items():
            if removal.exceeds(allowed):
                earlier = ledger[own[file_id].supersedes or 0]
                held[file_id] = removal.reason(earlier, own[file_id].path)
    return held


def _removals(
    lakehouse: Lakehouse, feed: str, corrections: Sequence[Delivery]
) -> dict[int, Removal]:
    """Compares corrections of one feed with what they replace, in one statement."""
    declared = lakehouse.declaration.feeds.get(feed)
    keys = _keys(declared) if declared else []
    bronze = lakehouse.table(f"bronze.{feed}")
    pairs = [{"_file_id": each.supersedes, "correction": each.file_id} for each in corrections]
    local = lakehouse.frame(pa.Table.from_pylist(pairs, schema=_PAIR))
    earlier = bronze.where(among("_file_id", (pair["_file_id"] or 0 for pair in pairs)))
    before = earlier.join(local, "_file_id").select("correction", *keys)
    after = bronze.where(among("_file_id", (each.file_id for each in corrections)))
    after = after.select(F.col("_file_id").alias("correction"), *keys)
    counted = _counted(before, "before").unionByName(_counted(after, "after"))
    if keys:
        lost = before.join(after, before.columns, "left_anti")
        counted = counted.unionByName(_counted(lost, "removed"))
    counts: dict[int, Counter[str]] = {each.file_id: Counter() for each in corrections}
    for row in counted.toArrow().to_pylist():
        counts[row["correction"]][row["what"]] += row["records"]
    return {file_id: _removal(count, has_keys=bool(keys)) for file_id, count in counts.items()}


def _removal(count: Mapping[str, int], *, has_keys: bool) -> Removal:
    before, after = count["before"], count["after"]
    if not has_keys:
        return Removal.counted(before, after)
    return Removal(before, after, count["removed"], has_keys=True)


def _counted(rows: DataFrame, what: str) -> DataFrame:
    counted = rows.groupBy("correction").agg(F.count(F.lit(1)).alias("records"))
    return counted.select("correction", F.lit(what).alias("what"), "records")


def _keys(feed: Feed) -> list[Column]:
    """The key of a record as trimmed text, its store with it where that is a column."""
    return [
        F.coalesce(F.btrim(_text(feed, name), F.lit(WHITE_SPACE)), F.lit("")).alias(f"key_{place}")
        for place, name in enumerate(compared_columns(feed))
    ]


def _text(feed: Feed, name: str) -> Column:
    computed = feed.computed.get(name)
    if computed is None:
        return F.col(name)
    if computed.sql is not None:
        return F.expr(computed.sql).cast("STRING")
    return F.lit(computed.value)
