"""Rejects a delivery with a greater share of unusable records than its feed declares (P11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal

from sales_pipeline.config.model import Feed
from sales_pipeline.lakehouse.ledger import ACCEPTED, Delivery
from sales_pipeline.silver.counting import InSilver
from sales_pipeline.silver.validation.reasons import WAITING, sentence_of

_COMMONEST = 3


def overly_quarantined(
    deliveries: Iterable[Delivery],
    rows: Mapping[int, int],
    written: InSilver,
    feeds: Mapping[str, Feed],
) -> dict[int, str]:
    """The deliveries with too many unusable records, by file id, and why.

    Records that only wait for the catalogue do not count: whether a delivery is rejected must
    not depend on what the catalogue knows when it is validated, first or again (P3, P9).

    Args:
        deliveries: The deliveries whose records were written.
        rows: File id -> number of its records.
        written: What silver holds of them.
        feeds: The declared feeds.
    """
    rejected = {}
    for delivery in deliveries:
        count, unusable = rows[delivery.file_id], written.unusable[delivery.file_id]
        allowed = feeds[delivery.feed].max_quarantined
        # A person looked at each record of a replay, and at a file that was accepted.
        is_settled = delivery.mends or delivery.reason == ACCEPTED
        if count and not is_settled and Decimal(unusable) / count > allowed:
            reasons = written.reasons[delivery.file_id]
            rejected[delivery.file_id] = _refusal(unusable, reasons, count, allowed)
    return rejected


def _refusal(unusable: int, reasons: Counter[str], rows: int, allowed: Decimal) -> str:
    own = [(code, count) for code, count in reasons.items() if code not in WAITING]
    commonest = sorted(own, key=lambda reason: (-reason[1], reason[0]))[:_COMMONEST]
    text = "; ".join(f"{code} in {count:,} ({sentence_of(code)})" for code, count in commonest)
    return (
        f"{unusable:,} of {rows:,} records are unusable, more than the {allowed:.0%} that "
        f"max_quarantined allows, so none was taken. Commonest: {text}"
    )
