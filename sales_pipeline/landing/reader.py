"""The one landing reader: a file's bytes in, bronze record batches out.

A file is read in blocks, so memory stays flat. A block that pyarrow's CSV parser
is sure to split as `records` defines it goes through that parser; every other
block goes through `records` itself.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.landing import records
from sales_pipeline.landing.landed_bytes import LandedBytes
from sales_pipeline.landing.records import (
    PROBLEMS,
    DataLines,
    Record,
    RecordFormat,
    RecordSplitter,
    Transcoder,
    ragged_problem,
)
from sales_pipeline.landing.regular_files import regular_opener
from sales_pipeline.landing.shape import FileShape, HeaderMatch, bronze_schema

BLOCK_BYTES = 15 << 16
"""With the rest of the block before, this stays below the size of the longest record."""
SMALL_BLOCK_BYTES = 1 << 13
"""A block of this size that the plain parser cannot split is not tried in smaller parts."""
CAREFUL_RECORDS = 64
"""After so many records the plain parser is tried again."""

_BLANK_LINE = re.compile(rb"(?<![^\n])\r?\n")
_JSON_ESCAPED = r'[\x00-\x1f"\\]'
json_text = json.JSONEncoder(ensure_ascii=False).encode

_Parsed = tuple[list[pa.Array], list[csv.InvalidRow]]
"""The columns of the records that are not malformed, and those that are."""


def read_batches(
    path: str,
    shape: FileShape,
    file_id: int,
    *,
    sha256: str | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[pa.RecordBatch]:
    """Reads a landing file as batches of its bronze schema, `bronze_schema(shape.columns)`.

    Malformed records may come after others of their block; `_row` tells the order.

    Args:
        path: The file.
        shape: How the file is written.
        file_id: The delivery's number, for `_file_id`.
        sha256: The hex digest that the file's bytes must have.
        block_bytes: How much is read at once; it changes speed and memory, never a record.

    Raises:
        FileChanged: The bytes are not those of `sha256` (known at the end), or the file is gone.
        FileRejected: The header is not the declared one, or the gzip around the file is
            damaged or unpacks too far; `examine` says more about it, before anything is read.
    """
    try:
        with open(path, "rb", buffering=0, opener=regular_opener) as file:
            landed = LandedBytes(file, path, max_ratio=shape.max_unpacked_ratio)
            source = _Source(landed, shape, block_bytes)
            try:
                yield from _read(source, path, shape, file_id)
            except FileRejected:
                source.check(path, sha256)
                raise
            source.check(path, sha256)
    except FileNotFoundError as error:
        raise FileChanged(path) from error


class _Source:
    """The lines of a file that are data, in UTF-8, piece by piece."""

    def __init__(self, landed: LandedBytes, shape: FileShape, block_bytes: int) -> None:
        self._landed = landed
        self._transcoder = Transcoder(shape.encoding)
        self._lines = DataLines(shape.skip_lines, shape.footer_lines)
        self._block_bytes = block_bytes

    def read(self) -> tuple[bytes, bool]:
        """Gives the next bytes, and whether they are the last."""
        data = self._landed.read(self._block_bytes)
        final = not data
        return self._lines.feed(self._transcoder.feed(data, final=final), final=final), final

    def check(self, path: str, sha256: str | None) -> None:
        """Raises FileChanged where the whole file has another digest."""
        if sha256 is not None and self._landed.sha256() != sha256:
            raise FileChanged(path)


def _read(source: _Source, path: str, shape: FileShape, file_id: int) -> Iterator[pa.RecordBatch]:
    first, pending, final = _read_first(source, path, shape)
    match = shape.match(first)
    if not match.is_complete:
        names = ", ".join((*match.missing, *match.repeated))
        raise FileRejected("wrong_header", f"{path} header: must be there once each: {names}")
    parts = _Parts(RecordFormat.of(shape, width=match.width), _BatchMaker(shape, match, file_id))
    while True:
        batches, pending = parts.take_all(pending, final=final)
        yield from _gathered(batches)
        if final:
            return
        data, final = source.read()
        pending += data


def _gathered(batches: Sequence[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Gives the largest batch, which is not copied, and one of all the others."""
    if not batches:
        return
    *others, largest = sorted(batches, key=len)
    yield largest
    if others:
        yield pa.Table.from_batches(others).combine_chunks().to_batches()[0]


def _read_first(source: _Source, path: str, shape: FileShape) -> tuple[list[str], bytes, bool]:
    """Gives the fields of the first record, the bytes of the others, and whether they are all.

    Where the first record is not a header, it is among the others.
    """
    splitter = RecordSplitter(RecordFormat.of(shape))
    read, pending, final = b"", b"", False
    while not final:
        data, final = source.read()
        read = b"" if shape.header or splitter.is_in_long_line else read + data
        found, pending = splitter.split(pending + data, final=final, most=1)
        for first in found:
            if first.problem:
                raise FileRejected(
                    "wrong_header", f"{path} first record: {PROBLEMS[first.problem]}"
                )
            return first.fields, pending if shape.header else read, final
    raise FileRejected("empty", f"{path}: holds no record, not even a header")


