"""Finds the records of a batch that did not come into force, once the others are written.

Most records are fit, so silver first writes those in one pass and then looks only at
what is left over: it is quarantined or excluded, and a file with too many records that
no catalogue could mend is rejected whole (P11).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.silver.batch import Batch, names_at_hand
from sales_pipeline.silver.judging import QUARANTINED
from sales_pipeline.silver.reasons import WAITING, sentence_of

_COMMONEST = 3
_WORD_BITS = 6
_WORD = 1 << _WORD_BITS
_ALL_BITS = (1 << _WORD) - 1


@dataclass
class Placed:
    """What of a batch is in `silver.sales`.

    Attributes:
        rows: File id -> number of records.
        months: File id -> months of its sales in force.
    """

    rows: Counter[int] = field(default_factory=Counter)
    months: dict[int, set[date]] = field(default_factory=dict)


def placed(lakehouse: Lakehouse, file_ids: Sequence[int]) -> Placed:
    """Counts what of some deliveries is in force, in one statement."""
    sales = lakehouse.table("silver.sales").where(among("_file_id", file_ids))
    grouped = sales.groupBy("_file_id", "month").agg(F.count(F.lit(1)).alias("records"))
    result = Placed()
    for row in grouped.toArrow().to_pylist():
        result.rows[row["_file_id"]] += row["records"]
        result.months.setdefault(row["_file_id"], set()).add(row["month"])
    return result


def leftovers(lakehouse: Lakehouse, rows: Mapping[int, int]) -> DataFrame | None:
    """`_file_id, _row` of the records of some deliveries that are not in force, at hand.

    The records of a file are numbered from 1, so those that are missing in `silver.sales` are
    found without looking at bronze: one bit a record, gathered 64 at a time.

    Args:
        lakehouse: The tables.
        rows: File id -> number of its records.
    """
    if not rows:
        return None
    sales = lakehouse.table("silver.sales").where(among("_file_id", rows))
    bit = F.expr(f"shiftleft(CAST(1 AS BIGINT), CAST(_row & {_WORD - 1} AS INT))")
    word = F.shiftright(F.col("_row"), _WORD_BITS).alias("word")
    gathered = sales.groupBy("_file_id", word).agg(F.bit_or(bit).alias("bits")).toArrow()
    there = {(row["_file_id"], row["word"]): row["bits"] for row in gathered.to_pylist()}
    missing = [
        (file_id, row) for file_id, count in rows.items() for row in _missing(file_id, count, there)
    ]
    return names_at_hand(lakehouse, missing)


def _missing(file_id: int, count: int, there: Mapping[tuple[int, int], int]) -> Iterator[int]:
    """The numbers from 1 to a file's number of records of which no bit is set."""
    for word in range((count >> _WORD_BITS) + 1):
        first = word << _WORD_BITS
        absent = ~there.get((file_id, word), 0) & _ALL_BITS
        while absent:
            lowest = absent & -absent
            absent ^= lowest
            row = first + lowest.bit_length() - 1
            if 1 <= row <= count:
                yield row


def overly_quarantined(
    batch: Batch, delivered: Mapping[int, int], already: Placed
) -> dict[Delivery, str]:
    """Deliveries with a greater share of unusable records than declared (P11), and why.

    Records that only wait for the catalogue do not count: whether a delivery is refused must
    not depend on what the catalogue knows when it is judged, first or again (P3, P9).

    Args:
        batch: The deliveries.
        delivered: File id -> number of its records.
        already: What of them is placed.
    """
    feeds = batch.lakehouse.declaration.feeds

    def is_over(each: Delivery, left: int) -> bool:
        rows = delivered[each.file_id]
        # The records of a replay waited already, each was looked at by somebody.
        return (
            rows > 0 and not each.mends and Decimal(left) / rows > feeds[each.feed].max_quarantined
        )

    suspects = [
        each
        for each in batch.deliveries
        if is_over(each, delivered[each.file_id] - already.rows[each.file_id])
    ]
    if not suspects:
        return {}
    counts = _unusable(batch.only(suspects))
    return {
        each: _refusal(
            counts[each.file_id], delivered[each.file_id], feeds[each.feed].max_quarantined
        )
        for each in suspects
        if is_over(each, counts[each.file_id].total)
    }


@dataclass
class _Unusable:
    total: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def _unusable(batch: Batch) -> dict[int, _Unusable]:
    """Counts the records of each delivery that do not only wait, and each reason among them."""
    judged = batch.judged().where(F.col("verdict") == QUARANTINED)
    grouped = judged.groupBy("_file_id", "reasons").agg(F.count(F.lit(1)).alias("records"))
    counts = {file_id: _Unusable() for file_id in batch.file_ids}
    for row in grouped.toArrow().to_pylist():
        own = [reason for reason in row["reasons"] if reason not in WAITING]
        if own:
            counted = counts[row["_file_id"]]
            counted.total += row["records"]
            counted.reasons.update(dict.fromkeys(own, row["records"]))
    return counts


def _refusal(counted: _Unusable, rows: int, allowed: Decimal) -> str:
    commonest = sorted(counted.reasons.items(), key=lambda each: (-each[1], each[0]))[:_COMMONEST]
    reasons = "; ".join(f"{code} in {count:,} ({sentence_of(code)})" for code, count in commonest)
    return (
        f"{counted.total:,} of {rows:,} records are unusable, more than the {allowed:.0%} that "
        f"max_quarantined allows, so none was taken. Commonest: {reasons}"
    )
