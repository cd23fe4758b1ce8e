"""What became of a lakehouse: its runs, and the versions of a table, the latest first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.engine import TableVersion
from sales_pipeline.errors import UsageError, VersionGone
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.lakehouse.runs import RunRecord, finished_runs


@dataclass(frozen=True)
class WrittenVersion:
    """A version of a table, and the finished run that left it or wrote it on its way.

    Attributes:
        commit: The version.
        run_id: The first finished run that had it; None where none has yet.
        rows_more: By how much the number of rows grew; None where that is not known.
    """

    commit: TableVersion
    run_id: str | None
    rows_more: int | None


def runs_of(declaration: Declaration) -> list[RunRecord]:
    """Returns all finished runs, the latest first; starts no Spark session.

    Raises:
        UsageError: There is no lakehouse yet, or it does not fit the declaration.
    """
    with made_lakehouse(declaration) as lakehouse:
        return list(reversed(finished_runs(lakehouse)))


def kept_of(declaration: Declaration, runs: Sequence[RunRecord]) -> int:
    """Says how many of the runs, the latest first, can still be shown, compared and gone back to.

    Maintenance removes what the earliest left; then that of no earlier one is there.
    """
    with made_lakehouse(declaration) as lakehouse:
        return bisect_left(runs, 1, key=lambda each: 0 if _is_kept(lakehouse, each) else 1)


def _is_kept(lakehouse: Lakehouse, run: RunRecord) -> bool:
    try:
        for table, version in run.version_of.items():
            if lakehouse.engine.exists(table):
                lakehouse.engine.check_version(table, version)
    except VersionGone:
        return False
    return True


def versions_of(
    declaration: Declaration, table: str, *, limit: int | None = None
) -> list[WrittenVersion]:
    """Returns the versions of a table that are still kept, the latest first.

    Args:
        declaration: What the retailer declares.
        table: The table with its schema, such as `gold.sales_cube`.
        limit: Only so many.

    Raises:
        UsageError: There is no such table; the message names the one that was probably meant.
    """
    with made_lakehouse(declaration) as lakehouse:
        check_table(lakehouse, table)
        # One more says how much the earliest of them added.
        commits = lakehouse.engine.history(table, limit=None if limit is None else limit + 1)
        runs = finished_runs(lakehouse)
    earlier = [*commits[1:], None]
    found = [
        WrittenVersion(each, _run_of(each.version, table, runs), _more(each, before))
        for each, before in zip(commits, earlier, strict=True)
    ]
    return found[:limit]


def check_table(lakehouse: Lakehouse, table: str) -> None:
    """Checks that a lakehouse has a table.

    Raises:
        UsageError: It has not.
    """
    there = [name for name in lakehouse.tables if lakehouse.engine.exists(name)]
    if table not in there:
        close = get_close_matches(table, there, n=1)
        do = f"Did you mean {close[0]!r}?" if close else f"The tables are {', '.join(there)}."
        raise UsageError(f"table: no such table, got {table!r}. {do}")


def _run_of(version: int, table: str, runs: Sequence[RunRecord]) -> str | None:
    had = (each.run_id for each in runs if each.version_of.get(table, -1) >= version)
    return next(had, None)


def _more(now: TableVersion, before: TableVersion | None) -> int | None:
    if before is None:
        return now.rows if now.version == 0 else None
    return None if now.rows is None or before.rows is None else now.rows - before.rows
