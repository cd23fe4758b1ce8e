"""Guesses another dialect of a file than its feed declares, tried on its header or records.

A message only names a dialect that was tried on the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.landing.reader import first_records
from sales_pipeline.landing.shape import FileShape

_SKIPPED_LINES = 10
_DELIMITERS = (",", ";", "\t", "|")
_ENCODINGS = ("utf-8", "cp1252", "cp932", "utf-16")
_QUOTES = ('"', "'")
_TRIED_RECORDS = 100_000
"""The first records of a file, on which other ways of writing are tried."""
_SHOWN = 60


def other_shapes(shape: FileShape) -> Iterator[FileShape]:
    """Returns the shape in other dialects: another delimiter, then encoding, then first line."""
    encodings = [shape.encoding, *(name for name in _ENCODINGS if name != shape.encoding)]
    for encoding in encodings:
        for delimiter in _delimiters(shape):
            yield replace(shape, encoding=encoding, delimiter=delimiter)
    for skip_lines in range(_SKIPPED_LINES + 1):
        yield replace(shape, skip_lines=skip_lines)


def titled_shapes(shape: FileShape, *, is_utf_16: bool) -> Iterator[FileShape]:
    """Returns the shape below lines of titles, and with another delimiter; in UTF-16 if it is."""
    encoding = "utf-16" if is_utf_16 else shape.encoding
    for skip_lines in range(_SKIPPED_LINES + 1):
        for delimiter in _delimiters(shape):
            yield replace(shape, encoding=encoding, delimiter=delimiter, skip_lines=skip_lines)


def _delimiters(shape: FileShape) -> list[str]:
    """The delimiters that a file may have, the declared one first."""
    further = (mark for mark in _DELIMITERS if mark != shape.delimiter)
    return [mark for mark in (shape.delimiter, *further) if mark != shape.quote]


def difference(shape: FileShape, other: FileShape) -> str:
    """Returns the options under `csv` that lead from one shape to another."""
    names = ("delimiter", "encoding", "quote", "escape", "skip_lines")
    return " and ".join(
        f"csv.{name}: {getattr(other, name)!r}"
        for name in names
        if getattr(shape, name) != getattr(other, name)
    )


def shapes_that_read_more(path: Path, shape: FileShape) -> list[str]:
    """Returns the options under which fewer records of a file are malformed, as tried on it.

    They are several if they read equally many records; each has an example, because only a
    person knows which of two encodings is right.
    """
    malformed, rows = _malformed(_first_records(path, shape))
    options: list[tuple[int, str]] = []
    for candidate in _shapes_of_records(shape):
        records = _first_records(path, candidate)
        still_malformed, candidate_rows = _malformed(records)
        if (
            records is None
            or len(still_malformed) >= len(malformed)
            or candidate_rows < rows - len(malformed)
        ):
            continue
        how_many = f"{len(malformed) - len(still_malformed):,} of {len(malformed):,}"
        # Split otherwise, a text that is never stored may stand in any column.
        example = "" if shape.never_store else _example(records, malformed - still_malformed)
        options.append(
            (len(still_malformed), f"{difference(shape, candidate)} reads {how_many}{example}")
        )
    fewest = min((count for count, _ in options), default=0)
    return [option for count, option in options if count == fewest]


def _shapes_of_records(shape: FileShape) -> Iterator[FileShape]:
    """The shape with another encoding, quote, escape or delimiter, which a header may not show."""
    for encoding in _ENCODINGS:
        if encoding != shape.encoding:
            yield replace(shape, encoding=encoding)
    for quote in _QUOTES:
        if quote not in (shape.quote, shape.delimiter):
            yield replace(shape, quote=quote)
    if not shape.escape:
        yield replace(shape, escape="\\")
    for delimiter in _delimiters(shape)[1:]:
        yield replace(shape, delimiter=delimiter)


def _first_records(path: Path, shape: FileShape) -> pa.Table | None:
    """The first records of a file; None if it cannot be read in this shape."""
    try:
        return first_records(path, shape, _TRIED_RECORDS)
    except (FileChanged, FileRejected):
        return None


def _malformed(records: pa.Table | None) -> tuple[set[int], int]:
    """The numbers of the records that could not be split, and the number of all."""
    if records is None:
        return set(), 0
    broken = records.filter(pc.is_valid(records["_problem"]))
    return set(broken["_row"].to_pylist()), records.num_rows


def _example(records: pa.Table, rows: set[int]) -> str:
    """The first of some records as it is read."""
    if not rows:
        return ""
    record = records.filter(pc.equal(records["_row"], min(rows))).to_pylist()[:1]
    texts = [text for row in record for name, text in row.items() if text and name[0] != "_"]
    shown = " | ".join(texts)
    return f" (record {min(rows)} as {shown[:_SHOWN]!r})" if shown else ""
