"""Counts the two sides of the balance: what was delivered, and what `silver.records` holds (P2).

Both count amounts as they were delivered, so that a file can be added up and compared.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.tables import DISPLACED, QUARANTINED, RECORDS, SALE
from sales_pipeline.profile import fetched
from sales_pipeline.silver.balance import NO_CURRENCY
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.fine_amounts import (
    files_with_fine_texts,
    fine_counts,
    is_fine_group,
)
from sales_pipeline.silver.parsing.numbers import product_of
from sales_pipeline.silver.validation.reasons import WAITING

_ZERO = Decimal(0)
_DELIVERED = {"amount": "amount + coalesce(tax, 0)"}
"""An amount as it was delivered, with the tax that was taken off."""
_CLASS_OF = {SALE: "accepted"}

Counts = dict[tuple[int, str], dict[str, tuple[int, Decimal]]]
"""(file id, currency) -> class -> (rows, readable amount)."""
Delivered = dict[tuple[int, str], tuple[int, Decimal]]
"""(file id, currency) -> rows and readable amount of what was delivered."""


@dataclass
class InBronze:
    """Counts of some deliveries in bronze.

    Attributes:
        delivered: Rows and readable amounts.
        fine: Deliveries with money that has more decimals than its currency.
    """

    delivered: Delivered = field(default_factory=dict)
    fine: set[int] = field(default_factory=set)


def in_bronze(batch: Batch) -> InBronze:
    """Counts the records and the readable amounts of a batch from bronze, and nothing else."""
    if not batch.deliveries:
        return InBronze()
    rows = batch.amounts()
    groups = _groups(rows) if rows is not None else []
    fine = {group["_file_id"] for group in groups if is_fine_group(group)}
    return InBronze(_delivered(batch, groups), fine | files_with_fine_texts(batch))


def _delivered(batch: Batch, groups: Iterable[dict[str, Any]]) -> Delivered:
    counted: dict[tuple[int, str], list[Any]] = defaultdict(lambda: [0, _ZERO])
    of_rows = ((row["_file_id"], row["currency"], row["records"], row["amount"]) for row in groups)
    for file_id, currency, rows, amount in (*_counted_texts(batch), *of_rows):
        total = counted[file_id, currency or NO_CURRENCY]
        total[0] += rows
        # An amount of which nobody knows the currency is no money.
        total[1] += amount if currency is not None and amount is not None else _ZERO
    delivered = {key: (rows, amount) for key, (rows, amount) in counted.items()}
    with_records = {file_id for file_id, _ in delivered}
    for delivery in batch.deliveries:
        if delivery.file_id not in with_records:
            usual = batch.lakehouse.declaration.feeds[delivery.feed].currency
            currency = usual if isinstance(usual, str) else NO_CURRENCY
            delivered[delivery.file_id, currency] = (0, _ZERO)
    return delivered


def _counted_texts(batch: Batch) -> Iterator[tuple[int, str | None, int, Decimal | None]]:
    """The counted texts of each file, in the one currency of its feed."""
    table, feeds = batch.texts.counted, batch.lakehouse.declaration.feeds
    if table is None:
        return
    for group in batch.counted_groups:
        own = table.filter(pc.equal(table["_feed_group"], group.number))
        for file_id, records, amount in _sums_by_file(own, has_amount=group.feed.has("amount")):
            currencies = feeds[batch.feed_of[file_id]].currencies
            yield file_id, currencies[0][1] if currencies else None, records, amount


def _sums_by_file(
    counted: pa.Table, *, has_amount: bool
) -> Iterator[tuple[int, int, Decimal | None]]:
    """The records of each file and their amounts added up, of counted texts."""
    amounts = counted["amount"]
    if not has_amount:
        pairs = zip(counted["unit_price"].to_pylist(), counted["quantity"].to_pylist(), strict=True)
        amounts = pa.array([product_of(*pair) for pair in pairs], pa.decimal128(18, 4))
    times = counted["records"].cast(pa.decimal128(19, 0))
    money = pc.multiply(amounts, times).cast(pa.decimal128(38, 4))
    sums = pa.table({"file": counted["_file_id"], "records": counted["records"], "money": money})
    totals = sums.group_by("file").aggregate([("records", "sum"), ("money", "sum")])
    names = ("file", "records_sum", "money_sum")
    yield from zip(*(totals[name].to_pylist() for name in names), strict=True)


def _groups(rows: DataFrame) -> list[dict[str, Any]]:
    """`_file_id, currency, records, amount` of some records, and `fine_amounts.fine_counts`."""
    records, amount = F.count(F.lit(1)).alias("records"), F.sum("amount").alias("amount")
    sums = rows.groupBy("_file_id", "currency").agg(records, amount, *fine_counts())
    groups: list[dict[str, Any]] = fetched("count the records of bronze", sums).to_pylist()
    return groups


def mended(batch: Batch) -> Counts:
    """(file id, currency) -> `superseded` -> rows and amount, of records that somebody mended."""
    rows = batch.amounts(of_mended=True) if batch.mended else None
    counts: Counts = {}
    for row in _groups(rows) if rows is not None else ():
        is_money = row["currency"] is not None and row["amount"] is not None
        money = row["amount"] if is_money else _ZERO
        key = row["_file_id"], row["currency"] or NO_CURRENCY
        counts[key] = {"superseded": (row["records"], money)}
    return counts


@dataclass
class InSilver:
    """Counts of some deliveries in `silver.records`.

    Attributes:
        counts: Rows and readable amounts by class.
        months: File id -> months of its sales in force.
        unusable: File id -> number of quarantined records that do not only wait.
        reasons: File id -> how many records have each reason.
        with_displaced: Deliveries with displaced records.
    """

    counts: Counts = field(default_factory=lambda: defaultdict(dict))
    months: dict[int, set[date]] = field(default_factory=dict)
    unusable: Counter[int] = field(default_factory=Counter)
    reasons: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    with_displaced: set[int] = field(default_factory=set)

    def add(self, row: dict[str, Any]) -> None:
        """Adds a group of records that have status, currency, month and reasons in common."""
        file_id, records = row["_file_id"], row["records"]
        _add_class(self.counts, row)
        if row["status"] == SALE:
            self.months.setdefault(file_id, set()).add(row["month"])
        if row["status"] == DISPLACED:
            self.with_displaced.add(file_id)
        if row["status"] == QUARANTINED:
            own = [reason for reason in row["reasons"] if reason not in WAITING]
            self.unusable[file_id] += records if own else 0
            self.reasons[file_id].update(dict.fromkeys(row["reasons"], records))


def in_silver(lakehouse: Lakehouse, file_ids: Iterable[int]) -> InSilver:
    """Counts the records of some deliveries in silver, in one statement."""
    counted = InSilver()
    for row in _counted(lakehouse, file_ids, ["status", "currency", "month", "reasons"]):
        counted.add(row)
    return counted


def classes_in_silver(lakehouse: Lakehouse, file_ids: Iterable[int]) -> Counts:
    """Counts the classes of the records of some deliveries in silver, and nothing else.

    That takes about half of the time, which large deliveries of which few records move are worth.
    """
    counts: Counts = defaultdict(dict)
    for row in _counted(lakehouse, file_ids, ["status", "currency"]):
        _add_class(counts, row)
    return counts


def _counted(
    lakehouse: Lakehouse, file_ids: Iterable[int], by: Sequence[str]
) -> Iterable[dict[str, Any]]:
    if not (ids := sorted(set(file_ids))):
        return []
    where = among("_file_id", ids)
    rows = lakehouse.totals(RECORDS, by=["_file_id", *by], of=_DELIVERED, where=where)
    groups: list[dict[str, Any]] = rows.to_pylist()
    return groups


def _add_class(counts: Counts, row: dict[str, Any]) -> None:
    """Adds a group of records that have status and currency in common to its class."""
    is_money = row["currency"] is not None and row["amount"] is not None
    name = _CLASS_OF.get(row["status"], row["status"])
    classes = counts[row["_file_id"], row["currency"] or NO_CURRENCY]
    rows, amount = classes.get(name, (0, _ZERO))
    classes[name] = (rows + row["records"], amount + (row["amount"] if is_money else _ZERO))
