"""Counts what the balance compares: what was delivered, and where it is in silver (P2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.silver.batch import Batch

_ZERO = Decimal(0)

Counts = dict[tuple[int, str], dict[str, tuple[int, Decimal]]]
"""(file id, currency) -> class -> (rows, readable amount)."""


def delivered(batch: Batch) -> dict[tuple[int, str], tuple[int, Decimal]]:
    """(file id, currency) -> rows and readable amount, counted from bronze in one statement."""
    amounts = batch.over_feeds(lambda judge, bronze: judge.amounts(bronze, batch.readings))
    found = _grouped(amounts, F.lit("delivered"), F.col("amount"))
    counted = {key: classes["delivered"] for key, classes in _counts(found).items()}
    feeds = batch.lakehouse.declaration.feeds
    for each in batch.deliveries:
        counted.setdefault((each.file_id, feeds[each.feed].currency), (0, _ZERO))
    return counted


def in_silver(lakehouse: Lakehouse, file_ids: Iterable[int]) -> Counts:
    """(file id, currency) -> class -> rows and amount, counted from the silver tables."""
    among_files = among("_file_id", file_ids)

    def of(name: str, label: Column) -> DataFrame:
        return _grouped(lakehouse.table(name).where(among_files), label, F.col("amount"))

    grouped = of("silver.sales", F.lit("accepted"))
    grouped = grouped.unionByName(of("silver.set_aside", F.col("class")))
    return _counts(grouped.unionByName(of("silver.quarantine", F.lit("quarantined"))))


def _grouped(rows: DataFrame, label: Column, amount: Column) -> DataFrame:
    labelled = rows.select("_file_id", "currency", label.alias("class"), amount.alias("amount"))
    return labelled.groupBy("_file_id", "currency", "class").agg(
        F.count(F.lit(1)).alias("records"), F.sum("amount").alias("amount")
    )


def _counts(grouped: DataFrame) -> Counts:
    counts: Counts = defaultdict(dict)
    for row in grouped.toArrow().to_pylist():
        key = (row["_file_id"], row["currency"])
        counts[key][row["class"]] = (row["records"], row["amount"] or _ZERO)
    return counts
