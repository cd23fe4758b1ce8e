"""Counts the records that wait for names which the catalogue does not know (P9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.config.model import Feed
from sales_pipeline.lakehouse.arrow_types import text_scalar
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.silver.reference.products import (
    CODE,
    Known,
    caseless,
    known_products,
    near_matches,
    normalised,
)
from sales_pipeline.silver.validation.reasons import PRODUCT_UNKNOWN

_QUARANTINE = "silver.quarantine"
_COLUMNS = ["feed", "reasons", "source_product", "amount", "currency"]


@dataclass
class MissingName:
    """A name, or a code, that sales wait for.

    Attributes:
        feed: The feed that delivers it.
        name: The name as delivered, without needless white space.
        records: The records that wait.
        amounts: Currency -> their readable amount.
        near: The names or codes of the catalogue that are most like it, the likest first.
    """

    feed: str
    name: str
    records: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    near: list[str] = field(default_factory=list)


def missing_names(lakehouse: Lakehouse) -> list[MissingName]:
    """The names that the catalogue does not know; names with the most waiting records first.

    Starts no Spark session. Names of one feed that would be looked up alike are one.
    """
    known = known_products(lakehouse)
    missing_by_name: dict[tuple[str, str], MissingName] = {}
    for row in _waiting(lakehouse):
        feed, name = row["feed"], normalised(row["source_product"])
        looked_up_as = caseless(name) if lakehouse.declaration.feeds[feed].ignore_case else name
        missing = missing_by_name.setdefault((feed, looked_up_as), MissingName(feed, name))
        missing.records += 1
        if row["amount"] is not None:
            before = missing.amounts.get(row["currency"], Decimal(0))
            missing.amounts[row["currency"]] = before + row["amount"]
    for missing in missing_by_name.values():
        missing.near = _near(known, lakehouse.declaration.feeds[missing.feed], missing.name)
    return sorted(
        missing_by_name.values(), key=lambda missing: (-missing.records, missing.feed, missing.name)
    )


def _waiting(lakehouse: Lakehouse) -> Iterator[dict[str, Any]]:
    """The quarantined records of declared feeds whose product is not known."""
    if not lakehouse.has(_QUARANTINE):
        return
    rows = lakehouse.read(_QUARANTINE, columns=_COLUMNS)
    reasons = pc.binary_join(rows["reasons"].cast(pa.list_(pa.string())), text_scalar(","))
    waiting = rows.filter(pc.match_substring(reasons, PRODUCT_UNKNOWN))
    for row in waiting.to_pylist():
        if row["feed"] in lakehouse.declaration.feeds:
            yield row


def _near(known: Known, feed: Feed, name: str) -> list[str]:
    language = CODE if feed.product_by == "code" else feed.language
    return near_matches(known, language, name)
