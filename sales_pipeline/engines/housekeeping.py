"""Which files of a table are worth merging, and which nobody needs.

delta-rs could look for the latter, too. But of a file that a commit took out, Sail's checkpoints
forget when that was, so that it would go by the age of the file, and too early.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sales_pipeline.engines.engine import DataFile

if TYPE_CHECKING:
    from deltalake import DeltaTable

_MERGED = 64 * 1024 * 1024
"""About the size of what merging makes; a correction of one record writes so much again."""
_SMALL = _MERGED // 2
_WORTH_MERGING = 3
"""So many small files at least; the record of each maintenance is always one."""
_DAY = 86_400
_LOG_FILE = re.compile(r"(\d{20})\.(?:json|crc|checkpoint\.parquet)")
_HALF = re.compile(r".+#\d+")
"""A file that was being written when its process was killed has a number behind its name."""


def small_files(table: DeltaTable) -> list[DataFile]:
    """The data files that are worth merging."""
    files = table.get_add_actions(flatten=True)
    columns = (files.column(name).to_pylist() for name in ("path", "size_bytes"))
    return worth_merging(DataFile(*each) for each in zip(*columns, strict=True))


def worth_merging(files: Iterable[DataFile]) -> list[DataFile]:
    """The small ones of a table's data files; none where they are too few."""
    small = [each for each in files if each.bytes is not None and each.bytes < _SMALL]
    return small if len(small) >= _WORTH_MERGING else []


def compact(table: DeltaTable) -> None:
    """Merges small files."""
    if small_files(table):
        table.optimize.compact(target_size=_MERGED)


def checkpoint(table: DeltaTable, folder: Path) -> None:
    """Writes down what the log says by now, unless that was done."""
    if table.version() not in _checkpoints(folder):
        table.create_checkpoint()


def unneeded(table: DeltaTable, folder: Path, *, days: int, keep: int) -> list[DataFile]:
    """What no version needs from the first on that is kept, and what kills left behind.

    Args:
        table: The table as it is now.
        folder: Where it lies.
        days: Kept is what was the last version at any instant of so many days.
        keep: A version that is kept however old it is.
    """
    since = time.time() - days * _DAY
    first = max(min(keep, _last_before(since, folder)), _first_known(folder))
    checkpoints = (*_checkpoints(folder), table.version())
    begins = max((each for each in checkpoints if each <= first), default=0)
    found = {*_old_data(folder, first, since), *_log_before(begins, folder), *_halves(folder)}
    return [DataFile(str(path.relative_to(folder)), path.stat().st_size) for path in sorted(found)]


def _old_data(folder: Path, first: int, since: float) -> Iterator[Path]:
    """Data files that neither a version needs nor, so young are they, anybody may be writing."""
    from deltalake import DeltaTable

    kept = DeltaTable(folder, version=first).get_add_actions(flatten=True)
    needed = set(kept["path"].to_pylist())
    for commit in _commits(folder):
        if int(commit.stem) > first:
            needed |= _added(commit)
    # A log may write odd characters of a name as their codes; either is the name of a file.
    needed |= {unquote(name) for name in needed}
    for path in folder.rglob("*.parquet"):
        name = path.relative_to(folder)
        is_data = not name.parts[0].startswith("_")
        if is_data and name.as_posix() not in needed and path.stat().st_mtime < since:
            yield path


def _added(commit: Path) -> set[str]:
    actions = map(json.loads, commit.read_text(encoding="utf-8").splitlines())
    return {each["add"]["path"] for each in actions if "add" in each}


def _log_before(version: int, folder: Path) -> Iterator[Path]:
    for path in _log(folder).iterdir():
        name = _LOG_FILE.fullmatch(path.name)
        if name and int(name[1]) < version:
            yield path


def _halves(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*#*") if _HALF.fullmatch(path.name))


def _log(folder: Path) -> Path:
    return folder / "_delta_log"


def _commits(folder: Path) -> list[Path]:
    return sorted(path for path in _log(folder).glob("*.json") if path.stem.isdigit())


def _checkpoints(folder: Path) -> list[int]:
    return sorted(int(path.name[:20]) for path in _log(folder).glob("*.checkpoint.parquet"))


def _first_known(folder: Path) -> int:
    """The first version that the log can tell; it is shortened from its beginning."""
    is_whole = int(_commits(folder)[0].stem) == 0
    return 0 if is_whole else _checkpoints(folder)[0]


def _last_before(moment: float, folder: Path) -> int:
    """The version that a table had at a moment."""
    commits = [(int(path.stem), path.stat().st_mtime) for path in _commits(folder)]
    young = min((version for version, at in commits if at >= moment), default=commits[-1][0] + 1)
    return young - 1
