"""Tells whether the key of a file's sales does not tell them apart, so that the file is held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.model import Feed
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.lakehouse.tables import EXCLUDED


def repeated_keys_reason(delivery: Delivery, feed: Feed, count: int, rows: int) -> str | None:
    """Returns why a delivery waits in which too many sales share a key, or None.

    Args:
        delivery: The delivery.
        feed: Its feed.
        count: How many sales a record of their own file displaced by another day or amount.
        rows: Its records.
    """
    if not count or Decimal(count) / rows <= feed.max_repeated_keys:
        return None
    return (
        f"{count:,} of its {rows:,} records share their key with another one of the file and "
        "differ from it in day or amount, so the key does not tell sales apart. Do: declare "
        f"another key, or sales-pipeline accept {delivery.path}"
    )


def repeated_keys(lakehouse: Lakehouse, validated: DataFrame) -> Counter[int]:
    """Counts the sales of each file that have the key of a later one, and another day or amount.

    Args:
        lakehouse: Its engine.
        validated: Validated records that silver does not hold.
    """
    keyed = validated.where(F.col("key_hash").isNotNull())
    counts = keyed.groupBy("_file_id", "key_hash").agg(F.count(F.lit(1)).alias("times"))
    repeated = counts.where(F.col("times") > 1).drop("times").toArrow()
    if not repeated.num_rows:
        return Counter()
    ids = pc.unique(repeated["_file_id"]).to_pylist()
    columns = ["_file_id", "key_hash", "_row", "verdict", "sold_on", "amount", "currency"]
    rows = keyed.where(among("_file_id", ids)).select(*columns)
    keys = lakehouse.frame(repeated)
    found = rows.join(keys, ["_file_id", "key_hash"], "left_semi").toArrow().to_pylist()
    return _differing(found)


def _differing(rows: Iterable[dict[str, Any]]) -> Counter[int]:
    """Counts the records that differ from the last one of their file and key, if that is fit."""
    winners: dict[tuple[int, int], tuple[Any, ...]] = {}
    differing: Counter[int] = Counter()
    for row in sorted(rows, key=lambda row: -int(row["_row"])):
        content = (row["verdict"], row["sold_on"], row["amount"], row["currency"])
        winner = winners.setdefault((row["_file_id"], row["key_hash"]), content)
        is_sale = winner[0] != EXCLUDED and row["verdict"] != EXCLUDED
        differing[row["_file_id"]] += is_sale and content != winner
    return differing
