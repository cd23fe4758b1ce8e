"""Copies of landing files for runs that may be killed; the files themselves are only read."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path
from typing import BinaryIO

from sales_pipeline.bronze.feed_files import file_shape, landing_patterns
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import FileRejected, UsageError
from sales_pipeline.landing.discovery import discover
from sales_pipeline.landing.landed_bytes import LandedBytes
from sales_pipeline.landing.shape import FileShape

_FIRST_PIECE = 1 << 18


def copy_landing_files(declaration: Declaration, target: Path, *, records: int | None) -> int:
    """Copies what feeds claim in the landing folder; returns how many files that are.

    Args:
        declaration: What the retailer declares.
        target: A folder that takes the place of the landing folder.
        records: How many records of each file, about; all of them without it.

    Raises:
        UsageError: There is no file of any feed.
    """
    landing = Path(declaration.landing)
    found = discover(landing, landing_patterns(declaration))
    for file in found.files:
        copy = target / file.path
        copy.parent.mkdir(parents=True, exist_ok=True)
        if records is None:
            shutil.copyfile(landing / file.path, copy)
        else:
            shape = file_shape(declaration, file.feed)
            copy.write_bytes(beginning(landing / file.path, shape, records))
    if not found.files:
        raise UsageError(
            f"landing: no file of any feed in {declaration.landing}. "
            "Do: deliver some, or give --sample."
        )
    return len(found.files)


def beginning(path: Path, shape: FileShape, records: int) -> bytes:
    """The first records of a landing file, with its header, as the bytes of a smaller file.

    Quotes that are no quotes may make it longer. A file that cannot be cut is kept whole.
    """
    try:
        with path.open("rb") as file:
            data, is_gzip = _first_bytes(_landed(file, path, shape), shape, records)
    except FileRejected:
        return path.read_bytes()
    return gzip.compress(data, mtime=0) if is_gzip else data


def _landed(file: BinaryIO, path: Path, shape: FileShape) -> LandedBytes:
    return LandedBytes(file, str(path), max_ratio=shape.max_unpacked_ratio)


def _first_bytes(source: LandedBytes, shape: FileShape, records: int) -> tuple[bytes, bool]:
    data, size = b"", _FIRST_PIECE
    while piece := source.read(size):
        data, size = data + piece, size * 2
        end = _end_of(data, shape, records)
        if end is not None:
            return data[:end], source.is_gzip
    return data, source.is_gzip


def _end_of(data: bytes, shape: FileShape, records: int) -> int | None:
    """Where so many records end; None where there are fewer."""
    text, width = _as_units(data, shape.encoding)
    marks = re.compile(rb"\r\n|\r|\n|" + re.escape(shape.quote.encode()))
    left = records + shape.header + shape.skip_lines
    quoted, start = False, 0
    for mark in marks.finditer(text):
        if mark.group() not in (b"\r\n", b"\r", b"\n"):
            quoted = not quoted
        elif not quoted:
            left -= mark.start() > start
            start = mark.end()
            if not left:
                return start * width
    return None


def _as_units(data: bytes, encoding: str) -> tuple[bytes, int]:
    """The data with one byte for each unit of its encoding, and how many bytes a unit has."""
    if not encoding.startswith("utf-16"):
        return data, 1
    big = data.startswith(b"\xfe\xff") or encoding.endswith("be")
    even = data[: len(data) // 2 * 2]
    high, low = (even[0::2], even[1::2]) if big else (even[1::2], even[0::2])
    return bytes(b if not a else 0xFF for a, b in zip(high, low, strict=True)), 2
