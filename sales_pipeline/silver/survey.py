"""Looks over a batch once before anything of it is written to silver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from pyspark.sql import functions as F

from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.judging import EXCLUDED, FIT, QUARANTINED
from sales_pipeline.silver.reasons import REASONS

_COMMONEST = 3


@dataclass
class Survey:
    """How the records of a batch were judged.

    Attributes:
        fit: File id -> number of fit records.
        months: File id -> months of its fit records.
        set_apart: Verdict -> `(_file_id, _row)` of the records with it; not for fit ones.
    """

    fit: Counter[int] = field(default_factory=Counter)
    months: dict[int, set[date]] = field(default_factory=dict)
    set_apart: dict[str, list[tuple[int, int]]] = field(
        default_factory=lambda: {QUARANTINED: [], EXCLUDED: []}
    )

    def rows(self, file_id: int) -> int:
        """Number of records of a delivery."""
        apart = sum(self.count(file_id, verdict) for verdict in self.set_apart)
        return self.fit[file_id] + apart

    def count(self, file_id: int, verdict: str) -> int:
        """Number of records of a delivery with a verdict other than fit."""
        return sum(each == file_id for each, _ in self.set_apart[verdict])

    def without(self, file_ids: Sequence[int]) -> Survey:
        """The survey without some deliveries."""
        gone = set(file_ids)
        return Survey(
            Counter({each: count for each, count in self.fit.items() if each not in gone}),
            {each: months for each, months in self.months.items() if each not in gone},
            {
                verdict: [row for row in rows if row[0] not in gone]
                for verdict, rows in self.set_apart.items()
            },
        )


def survey(batch: Batch) -> Survey:
    """Judges every record of the batch and counts, in one statement."""
    judged = batch.judged().withColumn("month", F.trunc("sold_on", "MM").cast("DATE"))
    apart = F.collect_list(F.when(F.col("verdict") != FIT, F.col("_row")))
    grouped = judged.groupBy("_file_id", "month", "verdict").agg(
        F.count(F.lit(1)).alias("records"), apart.alias("apart")
    )
    result = Survey()
    for row in grouped.toArrow().to_pylist():
        file_id = row["_file_id"]
        if row["verdict"] == FIT:
            result.fit[file_id] += row["records"]
            result.months.setdefault(file_id, set()).add(row["month"])
        else:
            result.set_apart[row["verdict"]] += [(file_id, each) for each in row["apart"]]
    return result


def overly_quarantined(batch: Batch, found: Survey) -> dict[Delivery, str]:
    """Deliveries with a greater share of quarantined records than declared (P11), and why."""
    feeds = batch.lakehouse.declaration.feeds
    quarantined = Counter(file_id for file_id, _ in found.set_apart[QUARANTINED])
    excluded = Counter(file_id for file_id, _ in found.set_apart[EXCLUDED])
    refused = {}
    for each in batch.deliveries:
        bad = quarantined[each.file_id]
        rows = bad + excluded[each.file_id] + found.fit[each.file_id]
        allowed = feeds[each.feed].max_quarantined
        if rows and Decimal(bad) / rows > allowed:
            refused[each] = (
                f"{bad:,} of {rows:,} records cannot be read, more than the "
                f"{allowed:.0%} that feeds.{each.feed}.max_quarantined allows. Commonest: "
            )
    commonest = _commonest_reasons(batch, found, [each.file_id for each in refused])
    return {each: reason + commonest[each.file_id] for each, reason in refused.items()}


def _commonest_reasons(batch: Batch, found: Survey, file_ids: Sequence[int]) -> dict[int, str]:
    if not file_ids:
        return {}
    rows = [row for row in found.set_apart[QUARANTINED] if row[0] in set(file_ids)]
    judged = batch.judged(batch.local_row_ids(rows))
    reasons = judged.select("_file_id", F.explode("reasons").alias("reason"))
    counted = reasons.groupBy("_file_id", "reason").agg(F.count(F.lit(1)).alias("records"))
    by_file: dict[int, Counter[str]] = {file_id: Counter() for file_id in file_ids}
    for row in counted.toArrow().to_pylist():
        by_file[row["_file_id"]][row["reason"]] = row["records"]
    return {
        file_id: "; ".join(
            f"{reason} ({count:,}): {REASONS[reason]}"
            for reason, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:_COMMONEST]
        )
        for file_id, counts in by_file.items()
    }
