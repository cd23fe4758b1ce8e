"""Counts the records that wait for names which the catalogue does not know (P9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.lakehouse.arrow_types import text_scalar
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.silver.reference.products import (
    CODE,
    NearNames,
    caseless,
    known_products,
    normalised,
)
from sales_pipeline.silver.validation.reasons import PRODUCT_UNKNOWN

MOST_COMPARED = 100
"""The most names that one command compares with all names of the catalogue, which takes long."""
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
        near: The names or codes of the catalogue that are most like it, the likest first; None if
            it was not compared with them.
    """

    feed: str
    name: str
    records: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    near: list[str] | None = None

    @property
    def like(self) -> str:
        """The names that are most like it as one text, or that it was not compared with any."""
        if self.near is None:
            return f"(only the first {MOST_COMPARED} names are compared)"
        return ", ".join(self.near)


def missing_names(lakehouse: Lakehouse) -> list[MissingName]:
    """The names that the catalogue does not know; names with the most waiting records first.

    Starts no Spark session. Names of one feed that would be looked up alike are one. None is
    compared with the names of the catalogue yet; `compare` does that.
    """
    missing_by_name: dict[tuple[str, str], MissingName] = {}
    for row in _waiting(lakehouse):
        feed, name = row["feed"], normalised(row["source_product"])
        looked_up_as = caseless(name) if lakehouse.declaration.feeds[feed].ignore_case else name
        missing = missing_by_name.setdefault((feed, looked_up_as), MissingName(feed, name))
        missing.records += 1
        if row["amount"] is not None:
            before = missing.amounts.get(row["currency"], Decimal(0))
            missing.amounts[row["currency"]] = before + row["amount"]
    return sorted(
        missing_by_name.values(), key=lambda missing: (-missing.records, missing.feed, missing.name)
    )


def compare(lakehouse: Lakehouse, names: Sequence[MissingName]) -> None:
    """Finds the names of the catalogue that are most like the first `MOST_COMPARED` of some names.

    Args:
        lakehouse: The tables.
        names: The names to show, in their order; `near` of the first is set.
    """
    known = NearNames(known_products(lakehouse) if names else {})
    for missing in names[:MOST_COMPARED]:
        feed = lakehouse.declaration.feeds[missing.feed]
        language = CODE if feed.product_by == "code" else feed.language
        missing.near = known.like(language, missing.name)


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
