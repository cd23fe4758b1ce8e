"""Outlines landing files, to check that another reader reads the same records.

Spark's own CSV reader has other rules for quotes than `record_splitter`, and
does not report what it skips. So the landing reader goes through the file as well, and keeps
the number and a checksum of the records.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.landing.discovery import sha256_of
from sales_pipeline.landing.examine import HEAD_BYTES, examine
from sales_pipeline.landing.headers import HeaderMatch, match_header
from sales_pipeline.landing.landed_bytes import LandedBytes
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.landing.record_splitter import PROBLEMS
from sales_pipeline.landing.regular_files import regular_opener
from sales_pipeline.landing.shape import FileShape

UNREADABLE = ("unterminated_quote", "text_after_quote", "too_long", "header_unknown")
"""Problems of records that Spark's CSV reader would read as other records, or as none."""
BETWEEN, NOTHING = "\x1f", "\0"
"""The separator of two texts in a checksum, and the text in place of null."""

_BLOCK_BYTES = 1 << 20
_LONE_RETURN = re.compile(rb"\r(?=[^\n])")
_GZIP = ".gz"
_PACKED = (".bz2", ".deflate", ".lz4", ".snappy", ".xz", ".zst", ".zstd")
_OVERLOOKED = ("_", ".")
_INSTEAD = "or read it with reader: python"


@dataclass(frozen=True)
class Totals:
    """The count and the checksum by which two readings of one file are compared.

    Attributes:
        records: How many there are.
        checksum: The sum of the CRC-32 of each: of its `_row` and its `checked_columns`, joined by
            `BETWEEN`, with `NOTHING` for null.
    """

    records: int = 0
    checksum: int = 0

    def plus(self, batch: pa.RecordBatch, columns: Sequence[str]) -> Totals:
        """Adds the totals of further records, by their `checked_columns`."""
        texts = [batch["_row"].cast(pa.string()), *(batch[name] for name in columns)]
        options = {"null_handling": "replace", "null_replacement": NOTHING}
        joined = pc.binary_join_element_wise(*texts, BETWEEN, **options)
        checksum = sum(map(crc32, joined.cast(pa.binary()).to_pylist()))
        return Totals(self.records + len(batch), self.checksum + checksum)


@dataclass(frozen=True)
class Outline:
    """The outline of a landing file, from the landing reader.

    Attributes:
        path: Where it is, also for Spark.
        match: Where the declared columns are in it.
        before: How many lines that are not empty come before the first record.
        is_text: True if every byte of its records is text in its encoding.
        is_wide: True if it may have lines of more columns than its header.
        totals: Its records.
    """

    path: str
    match: HeaderMatch
    before: int
    is_text: bool
    is_wide: bool
    totals: Totals


def checked_columns(shape: FileShape) -> list[str]:
    """The bronze columns that hold texts of the file."""
    return [*(name for name, _ in shape.columns), "_extra", "_raw", "_problem"]


def outline_of(path: str, shape: FileShape, *, sha256: str | None = None) -> Outline:
    """Goes through a file with the landing reader.

    Raises:
        FileRejected: It does not fit its feed's declaration, or Spark's CSV reader cannot read it.
        FileChanged: The bytes have another hex digest than `sha256`, or the file is gone.
    """
    try:
        return _outline(path, shape, sha256)
    except FileNotFoundError as error:
        raise FileChanged(path) from error
    except FileRejected as error:
        if sha256 is not None and sha256_of(Path(path)) != sha256:
            raise FileChanged(path) from error
        raise


def _outline(path: str, shape: FileShape, sha256: str | None) -> Outline:
    _check_name(path)
    header = examine(path, shape)
    _check_line_ends(path, shape)
    match = match_header(shape.columns, header.texts, shape.never_store)
    before = _lines_before(path, shape) + shape.header
    columns, totals, problems = checked_columns(shape), Totals(), set[str]()
    for batch in read_batches(path, shape, 0, sha256=sha256):
        _check_problems(path, batch)
        problems.update(pc.unique(batch["_problem"]).drop_null().to_pylist())
        totals = totals.plus(batch, columns)
    is_wide = "too_many_columns" in problems or shape.skip_lines + shape.footer_lines > 0
    return Outline(path, match, before, "undecodable" not in problems, is_wide, totals)


