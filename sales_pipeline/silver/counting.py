"""Counts what the balance compares: what was delivered, and where it is in silver (P2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.silver.balance import NO_CURRENCY
from sales_pipeline.silver.batch import Batch

_ZERO = Decimal(0)

Counts = dict[tuple[int, str], dict[str, tuple[int, Decimal]]]
"""(file id, currency) -> class -> (rows, readable amount)."""


def delivered(batch: Batch) -> dict[tuple[int, str], tuple[int, Decimal]]:
    """(file id, currency) -> rows and readable amount, counted from bronze and nothing else."""
    found = _grouped(batch.amounts(), F.lit("delivered"), records="records")
    counted = {key: classes["delivered"] for key, classes in _counts(found).items()}
    counted_files = {file_id for file_id, _ in counted}
    for each in batch.deliveries:
        if each.file_id not in counted_files:
            counted[each.file_id, _usual_currency(batch, each)] = (0, _ZERO)
    return counted


def mended(batch: Batch) -> Counts:
    """(file id, currency) -> `superseded` -> rows and amount, of records that somebody mended."""
    if not batch.mended:
        return {}
    rows = batch.amounts(of_mended=True)
    return _counts(_grouped(rows, F.lit("superseded"), records="records"))


def _usual_currency(batch: Batch, delivery: Delivery) -> str:
    """What a delivery without records is counted in."""
    currency = batch.lakehouse.declaration.feeds[delivery.feed].currency
    return currency if isinstance(currency, str) else NO_CURRENCY


def in_silver(lakehouse: Lakehouse, file_ids: Iterable[int]) -> Counts:
    """(file id, currency) -> class -> rows and amount, counted from the silver tables."""
    among_files = among("_file_id", file_ids)

    def of(name: str, label: Column) -> DataFrame:
        return _grouped(lakehouse.table(name).where(among_files), label)

    grouped = of("silver.sales", F.lit("accepted"))
    grouped = grouped.unionByName(of("silver.set_aside", F.col("class")))
    return _counts(grouped.unionByName(of("silver.quarantine", F.lit("quarantined"))))


def _grouped(rows: DataFrame, label: Column, *, records: str | None = None) -> DataFrame:
    """The records and the amount of each file and currency.

    Args:
        rows: `_file_id, currency, amount`, and what `label` is made of.
        label: The class.
        records: The column that says how many records of this amount a row stands for; each
            for one where there is none.
    """
    count, amount = F.lit(1).cast("BIGINT"), F.col("amount")
    if records is not None:
        count, amount = F.col(records), amount * F.col(records).cast("DECIMAL(10,0)")
    labelled = rows.select(
        "_file_id", "currency", label.alias("class"), count.alias("n"), amount.alias("money")
    )
    return labelled.groupBy("_file_id", "currency", "class").agg(
        F.sum("n").alias("records"), F.sum("money").alias("amount")
    )


def _counts(grouped: DataFrame) -> Counts:
    counts: Counts = defaultdict(dict)
    for row in grouped.toArrow().to_pylist():
        # An amount of which nobody knows the currency is no money.
        is_money = row["currency"] is not None and row["amount"] is not None
        amount = row["amount"] if is_money else _ZERO
        counts[row["_file_id"], row["currency"] or NO_CURRENCY][row["class"]] = (
            row["records"],
            amount,
        )
    return counts