class _Parts:
    """Turns the bytes of a file's records into batches, each part in the fastest sure way.

    Where the plain parser fails, it is tried again on smaller blocks, so that one
    malformed record costs little; where it works, on larger ones.
    """

    def __init__(self, form: RecordFormat, batches: _BatchMaker) -> None:
        self._batches = batches
        self._parser = _PlainParser(form)
        self._splitter = RecordSplitter(form)
        self._size = records.MAX_RECORD_BYTES

    def take_all(self, pending: bytes, *, final: bool) -> tuple[list[pa.RecordBatch], bytes]:
        """Makes batches of the records that are whole; gives the rest, for more bytes to follow."""
        batches: list[pa.RecordBatch] = []
        while pending or (final and self._splitter.is_in_long_line):
            taken, rest = self._take(pending, final=final)
            batches += (batch for batch in taken if batch.num_rows)
            if len(rest) == len(pending):
                break
            pending = rest
        return batches, pending

    def _take(self, pending: bytes, *, final: bool) -> tuple[list[pa.RecordBatch], bytes]:
        while not self._splitter.is_in_long_line:
            end = self._parser.cut(pending, self._size)
            parsed = self._parser.parse(pending, end)
            if parsed is not None or not end:
                self._size = min(self._size * 4, records.MAX_RECORD_BYTES)
            if parsed is not None:
                return self._batches.from_parsed(*parsed), pending[end:]
            if end <= SMALL_BLOCK_BYTES:
                break
            self._size = end // 4
        found, rest = self._splitter.split(pending, final=final, most=CAREFUL_RECORDS)
        return [self._batches.from_records(found)] if found else [], rest


class _PlainParser:
    """Splits a block of records with pyarrow, or not at all where pyarrow could be wrong."""

    def __init__(self, form: RecordFormat) -> None:
        self._quote = form.quote
        self._names = [str(at) for at in range(form.width or 0)]
        self._ragged: list[csv.InvalidRow] = []
        marks = {"delimiter": form.delimiter.decode(), "invalid_row_handler": self._keep_ragged}
        quote = form.quote.decode()
        self._quoted = csv.ParseOptions(quote_char=quote, newlines_in_values=True, **marks)
        self._unquoted = csv.ParseOptions(quote_char=False, **marks)
        self._texts = csv.ConvertOptions(
            check_utf8=False,  # The whole block was checked, with its ragged lines.
            column_types=dict.fromkeys(self._names, pa.string()),
            null_values=[],
            strings_can_be_null=False,
        )

    def _keep_ragged(self, row: csv.InvalidRow) -> str:
        self._ragged.append(row)
        return "skip"

    def cut(self, pending: bytes, most: int) -> int:
        """Gives the end of the longest block that ends with a line and has no odd quote.

        It begins with a record, but may end within one.
        """
        end = pending.rfind(b"\n", 0, most) + 1
        first = pending.find(self._quote, 0, end)
        quotes = 0 if first < 0 else pending.count(self._quote, first, end)
        while quotes % 2:
            before = pending.rfind(b"\n", 0, pending.rfind(self._quote, 0, end)) + 1
            quotes -= pending.count(self._quote, before, end)
            end = before
        return end

    def parse(self, pending: bytes, end: int) -> _Parsed | None:
        """Gives the records of the block that ends there; None where that may not be right."""
        # pyarrow drops a byte order mark wherever a block begins with one.
        if not end or pending.startswith(codecs.BOM_UTF8) or pending.find(0, 0, end) >= 0:
            return None
        block = pa.py_buffer(memoryview(pending)[:end])
        if not _is_utf8(block):
            return None
        is_quoted = pending.find(self._quote, 0, end) >= 0
        self._ragged.clear()
        try:
            table = csv.read_csv(
                pa.BufferReader(block),
                csv.ReadOptions(use_threads=False, block_size=end + 1, column_names=self._names),
                self._quoted if is_quoted else self._unquoted,
                self._texts,
            )
        except pa.ArrowInvalid:
            return None
        columns = [_in_one(column) for column in table.columns]
        if is_quoted and not self._ends_outside_quotes(columns):
            return None
        if not self._explains_all_lines(block, columns, is_quoted=is_quoted):
            return None
        return columns, sorted(self._ragged, key=lambda row: row.number)

    def _ends_outside_quotes(self, columns: Sequence[pa.Array]) -> bool:
        """Tells whether no quoted field was still open at the end of a block, or of a ragged row.

        pyarrow takes the end of a block for the end of a quoted field. Such a field
        has the block's last line end, and is the last one, if the last record is not ragged.
        """
        rows = len(columns[0])
        total = rows + len(self._ragged)
        if any(row.number == total or "\n" in row.text or "\r" in row.text for row in self._ragged):
            return False
        return rows > 0 and not columns[-1][-1].as_py().endswith("\n")

    def _explains_all_lines(
        self, block: pa.Buffer, columns: Sequence[pa.Array], *, is_quoted: bool
    ) -> bool:
        """Tells whether each line of a block ended a record, went into a value, or was blank."""
        line_ends = np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n"))
        lines = int(line_ends) - len(columns[0]) - len(self._ragged)
        if lines and is_quoted:
            lines -= sum(_count(column, "\n") for column in columns)
        if lines <= 0:
            return lines == 0
        blank = len(_BLANK_LINE.findall(block))
        return lines <= blank if is_quoted else lines == blank


