"""The quarantined records that somebody asks for: by feed, by reason, by file.

`quarantine list`, `show` and `export` choose alike, without a Spark session.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.bronze.feed_files import landing_patterns
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, examples
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.silver.validation.reasons import RULE, sentence_of

QUARANTINE = "silver.quarantine"


@dataclass(frozen=True)
class Filters:
    """Which quarantined records are meant; all of them where nothing is said.

    Attributes:
        feed: Only those of this feed.
        reason: Only those with this reason among theirs, as in docs/reasons.md.
        file: Only those of this file, by its path below the landing folder.
    """

    feed: str | None = None
    reason: str | None = None
    file: str | None = None


def quarantined(
    lakehouse: Lakehouse, ledger: Ledger, filters: Filters, *, columns: Sequence[str]
) -> pa.Table:
    """Returns the quarantined records that are meant, in the order of delivery.

    Args:
        lakehouse: The tables.
        ledger: The deliveries, whose paths `filters.file` is one of.
        filters: Which records.
        columns: Columns of `silver.quarantine`.

    Raises:
        UsageError: There is no such feed, reason or file.
    """
    files = _file_ids(lakehouse.declaration, ledger, filters.file)
    _check_feed(lakehouse.declaration, filters.feed)
    _check_reason(filters.reason)
    needed = dict.fromkeys(["feed", "reasons", "_file_id", "_row", *columns])
    rows = lakehouse.read(QUARANTINE, columns=list(needed))
    if filters.feed is not None:
        rows = rows.filter(pc.equal(rows["feed"], filters.feed))
    if files is not None:
        rows = rows.filter(pc.is_in(rows["_file_id"], value_set=pa.array(files, pa.int64())))
    if filters.reason is not None:
        reasons = pc.binary_join(rows["reasons"].cast(pa.list_(pa.string())), ",")
        listed = pc.binary_join_element_wise("", reasons, "", ",")
        rows = rows.filter(pc.match_substring(listed, f",{filters.reason},"))
    order = pc.sort_indices(rows, sort_keys=[("_file_id", "ascending"), ("_row", "ascending")])
    return rows.take(order).select(list(columns))


def _check_feed(declaration: Declaration, feed: str | None) -> None:
    known = list(landing_patterns(declaration))
    if feed is not None and feed not in known:
        raise UsageError(f"--feed: no such feed, got {feed!r}. {_meant(feed, known)}")


def _check_reason(reason: str | None) -> None:
    if reason is not None and not sentence_of(reason):
        do = f"Do: take one of docs/reasons.md; the reason of a rule is {RULE}<its name>."
        raise UsageError(f"--reason: no such reason, got {reason!r}. {do}")


def _file_ids(declaration: Declaration, ledger: Ledger, file: str | None) -> list[int] | None:
    """The numbers of the deliveries of a file, by the names that a person may give it."""
    if file is None:
        return None
    below = os.path.relpath(file, declaration.landing)
    found = [
        each.file_id
        for each in ledger
        if each.path in (file, below) or f"{each.feed}/{each.name}" == file
    ]
    if not found:
        paths = sorted({each.path for each in ledger})
        raise UsageError(f"--file: never delivered, got {file!r}. {_meant(file, paths)}")
    return found


def _meant(given: str, known: Iterable[str]) -> str:
    names = list(known)
    close = get_close_matches(given, names, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {examples(names)}."
