"""Finds the records of a batch that did not come into force, once the others are written.

Most records are fit, so silver first writes those in one pass and then looks only at
what is left over: it is quarantined or excluded, and a file with too much of it is
rejected whole (P11).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.judging import QUARANTINED
from sales_pipeline.silver.reasons import REASONS

_COMMONEST = 3


@dataclass
class Placed:
    """What of a batch is in `silver.sales` or decided in `silver.collisions`.

    Attributes:
        rows: File id -> number of records.
        months: File id -> months of its sales in force.
    """

    rows: Counter[int] = field(default_factory=Counter)
    months: dict[int, set[date]] = field(default_factory=dict)


def placed(lakehouse: Lakehouse, file_ids: Sequence[int], *, collided: bool) -> Placed:
    """Counts what of some deliveries is placed already, in one statement."""
    ids = among("_file_id", file_ids)
    grouped = _counted(lakehouse.table("silver.sales").where(ids))
    if collided:
        decided = lakehouse.table("silver.collisions").where(f"{ids} AND class <> 'in_force'")
        aside = _counted(decided.withColumn("month", F.lit(None).cast("DATE")))
        grouped = grouped.unionByName(aside)
    result = Placed()
    for row in grouped.toArrow().to_pylist():
        result.rows[row["_file_id"]] += row["records"]
        if row["month"] is not None:
            result.months.setdefault(row["_file_id"], set()).add(row["month"])
    return result


def _counted(rows: DataFrame) -> DataFrame:
    return rows.groupBy("_file_id", "month").agg(F.count(F.lit(1)).alias("records"))


def leftovers(batch: Batch, file_ids: Sequence[int], *, collided: bool) -> DataFrame | None:
    """`_file_id, _row` of the records of some deliveries that are not placed, at hand and small."""
    if not file_ids:
        return None
    row_id = ["_file_id", "_row"]
    ids = among("_file_id", file_ids)
    lakehouse = batch.lakehouse
    there = lakehouse.table("silver.sales").where(ids).select(*row_id)
    if collided:
        decided = lakehouse.table("silver.collisions").where(ids).select(*row_id)
        there = there.unionByName(decided)
    delivered = batch.over_feeds(lambda _, bronze: bronze.where(ids).select(*row_id))
    return lakehouse.frame(delivered.join(there, row_id, "left_anti").toArrow())


def overly_quarantined(
    batch: Batch, delivered: Mapping[int, int], already: Placed
) -> dict[Delivery, str]:
    """Deliveries with a greater share of quarantined records than declared (P11), and why.

    Args:
        batch: The deliveries.
        delivered: File id -> number of its records.
        already: What of them is placed.
    """
    feeds = batch.lakehouse.declaration.feeds

    def is_over(each: Delivery, left: int) -> bool:
        rows = delivered[each.file_id]
        return rows > 0 and Decimal(left) / rows > feeds[each.feed].max_quarantined

    suspects = [
        each
        for each in batch.deliveries
        if is_over(each, delivered[each.file_id] - already.rows[each.file_id])
    ]
    if not suspects:
        return {}
    counts = _quarantined(batch.only(suspects))
    return {
        each: _refusal(
            counts[each.file_id], delivered[each.file_id], feeds[each.feed].max_quarantined
        )
        for each in suspects
        if is_over(each, counts[each.file_id].total)
    }


@dataclass
class _Quarantined:
    total: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def _quarantined(batch: Batch) -> dict[int, _Quarantined]:
    """Counts the quarantined records of each delivery, and each reason among them."""
    judged = batch.judged().where(F.col("verdict") == QUARANTINED)
    grouped = judged.groupBy("_file_id", "reasons").agg(F.count(F.lit(1)).alias("records"))
    counts = {file_id: _Quarantined() for file_id in batch.file_ids}
    for row in grouped.toArrow().to_pylist():
        counted = counts[row["_file_id"]]
        counted.total += row["records"]
        counted.reasons.update(dict.fromkeys(row["reasons"], row["records"]))
    return counts


def _refusal(counted: _Quarantined, rows: int, allowed: Decimal) -> str:
    commonest = sorted(counted.reasons.items(), key=lambda each: (-each[1], each[0]))[:_COMMONEST]
    reasons = "; ".join(f"{code} in {count:,} ({REASONS[code]})" for code, count in commonest)
    return (
        f"{counted.total:,} of {rows:,} records are unusable, more than the {allowed:.0%} that "
        f"max_quarantined allows, so none was taken. Commonest: {reasons}"
    )
