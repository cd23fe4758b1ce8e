"""What two lakehouses must have in common: every row of every table, and every kept file.

Two tables tell of the work and not of the sales, and may well differ: `ops.runs`, for a killed
run has no record, or its work has two; and the working table of the last batch, in which where
a record was before depends on how far a killed run came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

from sales_pipeline.bronze.keeping import ARCHIVE, REJECTED, Folders
from sales_pipeline.errors import counted
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
        name: dict(Counter(_digest(row) for row in _rows(lakehouse, name)))
        for name in _tables(lakehouse)
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
    rows = (repr(row) for row in _rows(lakehouse, name) if _digest(row) in more)
    return next(rows, "")[:_SHOWN_CHARACTERS] if more else ""


def _tables(lakehouse: Lakehouse) -> Iterator[str]:
    made = (name for name in lakehouse.tables if lakehouse.engine.exists(name))
    return (name for name in made if name not in _OF_THE_WORK)


def _rows(lakehouse: Lakehouse, name: str) -> Iterator[dict[str, Any]]:
    for row in lakehouse.rows(name):
        yield {key: value for key, value in row.items() if key not in _OF_A_RUN}


def _digest(row: Mapping[str, Any]) -> str:
    return blake2b(repr(sorted(row.items())).encode(), digest_size=16).hexdigest()


def _files(folders: Folders) -> Iterator[str]:
    places = (folders.landing, folders.lakehouse / ARCHIVE, folders.lakehouse / REJECTED)
    for place in places:
        for path in place.rglob("*"):
            if path.is_file():
                yield f"{place.name}/{path.relative_to(place).as_posix()} {sha256_of(path)}"
