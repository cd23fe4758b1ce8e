"""Finds the file that makes a Delta table in a folder unreadable: a commit, or a data file."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote


def problem_in(table: Path) -> str | None:
    """Returns the fault of the table in a folder, with the file that shows it, or None."""
    return _problem_in_log(table / "_delta_log") or _problem_in_data(table)


def commits_in(log: Path) -> list[Path]:
    """Returns the commits in the log of a table, the earliest first."""
    return sorted(path for path in log.glob("*.json") if path.stem.isdigit())


def _problem_in_log(log: Path) -> str | None:
    commits = commits_in(log)
    versions = [int(path.stem) for path in commits]
    for before, after in pairwise(versions):
        if after != before + 1:
            return f"version {before + 1} is missing from its log, at {log}"
    if versions and versions[0] and not any(log.glob("*.checkpoint*.parquet")):
        return f"its log begins with version {versions[0]} and has no checkpoint, at {log}"
    for path in commits:
        if not _is_whole(path):
            return f"its log is damaged, at {path}"
    return None


def _is_whole(commit: Path) -> bool:
    """Returns whether a commit is lines of JSON, as a commit that was cut off is not."""
    try:
        lines = commit.read_text(encoding="utf-8").splitlines()
        return bool(lines) and all(isinstance(json.loads(line), dict) for line in lines if line)
    except (OSError, ValueError):
        return False


def _problem_in_data(table: Path) -> str | None:
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        files = DeltaTable(table).get_add_actions(flatten=True)
    except (DeltaError, OSError) as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        return f"its log cannot be read, at {table / '_delta_log'}: {reason}"
    for path in files["path"].to_pylist():
        # A path may have odd characters as their codes.
        file = next((name for name in (path, unquote(path)) if (table / name).exists()), None)
        if file is None:
            return f"a data file is missing, {table / path}"
        if not _is_parquet(table / file):
            return f"a data file is damaged, {table / file}"
    return None


def _is_parquet(file: Path) -> bool:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        parquet.read_metadata(file)
    except (pa.ArrowException, OSError):
        return False
    return True
