"""Other ways in which a file may be written than its feed declares, to be tried on its header."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sales_pipeline.landing.shape import FileShape

_SKIPPED_LINES = 10
_DELIMITERS = (",", ";", "\t", "|")
_ENCODINGS = ("utf-8", "cp1252", "cp932", "utf-16")


def other_shapes(shape: FileShape) -> Iterator[FileShape]:
    """Returns the shape in other dialects: another delimiter, then encoding, then first line."""
    delimiters = [shape.delimiter, *(mark for mark in _DELIMITERS if mark != shape.delimiter)]
    encodings = [shape.encoding, *(name for name in _ENCODINGS if name != shape.encoding)]
    for encoding in encodings:
        for delimiter in delimiters:
            if delimiter != shape.quote:
                yield replace(shape, encoding=encoding, delimiter=delimiter)
    for skip_lines in range(_SKIPPED_LINES + 1):
        yield replace(shape, skip_lines=skip_lines)


def difference(shape: FileShape, other: FileShape) -> str:
    """Says what to declare under `csv` to get from one shape to the other."""
    changes = [
        f"csv.{name}: {after!r}"
        for name, before, after in (
            ("delimiter", shape.delimiter, other.delimiter),
            ("encoding", shape.encoding, other.encoding),
            ("skip_lines", shape.skip_lines, other.skip_lines),
        )
        if before != after
    ]
    return " and ".join(changes)
