"""The keys that more than one record has or had, so that only their records are compared.

An engine that counts keys keeps each of them in a hash table, in about sixty bytes. The embedded
engine has the memory of this process, so it only reads the hashes, and they are counted here: in
sixteen bytes each, for as long as they are sorted. They also say whether the batch has so few keys
that history is compared with a local table, of which the engine knows the size.
"""

from __future__ import annotations

from collections.abc import Sequence
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

_MANY_KEYS = 2_000_000
_Hashes = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class MeetingKeys:
    """Keys that meet.

    Attributes:
        keys: `key_hash` of each, once; None if there is none.
        meet_history: Whether a record of another delivery may have one of them.
    """

    keys: DataFrame | None = None
    meet_history: bool = False


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
        history: The records of other deliveries, with a `key_hash`; None if there are none.
        lost: Those of them that lost to a record that is replaced now; None if there are none.
    """
    here: _Hashes | None = None
    compared = own
    if own is not None and lakehouse.engine.capabilities.counts_keys_here:
        hashes = _sorted(fetched("read the keys of the batch", own))
        here = _distinct(hashes[1:][hashes[1:] == hashes[:-1]])
        if history is not None and len(distinct := _distinct(hashes)) <= _MANY_KEYS:
            compared = lakehouse.shared("keys_of_batch", _table(distinct))
    parts = []
    if own is not None and here is None:
        parts.append(repeated_keys(own).select("key_hash", F.lit(False).alias("_is_earlier")))
    if compared is not None and history is not None:
        met = history.join(compared, "key_hash", "left_semi").select("key_hash").distinct()
        parts.append(met.select("key_hash", F.lit(True).alias("_is_earlier")))
    if lost is not None:
        parts.append(lost.select("key_hash").distinct().withColumn("_is_earlier", F.lit(True)))
    rows = (
        fetched("find the keys that meet", _union(parts).limit(_MANY_KEYS + 1)) if parts else None
    )
    found = [] if rows is None else [_sorted(rows)]
    is_earlier = rows is not None and any(rows["_is_earlier"].unique().to_pylist())
    count = sum(map(len, found)) + (0 if here is None else len(here))
    if count > _MANY_KEYS:
        if own is not None and here is not None:
            parts.append(repeated_keys(own).withColumn("_is_earlier", F.lit(False)))
        keys = _union(parts).select("key_hash").distinct()
        return MeetingKeys(keys, meet_history=history is not None)
    if not count:
        return MeetingKeys()
    distinct = np.unique(np.concatenate([*found, *([] if here is None else [here])]))
    return MeetingKeys(lakehouse.shared("meeting_keys", _table(distinct)), meet_history=is_earlier)


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
