"""Copies a retailer into temporary folders, and compares the lakehouses of two copies.

`selftest` and `certify` run on copies, in processes of their own; the retailer's own files are
only read. The folder of a copy holds `declared.json` and the delivered files; each folder of a run
below it gets a landing folder and a lakehouse.

Every row of every declared table and every kept file is compared, except `ops.runs`: it records
how the work went, and a killed run leaves no record there.
"""

from __future__ import annotations

import gzip
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from sales_pipeline.bronze.feed_files import file_shape, landing_patterns
from sales_pipeline.bronze.file_moves import ARCHIVE, REJECTED, Folders
from sales_pipeline.config.files import Arrival
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import FileRejected, UsageError, counted
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ops_tables import RUNS
from sales_pipeline.landing.discovery import discover, sha256_of
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
    """Returns the declaration of a copy, with the folders of one run and with further changes.

    The run folder is in the folder of the copy. The files of a copy are complete, so that no run
    waits for one.
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
    """Copies all landing files that a feed claims into a folder; returns their number.

    Of each file, roughly the first `records` are copied, or all of them if it is None.

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
            copy.write_bytes(shortened_file(landing / file.path, shape, records))
    if not files:
        raise UsageError(
            f"landing: no file of any feed in {declaration.landing}. "
            "Do: deliver some, or give --sample."
        )
    return len(files)


def shortened_file(path: Path, shape: FileShape, records: int) -> bytes:
    """Returns the bytes of a smaller landing file, with the header and the first records.

    A quote sign that does not open a quoted value may make it longer. A file that cannot be cut is
    returned whole.
    """
    try:
        with path.open("rb") as file:
            landed = LandedBytes(file, str(path), max_ratio=shape.max_unpacked_ratio)
            data, is_gzip = _first_bytes(landed, shape, records)
    except FileRejected:
        return path.read_bytes()
    return gzip.compress(data, mtime=0) if is_gzip else data


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
    lines_left = records + shape.header + shape.skip_lines
    quoted, start = False, 0
    for mark in marks.finditer(text):
        if mark.group() not in (b"\r\n", b"\r", b"\n"):
            quoted = not quoted
        elif not quoted:
            lines_left -= mark.start() > start
            start = mark.end()
            if not lines_left:
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


FILES = "files"
"""The key of the kept files among the tables."""
_COLUMNS_OF_A_RUN = {"run_id", "first_run", "last_run", "claimed_at", "seen"}
"""Columns that depend on the run, its time, and the place of a file on the disk."""
_MAX_CHARACTERS = 200

Contents = Mapping[str, Mapping[str, int]]
"""Table, or `files` -> digest of a row, or path and digest of a file -> number of times."""


class Difference(NamedTuple):
    """The rows of a table, or the files, that two lakehouses do not share.

    Attributes:
        name: The table, or `files`.
        missing: Rows or files that only the expected lakehouse has.
        extra: Rows or files that only the compared lakehouse has.
    """

    name: str
    missing: Counter[str]
    extra: Counter[str]

    @property
    def noun(self) -> str:
        """The word for one of its elements: `file` or `row`."""
        return "file" if self.name == FILES else "row"


def contents(lakehouse: Lakehouse, folders: Folders) -> Contents:
    """Returns the contents of a lakehouse and its folders, without run ids, times and places."""
    tables = {
        name: dict(Counter(_digests(_compared_columns(lakehouse, name))))
        for name in lakehouse.existing()
        if name != RUNS.name
    }
    return {**tables, FILES: dict.fromkeys(_files(folders), 1)}


def compare_contents(expected: Contents, actual: Contents) -> Iterator[Difference]:
    """Yields each table that differs, and the files if they do."""
    for name in dict.fromkeys([*expected, *actual]):
        ours, theirs = Counter(expected.get(name, {})), Counter(actual.get(name, {}))
        if ours != theirs:
            yield Difference(name, ours - theirs, theirs - ours)


def differences(expected: Contents, lakehouse: Lakehouse, folders: Folders) -> list[str]:
    """Returns a sentence for each table that differs from another lakehouse, and for the files."""
    return [
        _sentence(difference, _example(difference, lakehouse))
        for difference in compare_contents(expected, contents(lakehouse, folders))
    ]


def _sentence(difference: Difference, example: str) -> str:
    missing = counted(difference.missing.total(), difference.noun)
    extra = counted(difference.extra.total(), difference.noun)
    such_as = f", such as {example}" if example else ""
    return f"{difference.name}: {missing} missing, {extra} too many{such_as}"


def _example(difference: Difference, lakehouse: Lakehouse) -> str:
    """Returns one of the extra rows or files as text; empty if there is none."""
    if difference.name == FILES or not difference.extra:
        return min(difference.extra, default="")
    rows = _compared_columns(lakehouse, difference.name)
    numbers = (at for at, digest in enumerate(_digests(rows)) if digest in difference.extra)
    examples = (repr(python_rows(rows.slice(at, 1))[0]) for at in numbers)
    return next(examples, "")[:_MAX_CHARACTERS]


def _compared_columns(lakehouse: Lakehouse, name: str) -> pa.Table:
    """Reads the columns of a table that are compared, sorted by name."""
    rows = lakehouse.engine.read(name)
    return rows.select(sorted(set(rows.column_names) - _COLUMNS_OF_A_RUN))


def _digests(rows: pa.Table) -> Iterator[str]:
    """Yields a digest of each row; by columns, because a million dicts would cost a minute."""
    header = blake2b(repr(rows.column_names).encode(), digest_size=16)
    for row in zip(*map(_texts, rows.columns), strict=True):
        digest = header.copy()
        digest.update(repr(row).encode())
        yield digest.hexdigest()


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    if pa.types.is_nested(column.type):
        return [repr(value) for value in column.to_pylist()]
    if pa.types.is_timestamp(column.type):
        # A cast to text would need the time zones of the system.
        column = column.cast(pa.int64())
    texts: list[str | None] = column.cast(pa.string()).to_pylist()
    return texts


def _files(folders: Folders) -> Iterator[str]:
    for folder in (folders.landing, folders.lakehouse / ARCHIVE, folders.lakehouse / REJECTED):
        for path in folder.rglob("*"):
            if path.is_file():
                yield f"{folder.name}/{path.relative_to(folder).as_posix()} {sha256_of(path)}"
