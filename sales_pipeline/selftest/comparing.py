"""What two lakehouses must have in common: every row of every table, and every kept file.

Two tables tell of the work and not of the sales, and may well differ: `ops.runs`, for a killed
run has no record, or its work has two; and the working table of the last batch, in which where
a record was before depends on how far a killed run came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import blake2b

import pyarrow as pa

from sales_pipeline.bronze.keeping import ARCHIVE, REJECTED, Folders
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.tables import RUNS
from sales_pipeline.landing.discovery import sha256_of

_OF_A_RUN = {"run_id", "first_run", "last_run", "claimed_at", "seen"}
"""Columns that say which run did it, when, and where on the disk a file lies."""
_OF_THE_WORK = {RUNS.name, "silver.decisions"}
_FILES = "files"
_SHOWN_CHARACTERS = 200

Seen = Mapping[str, Mapping[str, int]]
"""Table, or `files` -> digest of each row, or path and digest of each file -> how often."""


def what_is_there(lakehouse: Lakehouse, folders: Folders) -> Seen:
    """Returns what is in a lakehouse and its folders, but for run ids, times and places."""
    found: dict[str, dict[str, int]] = {
        name: dict(Counter(_digests(_compared(lakehouse, name)))) for name in _tables(lakehouse)
    }
    found[_FILES] = dict.fromkeys(_files(folders), 1)
    return found


def differences(expected: Seen, lakehouse: Lakehouse, folders: Folders) -> list[str]:
    """Says in a sentence for each table, and for the files, what differs from another lakehouse."""
    found = what_is_there(lakehouse, folders)
    said = []
    for name in dict.fromkeys([*expected, *found]):
        missing = Counter(expected.get(name, {})) - Counter(found.get(name, {}))
        more = Counter(found.get(name, {})) - Counter(expected.get(name, {}))
        if missing or more:
            said.append(_sentence(name, missing, more, _example(lakehouse, name, more)))
    return said


def _sentence(name: str, missing: Counter[str], more: Counter[str], example: str) -> str:
    noun = "file" if name == _FILES else "row"
    counts = f"{counted(missing.total(), noun)} missing, {counted(more.total(), noun)} too many"
    return f"{name}: {counts}{f', such as {example}' if example else ''}"


def _example(lakehouse: Lakehouse, name: str, more: Counter[str]) -> str:
    if name == _FILES:
        return next(iter(sorted(more)), "")
    if not more:
        return ""
    rows = _compared(lakehouse, name)
    places = (place for place, digest in enumerate(_digests(rows)) if digest in more)
    return next((repr(python_rows(rows.slice(at, 1))[0])[:_SHOWN_CHARACTERS] for at in places), "")


def _tables(lakehouse: Lakehouse) -> Iterator[str]:
    made = (name for name in lakehouse.tables if lakehouse.engine.exists(name))
    return (name for name in made if name not in _OF_THE_WORK)


def _compared(lakehouse: Lakehouse, name: str) -> pa.Table:
    """The columns of a table that are compared, by name."""
    found = lakehouse.engine.read(name)
    return found.select(sorted(set(found.column_names) - _OF_A_RUN))


def _digests(rows: pa.Table) -> Iterator[str]:
    """A digest of each row, column by column: a dict for each of a million rows costs a minute."""
    named = blake2b(repr(rows.column_names).encode(), digest_size=16)
    for row in zip(*map(_texts, rows.columns), strict=True):
        digest = named.copy()
        digest.update(repr(row).encode())
        yield digest.hexdigest()


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    if pa.types.is_nested(column.type):
        return [repr(each) for each in column.to_pylist()]
    if pa.types.is_timestamp(column.type):
        # As text it would need the system's time zones.
        column = column.cast(pa.int64())
    texts: list[str | None] = column.cast(pa.string()).to_pylist()
    return texts


def _files(folders: Folders) -> Iterator[str]:
    places = (folders.landing, folders.lakehouse / ARCHIVE, folders.lakehouse / REJECTED)
    for place in places:
        for path in place.rglob("*"):
            if path.is_file():
                yield f"{place.name}/{path.relative_to(place).as_posix()} {sha256_of(path)}"
