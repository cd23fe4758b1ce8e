"""The keys that more than one record has or had, so that only their records are compared.

An engine that counts or joins many keys keeps each of them in a hash table, in sixty to a hundred
bytes. The embedded engine has the memory of this process, so keys are counted here, in eight bytes
each, and many keys are compared here, with older records that are read batch by batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sales_pipeline.engines.statements import union_of
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.profile import fetched
from sales_pipeline.silver.collisions import repeated_keys

_MANY_KEYS, _MANY_RECORDS = 2_000_000, 10_000
_FEW_KEYS = 1_000
_PLACES_OF_A_KEY, _MOST_BITS = 16, 26
_HASHES_COMPARED_AT_ONCE = 1 << 20
_ROW_ID = ("_file_id", "_row")
RECORD = ("key_hash", *_ROW_ID)
_RECORD_SCHEMA = pa.schema([(name, pa.int64()) for name in RECORD])
_Hashes = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class History:
    """The records of other deliveries that have a key, in the columns of `RECORD`.

    Attributes:
        frame: They as a DataFrame.
        batches: Reads some columns in this process, piece by piece: of all these records, and
            perhaps of some without a key, or of those that have one of a few keys.
    """

    frame: DataFrame
    batches: Callable[[Sequence[str], Sequence[int] | None], Iterable[pa.RecordBatch]]

    def that_have(self, keys: DataFrame, columns: Sequence[str] = RECORD) -> DataFrame:
        """Some columns of the records that have one of some keys."""
        return self.frame.join(keys, "key_hash", "left_semi").select(*columns)

    def that_have_few(self, keys: _Hashes) -> pa.Table:
        """The records that have one of a few keys, read in this process."""
        batches = list(self.batches(RECORD, keys.tolist()))
        return pa.Table.from_batches(batches).cast(_RECORD_SCHEMA)


@dataclass(frozen=True)
class MeetingKeys:
    """Keys that meet.

    Attributes:
        keys: `key_hash` of each, once; None if there is none.
        are_few: Whether they are at most a thousand.
        meet_history: Whether a record of another delivery may have one of them.
        earlier: `_file_id` -> `_row` of these records, if they are few; then only the data files
            that hold them are read. None if they have to be found by their keys.
    """

    keys: DataFrame | None = None
    are_few: bool = False
    meet_history: bool = False
    earlier: Mapping[int, tuple[int, ...]] | None = None


def meeting_keys(
    lakehouse: Lakehouse,
    own: DataFrame | None,
    *,
    history: History | None,
    lost: DataFrame | None,
    are_held: bool = False,
) -> MeetingKeys:
    """Finds the keys that more than one record has or had.

    Args:
        lakehouse: The tables.
        own: `key_hash` of every record of the batch; None without a batch.
        history: The records of other deliveries; None if there are none.
        lost: Those of them that lost to a record that is replaced now; None if there are none.
        are_held: Whether this process holds the records of the batch, because they are few.
    """
    is_here = lakehouse.engine.capabilities.counts_keys_here or are_held
    of_lost = [] if lost is None else [lost.select(*RECORD)]
    parts = [*of_lost]
    hashes: list[_Hashes] = []
    rows: list[pa.Table] = []
    if own is not None and is_here:
        of_batch = _sorted(fetched("read the keys of the batch", own))
        hashes.append(_distinct(of_batch[1:][of_batch[1:] == of_batch[:-1]]))
        of_batch = _distinct(of_batch)
        met = _none() if history is None else _met(lakehouse, of_batch, history)
        if history is None or len(met) > _MANY_KEYS:
            hashes.append(met)
        elif len(met) > _FEW_KEYS:
            parts.append(history.that_have(lakehouse.shared("keys_met", _table(met))))
        elif len(met):
            rows.append(history.that_have_few(met))
    elif own is not None:
        parts += _of_batch(own, history)
    if parts:
        some = union_of(parts).limit(_MANY_KEYS + 1)
        rows.append(fetched("find the keys that meet", some))
    hashes += map(_sorted, rows)
    if sum(map(len, hashes)) > _MANY_KEYS:
        parts = of_lost if own is None else [*of_lost, *_of_batch(own, history)]
        keys = union_of(parts).select("key_hash").distinct()
        return MeetingKeys(keys, meet_history=history is not None)
    if not any(map(len, hashes)):
        return MeetingKeys()
    meeting = np.unique(np.concatenate(hashes))
    records = [some.filter(pc.is_valid(some["_row"])) for some in rows]
    count = sum(some.num_rows for some in records)
    return MeetingKeys(
        lakehouse.shared("meeting_keys", _table(meeting)),
        are_few=len(meeting) <= _FEW_KEYS,
        meet_history=count > 0,
        earlier=rows_by_file(records) if lost is None and count <= _MANY_RECORDS else None,
    )


def _of_batch(own: DataFrame, history: History | None) -> Iterator[DataFrame]:
    """Keys of the batch that repeat, and records of history with a key of it."""
    none = (F.lit(None).cast("BIGINT").alias(id_) for id_ in _ROW_ID)
    yield repeated_keys(own).select("key_hash", *none)
    if history is not None:
        yield history.that_have(own)


def _met(lakehouse: Lakehouse, of_batch: _Hashes, history: History) -> _Hashes:
    """The keys of a batch, given in order, that records of history have; in order.

    If they are more than `_MANY_KEYS`, not all may be among them, and some several times.
    """
    if len(of_batch) > _MANY_KEYS or not lakehouse.engine.capabilities.counts_keys_here:
        return _met_here(of_batch, history.batches(["key_hash"], None))
    # An engine in this process compares few keys faster, and knows from this table that they are
    # few. Another one would take a second for the statement, whatever it reads.
    keys = lakehouse.shared("keys_of_batch", _table(of_batch))
    met = history.that_have(keys, ["key_hash"]).limit(_MANY_KEYS + 1)
    hashes = _sorted(fetched("find the keys that meet", met))
    return hashes if len(hashes) > _MANY_KEYS else _distinct(hashes)


def _met_here(of_batch: _Hashes, history: Iterable[pa.RecordBatch]) -> _Hashes:
    """The same as `_met`, compared in this process."""
    met = [_none()]
    for hashes in _in_groups(_that_may_meet(of_batch, history)):
        # In order, because a search for each by itself waits for memory.
        hashes.sort()
        places = np.searchsorted(of_batch, hashes).clip(max=len(of_batch) - 1)
        met.append(_distinct(hashes[of_batch[places] == hashes]))
        if sum(map(len, met)) > _MANY_KEYS:
            return np.concatenate(met)
    return np.unique(np.concatenate(met))


def _that_may_meet(of_batch: _Hashes, history: Iterable[pa.RecordBatch]) -> Iterator[_Hashes]:
    """Yields hashes of history: all that the batch has, and a few others.

    A place in a table, chosen by the first bits of a hash, says whether the batch has a key there.
    """
    if not len(of_batch):
        return
    bits = min((_PLACES_OF_A_KEY * len(of_batch)).bit_length(), _MOST_BITS)
    shift = np.uint64(64 - bits)
    is_taken = np.zeros(1 << bits, np.bool_)
    for start in range(0, len(of_batch), _HASHES_COMPARED_AT_ONCE):
        some = of_batch[start : start + _HASHES_COMPARED_AT_ONCE]
        is_taken[some.view(np.uint64) >> shift] = True
    for batch in history:
        hashes = batch["key_hash"].drop_null().to_numpy()
        may_meet = is_taken[hashes.view(np.uint64) >> shift]
        if may_meet.any():
            yield hashes[may_meet]


def _in_groups(arrays: Iterable[_Hashes]) -> Iterator[_Hashes]:
    """Yields hashes in arrays of at least `_HASHES_COMPARED_AT_ONCE`, but the last."""
    group: list[_Hashes] = []
    count = 0
    for hashes in arrays:
        group.append(hashes)
        count += len(hashes)
        if count >= _HASHES_COMPARED_AT_ONCE:
            yield np.concatenate(group)
            group, count = [], 0
    if group:
        yield np.concatenate(group)


def rows_by_file(records: Iterable[pa.Table]) -> dict[int, tuple[int, ...]]:
    """Few records by their delivery: `_file_id` -> the `_row` of each, once and in order."""
    of_files: dict[int, set[int]] = {}
    for some in records:
        for file_id, row in zip(*(some[id_].to_pylist() for id_ in _ROW_ID), strict=True):
            of_files.setdefault(file_id, set()).add(row)
    return {file_id: tuple(sorted(rows)) for file_id, rows in sorted(of_files.items())}


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


def _none() -> _Hashes:
    return np.empty(0, np.int64)


def _table(hashes: _Hashes) -> pa.Table:
    # NumPy's memory would be freed by the engine, which waits for the interpreter's lock then.
    return pa.table({"key_hash": pc.add(pa.array(hashes), 0)})
