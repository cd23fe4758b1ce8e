"""The records of a landing file as batches of its bronze schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from sales_pipeline.landing.headers import HeaderMatch
from sales_pipeline.landing.record_splitter import Record, ragged_problem
from sales_pipeline.landing.shape import FileShape, bronze_schema

_JSON_ESCAPED = r'[\x00-\x1f"\\]'
JSON_BYTES = 8 << 20
"""How many bytes of names the objects of one batch repeat at most, unless it has one record."""
_Numbers = np.ndarray[Any, np.dtype[np.int64]]
json_text = json.JSONEncoder(ensure_ascii=False).encode


class BatchMaker:
    """Puts the records of a file, with their numbers, into batches of the bronze schema."""

    def __init__(self, shape: FileShape, file_id: int) -> None:
        self._schema = bronze_schema(shape.columns)
        self._declared = len(shape.columns)
        self._file_id = pa.scalar(file_id, pa.int64())
        self._keeps_text = not shape.never_store
        self._rows = 0

    def from_parsed(
        self, match: HeaderMatch, columns: Sequence[pa.Array], ragged: Sequence[csv.InvalidRow]
    ) -> Iterator[pa.RecordBatch]:
        """Makes batches of the file's columns, and one of the records that have others."""
        numbers = self._numbers(len(columns[0]) + len(ragged))
        if not ragged:
            yield from self._batches(numbers, match, columns)
            return
        at = np.array([row.number - 1 for row in ragged])
        problems = [ragged_problem(row.actual_columns, row.expected_columns) for row in ragged]
        yield from self._batches(np.delete(numbers, at), match, columns)
        yield self._malformed(numbers[at], [row.text for row in ragged], problems)

    def from_records(self, records: Sequence[Record]) -> Iterator[pa.RecordBatch]:
        """Makes batches of the records of each header, and one of the malformed records."""
        numbers = self._numbers(len(records))
        start = 0
        for _, group in groupby(records, key=lambda record: id(record.match)):
            of_match = list(group)
            match = of_match[0].match
            own = numbers[start : start + len(of_match)]
            start += len(of_match)
            if match is None:
                raw = [record.raw for record in of_match]
                yield self._malformed(own, raw, [record.problem for record in of_match])
            else:
                columns = zip(*(record.fields for record in of_match), strict=True)
                yield from self._batches(
                    own, match, [pa.array(texts, pa.string()) for texts in columns]
                )

    def _batches(
        self, numbers: _Numbers, match: HeaderMatch, columns: Sequence[pa.Array]
    ) -> Iterator[pa.RecordBatch]:
        """Makes batches of so few records that their undeclared names fit into memory."""
        repeated = sum(len(json_text(key).encode()) for _, key in match.undeclared)
        most = max(1, JSON_BYTES // max(1, repeated))
        none = pa.nulls(min(most, len(numbers)), pa.string())
        for start in range(0, len(numbers), most):
            rows = [column.slice(start, most) for column in columns]
            arrays = [rows[at] for at in match.positions if at is not None]
            own = numbers[start : start + most]
            nulls = none[: len(own)]
            yield self._of_bronze(own, arrays, _extra(match, rows), nulls, nulls)

    def _malformed(
        self, numbers: _Numbers, raw: Sequence[str | None], problems: Sequence[str | None]
    ) -> pa.RecordBatch:
        none = pa.nulls(len(numbers), pa.string())
        texts = pa.array(raw, pa.string()) if self._keeps_text else none
        arrays = [none] * self._declared
        return self._of_bronze(numbers, arrays, none, texts, pa.array(problems, pa.string()))

    def _of_bronze(
        self, numbers: _Numbers, declared: Sequence[pa.Array], *others: pa.Array
    ) -> pa.RecordBatch:
        # The sum is memory of Arrow's own. An array of NumPy's needs the interpreter's lock to be
        # freed, and an engine that frees it in a thread of its own may wait for that for ever.
        rows = pc.add(pa.array(numbers), 0)
        file_ids = pa.repeat(self._file_id, len(numbers))
        return pa.record_batch([*declared, file_ids, rows, *others], schema=self._schema)

    def _numbers(self, count: int) -> _Numbers:
        """Returns the numbers of the next records."""
        self._rows += count
        return np.arange(self._rows - count + 1, self._rows + 1, dtype=np.int64)


def _extra(match: HeaderMatch, columns: Sequence[pa.Array]) -> pa.Array:
    """Returns the undeclared columns of each record as one JSON object text."""
    if not match.undeclared:
        return pa.nulls(len(columns[0]), pa.string())
    members = [_json_members(key, columns[at]) for at, key in match.undeclared]
    if len(members) == 1:
        # Few texts occur many times, so the object is made for each text once.
        texts = pc.binary_join_element_wise("{", members[0].dictionary, "}", "")
        return texts.take(members[0].indices)
    objects = [member.dictionary.take(member.indices) for member in members]
    return pc.binary_join_element_wise("{", pc.binary_join_element_wise(*objects, ", "), "}", "")


def _json_members(key: str, column: pa.Array) -> pa.DictionaryArray:
    """Returns `"key": "text"` for each text of a column, null for null."""
    texts = column.dictionary_encode()
    values = _json_texts(texts.dictionary)
    members = pc.binary_join_element_wise(json_text(key), values, ": ")
    return pa.DictionaryArray.from_arrays(texts.indices, members)


def _json_texts(column: pa.Array) -> pa.Array:
    """Returns each text as JSON, null for null."""
    if pc.any(pc.match_substring_regex(column, _JSON_ESCAPED)).as_py():
        texts = column.to_pylist()
        return pa.array([None if text is None else json_text(text) for text in texts], pa.string())
    return pc.binary_join_element_wise('"', column, '"', "")
