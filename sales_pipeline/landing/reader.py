"""The one landing reader: a file's bytes in, bronze record batches out.

A file is read in blocks, so memory stays flat. A block that pyarrow's CSV parser
is sure to split as `record_splitter` defines it goes through that parser; every other
block goes through `record_splitter` itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.landing import quotes
from sales_pipeline.landing.bronze_batches import BatchMaker
from sales_pipeline.landing.frame import DataLines, FrameLines
from sales_pipeline.landing.headers import Headers, refusal_of
from sales_pipeline.landing.landed_bytes import LandedBytes, Transcoder
from sales_pipeline.landing.plain_blocks import PlainParser
from sales_pipeline.landing.record_splitter import PROBLEMS, RecordSplitter
from sales_pipeline.landing.regular_files import regular_opener
from sales_pipeline.landing.shape import FileShape, bronze_schema

BLOCK_BYTES = 15 << 16
"""With the rest of the block before, this stays below the size of the longest record."""
_FEW_BYTES = 64 << 10
SMALL_BLOCK_BYTES = 1 << 13
"""A block of this size that the plain parser cannot split is not tried in smaller parts."""
GATHERED_BYTES = 8 << 20
"""Batches of one block are joined up to this size."""
CAREFUL_RECORDS = 64
"""After so many records the plain parser is tried again; after twice as many each time it fails."""
MOST_CAREFUL_RECORDS = 1 << 13


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
        FileChanged: The bytes do not have the digest `sha256` (known at the end), or the
            file is gone.
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
            source.transcoder.check(path)
    except FileNotFoundError as error:
        raise FileChanged(path) from error


def first_records(path: str | Path, shape: FileShape, count: int) -> pa.Table:
    """Reads a file's first records in its bronze schema, with 0 for `_file_id`.

    Raises:
        FileChanged: The file is gone.
        FileRejected: As `read_batches`.
    """
    taken: list[pa.RecordBatch] = []
    for batch in read_batches(str(path), shape, 0, block_bytes=_FEW_BYTES):
        taken.append(batch.filter(pc.field("_row") <= count))
        if sum(map(len, taken)) == count:
            break
    return pa.Table.from_batches(taken, bronze_schema(shape.columns)).sort_by("_row")


class _Source:
    """The lines of a file that are data, in UTF-8, piece by piece.

    Attributes:
        lines: Those before and after them.
        transcoder: The converter of its bytes, which knows at the end whether they were UTF-8.
    """

    def __init__(self, landed: LandedBytes, shape: FileShape, block_bytes: int) -> None:
        self.lines = DataLines(shape.skip_lines, shape.footer_lines)
        self._landed = landed
        self.transcoder = Transcoder(shape.encoding)
        self._block_bytes = block_bytes

    def read(self) -> tuple[bytes, bool]:
        """Returns the next bytes, and whether they are the last."""
        data = self._landed.read(self._block_bytes)
        final = not data
        return self.lines.feed(self.transcoder.feed(data, final=final), final=final), final

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
    if refusal := refusal_of(shape, first):
        raise FileRejected("wrong_header", f"{path}: {refusal}")
    headers, frame = Headers(shape, first), FrameLines(shape, match)
    parts = _Parts(shape, headers, BatchMaker(shape, file_id))
    pending = b"".join(frame.skipped_records(source.lines.skipped)) + pending
    while True:
        if final:
            pending += b"".join(frame.footer_records(source.lines.footer))
        yield from _gathered(parts.take_all(pending, final=final))
        if final:
            return
        data, final = source.read()
        pending = parts.rest + data


def _gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Joins small batches, up to a size that keeps memory flat."""
    gathered: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        if size + batch.nbytes > GATHERED_BYTES:
            yield from _joined(gathered)
            gathered, size = [], 0
        gathered.append(batch)
        size += batch.nbytes
    yield from _joined(gathered)


def _joined(batches: Sequence[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Gives the largest batch, which is not copied, and one of all the others."""
    if not batches:
        return
    *others, largest = sorted(batches, key=len)
    yield largest
    if others:
        yield pa.Table.from_batches(others).combine_chunks().to_batches()[0]


def _read_first(source: _Source, path: str, shape: FileShape) -> tuple[list[str], bytes, bool]:
    """Returns the fields of the first record, the bytes of the others, and whether they are all.

    Where the first record is not a header, it is among the others.
    """
    splitter = RecordSplitter(shape)
    read, pending, final = b"", b"", False
    while not final:
        data, final = source.read()
        read = b"" if shape.header or splitter.is_in_long_line else read + data
        pending += data
        found, start = splitter.split(pending, final=final, most=1)
        pending = pending[start:]
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

    Attributes:
        rest: The bytes that wait for more to follow, once all batches were taken.
    """

    def __init__(self, shape: FileShape, headers: Headers, batches: BatchMaker) -> None:
        self._shape = shape
        self._headers = headers
        self._batches = batches
        self._parser = PlainParser(shape, headers)
        self._match = headers.match
        self._splitter = RecordSplitter(shape, headers)
        self._size = quotes.MAX_RECORD_BYTES
        self._careful = CAREFUL_RECORDS
        self.rest = b""

    def take_all(self, pending: bytes, *, final: bool) -> Iterator[pa.RecordBatch]:
        """Makes batches of the records that are whole, one by one; then `rest` has the other bytes.

        What was taken is left in `pending` until the end: a copy of the rest for every few
        records would take most of the time.
        """
        start = 0
        while start < len(pending) or (final and self._splitter.is_in_long_line):
            taken, after = self._take(pending, start, final=final)
            yield from (batch for batch in taken if batch.num_rows)
            if after == start:
                break
            start = after
        self.rest = pending[start:]

    def _take(
        self, pending: bytes, start: int, *, final: bool
    ) -> tuple[Iterator[pa.RecordBatch], int]:
        while not self._splitter.is_in_long_line:
            end = self._parser.cut(pending, start, self._size)
            parsed = self._parser.parse(pending, start, end)
            if parsed is not None or end == start:
                self._size = min(self._size * 4, quotes.MAX_RECORD_BYTES)
            if parsed is not None and self._match is not None:
                self._careful = CAREFUL_RECORDS
                return self._batches.from_parsed(self._match, *parsed), end
            if end - start <= SMALL_BLOCK_BYTES:
                break
            self._size = (end - start) // 4
        records, after = self._splitter.split(pending, start, final=final, most=self._careful)
        self._careful = min(self._careful * 2, MOST_CAREFUL_RECORDS)
        if self._headers.match is not self._match:
            self._parser, self._match = PlainParser(self._shape, self._headers), self._headers.match
        return self._batches.from_records(records), after
