"""A landing file's head, looked at before the file is taken: is it what its feed declares?

Only the first 64 KiB are read. What is wrong is said in one sentence that names
what was expected, what was got, and what to do.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import pyarrow as pa

from sales_pipeline.errors import FileRejected, examples
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.landing.records import (
    PROBLEMS,
    Record,
    RecordFormat,
    RecordSplitter,
    Transcoder,
)
from sales_pipeline.landing.shape import (
    FileShape,
    HeaderMatch,
    bronze_schema,
    loose_text,
    match_header,
)

HEAD_BYTES = 64 << 10

_SHOWN_CHARACTERS = 40
_DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
_ENCODINGS = ("utf-8", "cp1252", "cp932", "utf-16")
_MAGIC = {
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"SQLite format 3\0": "a SQLite database",
}
_PAGE = re.compile(r"\s*<(!doctype|html|head|body|\?xml|!--)", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Header:
    """What the head of a right file says.

    Attributes:
        texts: The header texts, in the file's order.
        undeclared: Those the feed does not declare; their values go to `_extra`.
        bytes: The file's size.
    """

    texts: tuple[str, ...]
    undeclared: tuple[str, ...]
    bytes: int


def examine(path: str | Path, shape: FileShape) -> Header:
    """Checks that a file's head is what its shape declares.

    Raises:
        FileRejected: With the code `empty`, `html`, `binary`, `undecodable_header`,
            `wrong_header`, `duplicate_header` or `missing_column`.
    """
    size = os.stat(path).st_size
    with open(path, "rb") as file:
        data = file.read(HEAD_BYTES)
    return _Head(str(path), shape, data, size).header()


def first_records(path: str | Path, shape: FileShape, count: int) -> pa.Table:
    """Reads a file's first records, with `_file_id` 0, in its bronze schema."""
    schema = bronze_schema(shape.columns)
    taken: list[pa.RecordBatch] = []
    for batch in read_batches(str(path), shape, 0, block_bytes=HEAD_BYTES):
        taken.append(batch.slice(0, count))
        count -= len(taken[-1])
        if count <= 0:
            break
    return pa.Table.from_batches(taken, schema)


class _Head:
    """The head of one file, and what can be wrong with it."""

    def __init__(self, path: str, shape: FileShape, data: bytes, size: int) -> None:
        self._path = path
        self._shape = shape
        self._data = data
        self._size = size

    def header(self) -> Header:
        """Gives the header, or raises FileRejected for the first thing that is wrong."""
        if not self._data:
            raise self._rejected("empty", "zero bytes; deliver the file again")
        self._check_page()
        self._check_binary()
        record = self._first_record(self._shape)
        if record is None:
            self._check_any_record()
            raise self._wrong_header("its first record does not end", ())
        if record.problem == "undecodable":
            raise self._undecodable(record)
        if record.problem:
            raise self._wrong_header(PROBLEMS[record.problem], ())
        texts = tuple(record.fields)
        match = match_header(self._shape.columns, texts)
        self._check_match(texts, match)
        return Header(texts, tuple(key for _, key in match.undeclared), self._size)