def _in_one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _is_utf8(block: pa.Buffer) -> bool:
    """Tells whether the bytes are valid UTF-8, without a copy of them."""
    offsets = pa.py_buffer(np.array([0, block.size], np.int32))
    try:
        pa.Array.from_buffers(pa.string(), 1, [None, offsets, block]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _count(column: pa.Array, text: str) -> int:
    return pc.sum(pc.count_substring(column, text)).as_py() or 0


class _BatchMaker:
    """Puts the records of a file, with their numbers, into batches of the bronze schema."""

    def __init__(self, shape: FileShape, match: HeaderMatch, file_id: int) -> None:
        self._schema = bronze_schema(shape.columns)
        self._match = match
        self._file_id = pa.scalar(file_id, pa.int64())
        self._keeps_text = not shape.never_store
        self._rows = 0

    def from_parsed(
        self, columns: Sequence[pa.Array], ragged: Sequence[csv.InvalidRow]
    ) -> list[pa.RecordBatch]:
        """Makes a batch of the file's columns, and one of the records that have others."""
        numbers = self._numbers(len(columns[0]) + len(ragged))
        if not ragged:
            return [self._batch(numbers, columns)]
        at = np.array([row.number - 1 for row in ragged])
        problems = [ragged_problem(row.actual_columns, row.expected_columns) for row in ragged]
        none = [pa.nulls(len(ragged), pa.string())] * len(columns)
        malformed = self._batch(numbers[at], none, [row.text for row in ragged], problems)
        return [self._batch(np.delete(numbers, at), columns), malformed]

    def from_records(self, found: Sequence[Record]) -> pa.RecordBatch:
        """Makes a batch of records; a malformed one has its text and no columns."""
        none = [None] * self._match.width
        rows = (none if record.problem else record.fields for record in found)
        columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
        raw, problem = [record.raw for record in found], [record.problem for record in found]
        return self._batch(self._numbers(len(found)), columns, raw, problem)

    def _batch(
        self,
        numbers: np.ndarray[Any, np.dtype[np.int64]],
        columns: Sequence[pa.Array],
        raw: Sequence[str | None] = (),
        problem: Sequence[str | None] = (),
    ) -> pa.RecordBatch:
        count = len(numbers)
        none = pa.nulls(count, pa.string())
        raw = raw if self._keeps_text else ()
        arrays = [columns[at] for at in self._match.positions if at is not None]
        # The sum is memory of Arrow's own. An array of NumPy's needs the interpreter's lock to be
        # freed, and an engine that frees it in a thread of its own may wait for that for ever.
        rows = pc.add(pa.array(numbers), 0)
        arrays += [pa.repeat(self._file_id, count), rows, self._extra(columns)]
        arrays += [pa.array(texts, pa.string()) if texts else none for texts in (raw, problem)]
        return pa.record_batch(arrays, schema=self._schema)

    def _numbers(self, count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Gives the numbers of the next records."""
        self._rows += count
        return np.arange(self._rows - count + 1, self._rows + 1, dtype=np.int64)

    def _extra(self, columns: Sequence[pa.Array]) -> pa.Array:
        """Gives the undeclared columns of each record as one JSON object text."""
        if not self._match.undeclared:
            return pa.nulls(len(columns[0]), pa.string())
        members = [_json_members(key, columns[at]) for at, key in self._match.undeclared]
        if len(members) == 1:
            # Few texts occur many times, so the object is made for each text once.
            texts = pc.binary_join_element_wise("{", members[0].dictionary, "}", "")
            return texts.take(members[0].indices)
        each = [member.dictionary.take(member.indices) for member in members]
        return pc.binary_join_element_wise("{", pc.binary_join_element_wise(*each, ", "), "}", "")


def _json_members(key: str, column: pa.Array) -> pa.DictionaryArray:
    """Gives `"key": "text"` for each text of a column, null for null."""
    texts = column.dictionary_encode()
    values = _json_texts(texts.dictionary)
    members = pc.binary_join_element_wise(json_text(key), values, ": ")
    return pa.DictionaryArray.from_arrays(texts.indices, members)


def _json_texts(column: pa.Array) -> pa.Array:
    """Gives each text as JSON, null for null."""
    if pc.any(pc.match_substring_regex(column, _JSON_ESCAPED)).as_py():
        texts = column.to_pylist()
        return pa.array([None if text is None else json_text(text) for text in texts], pa.string())
    return pc.binary_join_element_wise('"', column, '"', "")
