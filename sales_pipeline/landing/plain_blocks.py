"""Splits blocks of a landing file with pyarrow, which is fast, like `record_splitter` would.

pyarrow differs from the definition in some ways, so it only gets blocks in which they
cannot matter, and its result is checked against the block: every line is accounted for,
every quote is in a right place, and no record is a later header. Any other block is left to
`record_splitter`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from sales_pipeline.landing.headers import Headers, LaterHeaders
from sales_pipeline.landing.quotes import MAX_QUOTED_LINE_ENDS, FieldFormat, Span
from sales_pipeline.landing.record_splitter import MARK
from sales_pipeline.landing.shape import FileShape

_BLANK_LINE = re.compile(rb"(?<![^\n])\r?\n")
_NUL = b"\0"
_Bytes = np.ndarray[Any, np.dtype[np.uint8]]
_Places = np.ndarray[Any, np.dtype[np.int64]]
_Flags = np.ndarray[Any, np.dtype[np.bool_]]

Parsed = tuple[list[pa.Array], list[csv.InvalidRow]]
"""The columns of the records that are not malformed, and those that are."""


class PlainParser:
    """Splits a block of records with pyarrow, or not at all if pyarrow could be wrong.

    Args:
        shape: How the file is written.
        headers: The header that holds; a parser serves until a later one does.
    """

    def __init__(self, shape: FileShape, headers: Headers) -> None:
        self._fields = FieldFormat.of(shape)
        self._quote = self._fields.quote
        self._escape = self._fields.escape
        self._width = headers.width
        self._later_headers = LaterHeaders(headers)
        self._headers = headers
        self._names = [str(at) for at in range(headers.width)]
        self._ragged: list[csv.InvalidRow] = []
        marks = {"delimiter": shape.delimiter, "invalid_row_handler": self._keep_ragged}
        self._quoted = csv.ParseOptions(quote_char=shape.quote, newlines_in_values=True, **marks)
        self._unquoted = csv.ParseOptions(quote_char=False, **marks)
        self._texts = csv.ConvertOptions(
            check_utf8=False,  # The whole block was checked, with its ragged lines.
            column_types=dict.fromkeys(self._names, pa.string()),
            null_values=[],
            strings_can_be_null=False,
        )
        self._ends_field = np.zeros(256, np.bool_)
        self._ends_field[[ord("\n"), ord("\r"), ord(shape.delimiter)]] = True

    def _keep_ragged(self, row: csv.InvalidRow) -> str:
        self._ragged.append(row)
        return "skip"

    def cut(self, pending: bytes, start: int, most: int) -> int:
        """Returns the end of the longest block that ends with a line and has no odd quote.

        It begins with a record, but may end within one.
        """
        end = pending.rfind(b"\n", start, start + most) + 1
        if not end:
            return start
        first = pending.find(self._quote, start, end)
        quotes = 0 if first < 0 else pending.count(self._quote, first, end)
        while quotes % 2:
            last = pending.rfind(self._quote, start, end)
            before = max(start, pending.rfind(b"\n", start, last) + 1)
            quotes -= pending.count(self._quote, before, end)
            end = before
        return end

    def parse(self, pending: bytes, start: int, end: int) -> Parsed | None:
        """Returns the records from `start` to `end`; None if they may not be right."""
        if end <= start or self._headers.match is None or self._has_others(pending, start, end):
            return None
        block = pa.py_buffer(memoryview(pending)[start:end])
        is_quoted = pending.find(self._quote, start, end) >= 0
        quoted = self._quoted_fields(pending, start, end) if is_quoted else ()
        if quoted is None:
            return None
        self._ragged.clear()
        try:
            table = csv.read_csv(
                pa.BufferReader(block),
                csv.ReadOptions(
                    use_threads=False, block_size=block.size + 1, column_names=self._names
                ),
                self._quoted if is_quoted else self._unquoted,
                self._texts,
            )
        except pa.ArrowInvalid:
            return None
        columns = [_in_one(column) for column in table.columns]
        if is_quoted and not self._ends_outside_quotes(columns):
            return None
        line_ends = np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n"))
        lines = int(line_ends) - len(columns[0]) - len(self._ragged)
        if not self._explains_lines(lines, block, columns, is_quoted=is_quoted):
            return None
        may_span = quoted and (lines or pending.find(b"\r", start, end) >= 0)
        if may_span and not self._are_lines_within(pending, start, end, *quoted):
            return None
        if self._later_headers.may_be_in(columns) or any(map(self._may_be_header, self._ragged)):
            return None
        return columns, sorted(self._ragged, key=lambda row: row.number)

    def _has_others(self, pending: bytes, start: int, end: int) -> bool:
        """Returns whether a block has bytes that pyarrow reads in its own way."""
        if pending.find(_NUL, start, end) >= 0 or _has_mark(pending, start, end):
            return True
        if self._escape and pending.find(self._escape, start, end) >= 0:
            return True
        return not _is_utf8(pa.py_buffer(memoryview(pending)[start:end]))

    def _may_be_header(self, row: csv.InvalidRow) -> bool:
        fields = self._fields.read_line(row.text.encode())
        return fields is None or self._headers.is_later_header(fields)

    def _quoted_fields(
        self, pending: bytes, start: int, end: int
    ) -> tuple[_Places, _Places] | None:
        """Returns where quoted fields are opened and closed; None if a quote is in a wrong place.

        Of several quotes in a row each pair is one quote of the text, or opens a field and
        closes it, so that only runs of an odd number open a field or close one.
        """
        block = np.frombuffer(pending, np.uint8, end - start, start)
        at = np.flatnonzero(block == ord(self._quote))
        firsts = np.flatnonzero(np.diff(at, prepend=-2) != 1)
        lengths = np.diff(firsts, append=len(at))
        runs = at[firsts]
        after = runs + lengths
        begins = self._ends_field[block[runs - 1]]
        begins[runs == 0] = True
        ends = self._ends_field[block[np.minimum(after, len(block) - 1)]]
        is_odd = lengths % 2 == 1
        is_inside = (np.cumsum(is_odd) - is_odd) % 2 == 1
        is_right = np.where(is_inside, ~is_odd | ends, np.where(is_odd, begins, ~begins | ends))
        if is_right.all():
            odd = np.flatnonzero(is_odd)
            opened, closed = runs[odd[::2]], after[odd[1::2]]
        else:
            fields = self._one_by_one(block, runs, after, begins=begins, ends=ends)
            if fields is None:
                return None
            opened, closed = fields
        return (opened, closed) if len(opened) == len(closed) else None

    def _one_by_one(
        self, block: _Bytes, runs: _Places, after: _Places, *, begins: _Flags, ends: _Flags
    ) -> tuple[_Places, _Places] | None:
        """Follows the quotes, for blocks with quotes in fields that are not quoted."""
        opened: list[int] = []
        closed: list[int] = []
        is_open = False
        lists = (runs.tolist(), after.tolist(), begins.tolist(), ends.tolist())
        for run, stop, is_begin, is_end in zip(*lists, strict=True):
            is_odd = (stop - run) % 2 == 1
            if not is_open and not is_begin:
                continue
            if is_open == is_odd and not is_end and not self._is_padded(block, stop):
                return None
            if is_odd:
                (closed if is_open else opened).append(stop if is_open else run)
                is_open = not is_open
        return np.array(opened, np.int64), np.array(closed, np.int64)

    def _is_padded(self, block: _Bytes, at: int) -> bool:
        """Returns whether there are only spaces and tabs up to the end of a field."""
        while at < len(block) and block[at] in b" \t" and not self._ends_field[block[at]]:
            at += 1
        return at == len(block) or bool(self._ends_field[block[at]])

    def _are_lines_within(
        self, pending: bytes, start: int, end: int, opened: _Places, closed: _Places
    ) -> bool:
        """Returns whether the quoted fields that span lines have not swallowed any records."""
        block = np.frombuffer(pending, np.uint8, end - start, start)
        is_end = block == ord("\n")
        if pending.find(b"\r", start, end) >= 0:
            is_end |= block == ord("\r")
        line_ends = np.flatnonzero(is_end)
        first, last = np.searchsorted(line_ends, opened), np.searchsorted(line_ends, closed)
        if (last - first > MAX_QUOTED_LINE_ENDS).any():
            return False
        across = np.flatnonzero(first != last)
        if not len(across):
            return True
        # A line is like a record only by delimiters within the quotes.
        delimiters = np.flatnonzero(block == ord(self._fields.delimiter))
        places = opened[across], closed[across]
        is_doubtful = np.not_equal(*(np.searchsorted(delimiters, place) for place in places))
        read_to = 0
        for doubtful in across[is_doubtful].tolist():
            if opened[doubtful] < read_to:
                continue
            at = doubtful
            while at and last[at - 1] == first[at] != first[at - 1]:
                at -= 1  # The field before spans lines as well, and ends on this one.
            begin = int(line_ends[first[at] - 1]) + 1 if first[at] else 0
            stop = int(line_ends[first[at]])
            span = self._fields.read_record(
                pending, start + begin, start + stop, width=self._width, final=False
            )
            if not isinstance(span, Span):
                return False
            read_to = span.end - start
        return True

    def _ends_outside_quotes(self, columns: Sequence[pa.Array]) -> bool:
        """Returns whether no quoted field was still open at the end of a block, or of a ragged row.

        pyarrow takes the end of a block for the end of a quoted field. Such a field
        has the block's last line end, and is the last one, if the last record is not ragged.
        """
        rows = len(columns[0])
        total = rows + len(self._ragged)
        if any(row.number == total or "\n" in row.text or "\r" in row.text for row in self._ragged):
            return False
        return rows > 0 and not columns[-1][-1].as_py().endswith("\n")

    def _explains_lines(
        self, lines: int, block: pa.Buffer, columns: Sequence[pa.Array], *, is_quoted: bool
    ) -> bool:
        """Returns whether each line that ended no record went into a value, or was blank.

        `lines` is the number of these lines, `columns` are the records that are not ragged.
        """
        if lines and is_quoted:
            counts = (pc.sum(pc.count_substring(column, "\n")) for column in columns)
            lines -= sum(count.as_py() or 0 for count in counts)
        if lines <= 0:
            return lines == 0
        blank = len(_BLANK_LINE.findall(block))
        return lines <= blank if is_quoted else lines == blank


def _has_mark(data: bytes, start: int, end: int) -> bool:
    """Returns whether there is a byte order mark; a search for its first byte is much faster."""
    first = data.find(MARK[:1], start, end)
    return first >= 0 and data.find(MARK, first, end) >= 0


def _in_one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _is_utf8(block: pa.Buffer) -> bool:
    """Returns whether the bytes are valid UTF-8, without a copy of them."""
    offsets = pa.py_buffer(np.array([0, block.size], np.int32))
    try:
        pa.Array.from_buffers(pa.string(), 1, [None, offsets, block]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
