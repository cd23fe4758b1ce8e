"""Compares two lakehouses: every row of every declared table, and every kept file.

One table may differ: `ops.runs` records how the work went, and a killed run leaves no record there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import NamedTuple

import pyarrow as pa

from sales_pipeline.bronze.file_moves import ARCHIVE, REJECTED, Folders
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ops_tables import RUNS
from sales_pipeline.landing.discovery import sha256_of

FILES = "files"
"""The key of the kept files among the tables."""
_COLUMNS_OF_A_RUN = {"run_id", "first_run", "last_run", "claimed_at", "seen"}
"""Columns that depend on the run, its time, and the place of a file on the disk."""
_TABLES_OF_A_RUN = {RUNS.name}
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
        for name in lakehouse.tables
        if name not in _TABLES_OF_A_RUN and lakehouse.engine.exists(name)
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
