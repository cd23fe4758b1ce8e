"""A copy of a retailer in a temporary folder: its declaration and its landing files.

`selftest` and `certify` run on such copies, in processes of their own; the retailer's own files are
only read. The folder holds `declared.json` and the delivered files; each folder of a run below it
gets a landing folder and a lakehouse.
"""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from sales_pipeline.bronze.feed_files import file_shape, landing_patterns
from sales_pipeline.config.arrival import Arrival
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import FileRejected, UsageError
from sales_pipeline.landing.discovery import discover
from sales_pipeline.landing.landed_bytes import LandedBytes
from sales_pipeline.landing.shape import FileShape

LANDING, LAKEHOUSE, DELIVERED = "landing", "lakehouse", "delivered"
_DECLARATION = "declared.json"
_FIRST_PIECE_BYTES = 1 << 18

PlaceFiles = Callable[[Path], int]
"""Writes copies of landing files into a folder; returns their number."""


def write_declaration(folder: Path, declaration: Declaration) -> None:
    """Writes a declaration into the folder of a copy, for `copied_declaration`."""
    text = declaration.model_dump_json(by_alias=True)
    (folder / _DECLARATION).write_text(text, encoding="utf-8")


def copied_declaration(run_folder: Path, **changes: object) -> Declaration:
    """Returns the declaration of a copy, with the landing folder and lakehouse of one run folder.

    The files of a copy are complete, so that no run waits for one.

    Args:
        run_folder: A folder inside the folder of the copy.
        **changes: Further fields of the declaration to change.
    """
    text = (run_folder.parent / _DECLARATION).read_text(encoding="utf-8")
    folders = {"landing": str(run_folder / LANDING), "lakehouse": str(run_folder / LAKEHOUSE)}
    declaration = Declaration.model_validate_json(text)
    feeds = {
        name: feed.model_copy(update={"arrival": None}) for name, feed in declaration.feeds.items()
    }
    complete = {"feeds": feeds, "arrival": Arrival(by="rename")}
    return declaration.model_copy(update={**folders, **complete, **changes})


def copy_landing_files(declaration: Declaration, target: Path, *, records: int | None) -> int:
    """Copies all landing files that a feed claims; returns their number.

    Args:
        declaration: What the retailer declares.
        target: The folder for the copies.
        records: The number of records to copy of each file, roughly; None for all.

    Raises:
        UsageError: There is no file of any feed.
    """
    landing = Path(declaration.landing)
    files = discover(landing, landing_patterns(declaration)).files
    for file in files:
        copy = target / file.path
        copy.parent.mkdir(parents=True, exist_ok=True)
        if records is None:
            shutil.copyfile(landing / file.path, copy)
        else:
            shape = file_shape(declaration, file.feed)
            copy.write_bytes(first_records(landing / file.path, shape, records))
    if not files:
        raise UsageError(
            f"landing: no file of any feed in {declaration.landing}. "
            "Do: deliver some, or give --sample."
        )
    return len(files)


def first_records(path: Path, shape: FileShape, records: int) -> bytes:
    """Returns the bytes of a smaller landing file, with the header and the first records.

    A quote sign that does not open a quoted value may make it longer. A file that cannot be cut is
    returned whole.
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
    data, size = b"", _FIRST_PIECE_BYTES
    while piece := source.read(size):
        data, size = data + piece, size * 2
        end = _end_of_records(data, shape, records)
        if end is not None:
            return data[:end], source.is_gzip
    return data, source.is_gzip


def _end_of_records(data: bytes, shape: FileShape, records: int) -> int | None:
    """Returns the offset after so many records, or None if there are fewer."""
    text, width = _as_single_bytes(data, shape.encoding)
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


def _as_single_bytes(data: bytes, encoding: str) -> tuple[bytes, int]:
    """Returns the data with one byte for each unit of its encoding, and the bytes of a unit."""
    if not encoding.startswith("utf-16"):
        return data, 1
    big = data.startswith(b"\xfe\xff") or encoding.endswith("be")
    even = data[: len(data) // 2 * 2]
    high, low = (even[0::2], even[1::2]) if big else (even[1::2], even[0::2])
    return bytes(b if not a else 0xFF for a, b in zip(high, low, strict=True)), 2
