"""The keys that more than one record has or had, so that only their records are compared.

An engine that counts keys keeps each of them in a hash table, in about sixty bytes. The embedded
engine has the memory of this process, so it only reads the hashes, and they are counted here: in
sixteen bytes each, for as long as they are sorted. They also say whether the batch has so few keys
that history is compared with a local table, of which the engine knows the size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.profile import fetched
from sales_pipeline.silver.collisions import repeated_keys

_MANY_KEYS, _MANY_RECORDS = 2_000_000, 10_000
_ROW_ID = ("_file_id", "_row")
_RECORD = ("key_hash", *_ROW_ID)
_Hashes = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class MeetingKeys:
    """Keys that meet.

    Attributes:
        keys: `key_hash` of each, once; None if there is none.
        meet_history: Whether a record of another delivery may have one of them.
        earlier: `_file_id` -> `_row` of these records, if they are few; then only the data files
            that hold them are read. None if they have to be found by their keys.
    """

    keys: DataFrame | None = None
    meet_history: bool = False
    earlier: Mapping[int, tuple[int, ...]] | None = None


def meeting_keys(
    lakehouse: Lakehouse,
    own: DataFrame | None,
    *,
    history: DataFrame | None,
    lost: DataFrame | None,
) -> MeetingKeys:
    """Finds the keys that more than one record has or had, in one statement or two.

    Args:
        lakehouse: The tables.
        own: `key_hash` of every record of the batch; None without a batch.
        history: `key_hash`, `_file_id` and `_row` of the records of other deliveries that have a
            key; None if there are none.
        lost: Those of them that lost to a record that is replaced now; None if there are none.
    """
    repeated: _Hashes | None = None
    compared = own
    if own is not None and lakehouse.engine.capabilities.counts_keys_here:
        of_batch = _sorted(fetched("read the keys of the batch", own))
        repeated = _distinct(of_batch[1:][of_batch[1:] == of_batch[:-1]])
        if history is not None and len(distinct := _distinct(of_batch)) <= _MANY_KEYS:
            compared = lakehouse.shared("keys_of_batch", _table(distinct))
    parts = []
    if own is not None and repeated is None:
        parts.append(_of_batch(repeated_keys(own)))
    if compared is not None and history is not None:
        parts.append(history.join(compared, "key_hash", "left_semi").select(*_RECORD))
    if lost is not None:
        parts.append(lost.select(*_RECORD))
    rows = (
        fetched("find the keys that meet", _union(parts).limit(_MANY_KEYS + 1)) if parts else None
    )
    hashes = [] if rows is None else [_sorted(rows)]
    if repeated is not None:
        hashes.append(repeated)
    if sum(map(len, hashes)) > _MANY_KEYS:
        if own is not None and repeated is not None:
            parts.append(_of_batch(repeated_keys(own)))
        keys = _union(parts).select("key_hash").distinct()
        return MeetingKeys(keys, meet_history=history is not None)
    if not any(map(len, hashes)):
        return MeetingKeys()
    distinct = np.unique(np.concatenate(hashes))
    records = None if rows is None else rows.filter(pc.is_valid(rows["_row"]))
    return MeetingKeys(
        lakehouse.shared("meeting_keys", _table(distinct)),
        meet_history=records is not None and records.num_rows > 0,
        earlier=_by_file(records) if lost is None else None,
    )


def _of_batch(keys: DataFrame) -> DataFrame:
    """Keys of the batch in the columns of `_RECORD`; file and row are null."""
    return keys.select("key_hash", *(F.lit(None).cast("BIGINT").alias(id_) for id_ in _ROW_ID))


def _by_file(records: pa.Table | None) -> Mapping[int, tuple[int, ...]] | None:
    """Few records of history by file, each once; None if they are many."""
    if records is None or records.num_rows > _MANY_RECORDS:
        return None
    of_files: dict[int, set[int]] = {}
    pairs = zip(*(records[id_].to_pylist() for id_ in _ROW_ID), strict=True)
    for file_id, row in pairs:
        of_files.setdefault(file_id, set()).add(row)
    return {file_id: tuple(sorted(rows)) for file_id, rows in sorted(of_files.items())}


def _union(parts: Sequence[DataFrame]) -> DataFrame:
    return reduce(DataFrame.unionByName, parts)


def _sorted(rows: pa.Table) -> _Hashes:
    """The hashes of a table in order, without nulls."""
    hashes: _Hashes = rows["key_hash"].drop_null().to_numpy()
    hashes = hashes if hashes.flags.writeable else hashes.copy()
    hashes.sort()
    return hashes


def _distinct(hashes: _Hashes) -> _Hashes:
    """Each of some sorted hashes once."""
    is_first = np.ones(len(hashes), np.bool_)
    is_first[1:] = hashes[1:] != hashes[:-1]
    return hashes[is_first]


def _table(hashes: _Hashes) -> pa.Table:
    # NumPy's memory would be freed by the engine, which waits for the interpreter's lock then.
    return pa.table({"key_hash": pc.add(pa.array(hashes), 0)})
