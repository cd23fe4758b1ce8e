"""Rejects a delivery with a greater share of unusable records than its feed declares (P11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from pyspark.sql import functions as F

from sales_pipeline.config.feed import Feed
from sales_pipeline.exact import percent_of
from sales_pipeline.lakehouse.lakehouse import among
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.lakehouse.tables import QUARANTINED, RECORDS
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.counting import InSilver
from sales_pipeline.silver.unusable_records import (
    delivered_texts,
    explanations,
    first_of_each_reason,
)
from sales_pipeline.silver.validation.reasons import WAITING, Unusable

_COMMONEST = 3


def over_the_limit(
    deliveries: Iterable[Delivery],
    rows: Mapping[int, int],
    written: InSilver,
    feeds: Mapping[str, Feed],
) -> set[int]:
    """Returns the ids of the deliveries with too many unusable records among their `rows`.

    Records that only wait for the catalogue do not count: whether a delivery is rejected must
    not depend on what the catalogue knows when it is validated, first or again (P3, P9).
    """
    rejected = set()
    for delivery in deliveries:
        count, unusable = rows[delivery.file_id], written.unusable[delivery.file_id]
        allowed = feeds[delivery.feed].max_quarantined
        if count and not delivery.is_settled and Decimal(unusable) / count > allowed:
            rejected.add(delivery.file_id)
    return rejected


def refusals(
    batch: Batch, rejected: Collection[int], rows: Mapping[int, int], written: InSilver
) -> dict[int, str]:
    """Explains the rejection of deliveries whose records are in silver still: file id -> why."""
    if not rejected:
        return {}
    records = batch.lakehouse.table(RECORDS).where(among("_file_id", rejected))
    samples = first_of_each_reason(records.where(F.col("status") == QUARANTINED))
    reasons = {file_id: own_reasons(written.reasons[file_id]) for file_id in rejected}
    texts = delivered_texts(batch, reasons)
    unusable = explanations(batch, reasons, samples, texts)
    return {
        delivery.file_id: refusal(
            batch,
            delivery,
            (written.unusable[delivery.file_id], rows[delivery.file_id]),
            unusable[delivery.file_id],
        )
        for delivery in batch.deliveries
        if delivery.file_id in unusable
    }


def own_reasons(reasons: Counter[str]) -> Counter[str]:
    """Returns the counts of the reasons for which a delivery may be rejected."""
    return Counter({code: count for code, count in reasons.items() if code not in WAITING})


def refusal(
    batch: Batch, delivery: Delivery, counts: tuple[int, int], unusable: Sequence[Unusable]
) -> str:
    """Returns why a delivery with too many unusable records is rejected.

    Args:
        batch: The delivery among others.
        delivery: The delivery.
        counts: The number of its unusable records, and of all.
        unusable: Its unusable records by reason, the commonest first.
    """
    allowed = batch.lakehouse.declaration.feeds[delivery.feed].max_quarantined
    commonest = ". ".join(map(str, unusable[:_COMMONEST]))
    return (
        f"{counts[0]:,} of {counts[1]:,} records of feed {delivery.feed} are unusable, more than "
        f"the {percent_of(allowed)} that max_quarantined allows, so none was taken. Commonest: "
        f"{commonest}"
    )