def misread(outline: Outline, spark_totals: Totals) -> FileRejected:
    """The error of a file whose records Spark's CSV reader has read otherwise."""
    expected, got = outline.totals.records, spark_totals.records
    what = (
        f"{got:,} of its {expected:,} records" if got != expected else "other texts in its records"
    )
    do = "write its quotes and line ends in the usual way"
    return _refused(outline.path, f"expected the records of the landing reader, got {what}; {do}")


def _check_name(path: str) -> None:
    """Refuses names of files that Spark skips silently, or unpacks by the name alone."""
    name = Path(path).name
    if name.startswith(_OVERLOOKED) or name.endswith("._COPYING_"):
        what = f"Spark passes over files with such names, got {name!r}"
        raise _refused(path, f"{what}; deliver it under a name that begins otherwise")
    if ":" in path:
        raise _refused(path, "Spark cannot open a path with a colon; deliver it under another name")
    with open(path, "rb", opener=regular_opener) as file:
        is_gzip = LandedBytes(file, path, max_ratio=1).is_gzip
    ending = Path(path).suffix
    if is_gzip != (ending == _GZIP) or ending.lower() in _PACKED:
        kind = "a gzip archive" if is_gzip else "no gzip archive"
        what = f"Spark knows by its name whether a file is packed, got {kind} named {name!r}"
        raise _refused(path, f"{what}; name it .csv, and .csv.gz if it is in gzip")


def _check_line_ends(path: str, shape: FileShape) -> None:
    r"""Refuses a file with a lone `\r`, which Spark does not take as the end of a line."""
    with open(path, "rb", opener=regular_opener) as file:
        landed = LandedBytes(file, path, max_ratio=shape.max_unpacked_ratio)
        data = landed.read(_BLOCK_BYTES)
        while data:
            more = landed.read(_BLOCK_BYTES)
            if _LONE_RETURN.search(data + more[:1]):
                raise _refused(path, "a carriage return without a line feed; end lines otherwise")
            data = more


def _check_problems(path: str, batch: pa.RecordBatch) -> None:
    unreadable = batch.filter(pc.is_in(batch["_problem"], value_set=pa.array(UNREADABLE)))
    if unreadable.num_rows:
        row = pc.min(unreadable["_row"]).as_py()
        code = unreadable.filter(pc.equal(unreadable["_row"], row))["_problem"][0].as_py()
        raise _refused(path, f"record {row:,}: {PROBLEMS[code]}; correct it")


def _refused(path: str, what: str) -> FileRejected:
    reason = f"{path}: the built-in reader cannot read it: {what}, {_INSTEAD}"
    return FileRejected("not_for_builtin_reader", reason)


def _lines_before(path: str, shape: FileShape) -> int:
    """Counts the lines that are skipped at the beginning and are not empty."""
    if not shape.skip_lines:
        return 0
    with open(path, "rb", opener=regular_opener) as file:
        landed = LandedBytes(file, path, max_ratio=shape.max_unpacked_ratio)
        data = more = landed.read(HEAD_BYTES)
        while more and data.count(b"\n") < shape.skip_lines:
            more = landed.read(HEAD_BYTES)
            data += more
    lines = data.split(b"\n", shape.skip_lines)[: shape.skip_lines]
    return sum(1 for line in lines if line.strip(b"\r"))


def begins_with_mark(shape: FileShape) -> bool:
    """Returns whether a byte order mark would be at the beginning of the first record."""
    return shape.encoding == "utf-8" and not (shape.header or shape.skip_lines)


BYTE_ORDER_MARKS = ("\ufeff", codecs.BOM_UTF8.decode("latin-1"))
"""A byte order mark in a decoded text, and in a text of which each byte is one character."""
