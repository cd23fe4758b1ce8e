"""Counts how often sales of a file share a key; a file whose key is not unique is held."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.feed import Feed
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.lakehouse.tables import EXCLUDED
from sales_pipeline.profile import fetched
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.collisions import CONTENT

_ROW = ["_file_id", "_row"]
_NO_KEY_COLUMNS = {"quantity", "unit_price", "amount", "currency"}
"""Columns that tell sales apart by accident only."""
_MOST_LOOKED_AT = 10_000
"""The sales of a part for which columns are looked for that would tell them apart."""
_Numbers = np.ndarray[Any, np.dtype[np.int64]]
_Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class KeyCount:
    """Counts that show whether the key of a file tells its sales apart.

    Attributes:
        records: The fit records.
        keys: The different keys of these.
        differing: The sales that a later, different one of the file displaces.
        unique_with: Headers of the file, each of which would tell these apart as a part of the
            key; None if that was not looked for, because the file is large.
    """

    records: int
    keys: int
    differing: int
    unique_with: tuple[str, ...] | None = ()


def repeated_keys_reason(delivery: Delivery, feed: Feed, count: int, rows: int) -> str | None:
    """Returns the reason to hold a delivery in which too many sales share a key, or None.

    Args:
        delivery: The delivery.
        feed: Its feed.
        count: The sales that a different record of their own file displaced.
        rows: Its records.
    """
    if not count or Decimal(count) / rows <= feed.max_repeated_keys:
        return None
    return (
        f"{count:,} of its {rows:,} records share their key with another one of the file and "
        "are not equal to it, so the key does not tell sales apart. Do: declare "
        f"another key, or sales-pipeline accept {delivery.path}"
    )


@dataclass
class KeyCounter:
    """Counts the keys of files whose records come in parts, in the order of the records."""

    _counts: dict[int, KeyCount] = field(default_factory=dict)
    _parts: dict[int, list[tuple[_Numbers, _Numbers]]] = field(default_factory=dict)
    _unique_with: dict[int, set[str]] = field(default_factory=dict)

    def add(self, batch: Batch, validated: DataFrame, bronze: pa.Table | None) -> None:
        """Adds the records of some files, which are whole except for the last one.

        Args:
            batch: The files.
            validated: Their validated records, which silver does not hold.
            bronze: The same records as delivered, where columns are looked for that would tell
                sales apart, of files that come in one part.
        """
        content = F.when(F.col("verdict") != EXCLUDED, F.xxhash64(*CONTENT)).alias("content")
        rows = fetched("read the keys", validated.select(*_ROW, "key_hash", content))
        for file_id in self._parts.keys() - {*batch.file_ids}:
            self._finish(file_id)
        rows = rows.filter(pc.is_valid(rows["key_hash"])).sort_by([(n, "ascending") for n in _ROW])
        for file_id, start, stop in _runs(rows["_file_id"].to_numpy()):
            part = rows.slice(start, stop - start)
            # An excluded record meets none: its content is 0.
            keys, contents = part["key_hash"].to_numpy(), part["content"].fill_null(0).to_numpy()
            self._parts.setdefault(file_id, []).append((keys, contents))
            differs = np.flatnonzero(_differing(keys, contents))[:_MOST_LOOKED_AT]
            if bronze is not None and len(differs):
                meets = np.isin(keys, keys[differs]) & (contents != 0)
                own = bronze.filter(pc.equal(bronze["_file_id"], file_id))
                places = pc.index_in(part["_row"].filter(pa.array(meets)), own["_row"])
                names = zip(keys[meets].tolist(), contents[meets].tolist(), strict=True)
                records = dict(zip(names, own.take(places).to_pylist(), strict=True))
                feed = batch.lakehouse.declaration.feeds[batch.feed_of[file_id]]
                self._unique_with[file_id] = _telling_apart(records, feed)

    def counts(self) -> dict[int, KeyCount]:
        """Returns file id -> its counts, for files in which a record has a key."""
        for file_id in [*self._parts]:
            self._finish(file_id)
        return self._counts

    def _finish(self, file_id: int) -> None:
        parts = self._parts.pop(file_id)
        keys, contents = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        differing = int(np.count_nonzero(_differing(keys, contents)))
        headers = tuple(sorted(self._unique_with.pop(file_id, ()))) if len(parts) == 1 else None
        fit = keys[contents != 0]
        self._counts[file_id] = KeyCount(len(fit), len(np.unique(fit)), differing, headers)


def _runs(ids: _Numbers) -> Iterator[tuple[int, int, int]]:
    """Yields each id of sorted ones, with its first place and the one after its last."""
    values, starts = np.unique(ids, return_index=True)
    stops = np.append(starts[1:], [len(ids)] * bool(len(ids)))
    yield from zip(values.tolist(), starts.tolist(), stops.tolist(), strict=True)


def _differing(keys: _Numbers, content: _Numbers) -> _Flags:
    """Returns which records differ from the last one of their key, if neither is excluded."""
    order = np.argsort(keys, kind="stable")
    sorted_keys, sorted_content = keys[order], content[order]
    is_last = np.append(sorted_keys[1:] != sorted_keys[:-1], [True] * bool(len(keys)))
    winner = sorted_content[np.flatnonzero(is_last)][np.cumsum(is_last) - is_last]
    differs = np.empty(len(keys), np.bool_)
    differs[order] = (sorted_content != winner) & (sorted_content != 0) & (winner != 0)
    return differs


def _telling_apart(records: Mapping[tuple[int, int], dict[str, Any]], feed: Feed) -> set[str]:
    """Returns the headers whose texts differ wherever two records have the same key.

    Args:
        records: Key and content of records -> the record as delivered.
        feed: Their feed.
    """
    known = {name for name in feed.columns if name in _NO_KEY_COLUMNS or name in feed.key}
    headers = {name: header for name, header in feed.columns.items() if name not in known}
    texts = [
        (key, {header: row[name] for name, header in headers.items()} | _undeclared(row))
        for (key, _), row in records.items()
    ]
    candidates = {header for _, record in texts for header in record}
    return {
        header
        for header in candidates
        if len({(key, record.get(header)) for key, record in texts}) == len(texts)
    }


def _undeclared(row: dict[str, Any]) -> dict[str, str | None]:
    extra: dict[str, str | None] = json.loads(row["_extra"]) if row["_extra"] else {}
    return extra
