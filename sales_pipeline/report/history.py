"""The runs of a lakehouse, and the versions of a table: as data, as text and as JSON."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.engine import TableVersion
from sales_pipeline.errors import UsageError, VersionGone, did_you_mean
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.lakehouse.runs import RunRecord, finished_runs
from sales_pipeline.report.document import Moment, Seconds, View, json_objects, read_from
from sales_pipeline.report.figures import moment
from sales_pipeline.report.layout import TROUBLE, cell, new_table, titled

SHOWN = 20
"""How many runs or versions a terminal shows."""
_ALL = "--json has all that are kept."


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
    """Counts the runs, the latest first, that can still be shown, compared and rolled back to.

    Maintenance removes what the earliest runs left.
    """
    with made_lakehouse(declaration) as lakehouse:
        return bisect_left(runs, 1, key=lambda run: 0 if _is_kept(lakehouse, run) else 1)


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
    versions = [
        WrittenVersion(commit, _run_of(commit.version, table, runs), _more(commit, before))
        for commit, before in zip(commits, earlier, strict=True)
    ]
    return versions[:limit]


def check_table(lakehouse: Lakehouse, table: str) -> None:
    """Checks that a lakehouse has a table.

    Raises:
        UsageError: It has not.
    """
    if table not in (there := lakehouse.existing()):
        do = did_you_mean(table, there) or f" The tables are {', '.join(there)}."
        raise UsageError(f"table: no such table, got {table!r}.{do}")


def _run_of(version: int, table: str, runs: Sequence[RunRecord]) -> str | None:
    having = (run.run_id for run in runs if run.version_of.get(table, -1) >= version)
    return next(having, None)


def _more(now: TableVersion, before: TableVersion | None) -> int | None:
    if before is None:
        return now.rows if now.version == 0 else None
    return None if now.rows is None or before.rows is None else now.rows - before.rows


class RecordedRun(View):
    """One recorded run as JSON."""

    run_id: str
    verb: str
    to_run: str | None
    outcome: str
    started_at: Moment
    finished_at: Moment
    files: int
    rows: int
    seconds: Seconds


class _Run(RecordedRun):
    is_kept: bool = False
    versions: dict[str, int] = read_from("version_of")


class _Version(View):
    version: int = read_from("commit.version")
    at: Moment = read_from("commit.at")
    operation: str | None = read_from("commit.operation")
    rows: int | None = read_from("commit.rows")
    rows_more: int | None
    files: int | None = read_from("commit.files")
    run_id: str | None


def runs_document(runs: Sequence[RunRecord], *, kept: int) -> dict[str, Any]:
    """Returns runs, the latest first, each with its tables' versions; `kept` can still be shown."""
    documents = json_objects(_Run, runs)
    return {"runs": [run | {"is_kept": place < kept} for place, run in enumerate(documents)]}


def versions_document(table: str, versions: Sequence[WrittenVersion]) -> dict[str, Any]:
    """Returns versions of a table, the latest first, ready for JSON."""
    return {"table": table, "versions": json_objects(_Version, versions)}


def runs_text(runs: Sequence[RunRecord], *, kept: int) -> RenderableType:
    """Returns the last of the runs, the latest first; `kept` of all can still be shown."""
    more = len(runs) - SHOWN
    remarks = [f"... and {more:,} earlier; {_ALL}"] if more > 0 else []
    if kept < len(runs):
        earlier = " and earlier ones" if kept < len(runs) - 1 else ""
        left = f"What {runs[kept].run_id}{earlier} left"
        remarks.append(f"{left} is not kept any more (keep_days).")
    return runs_table(runs[:SHOWN], title="Runs", remark=" ".join(remarks))


def runs_table(runs: Sequence[RunRecord], *, title: str = "Last runs", remark: str = "") -> Group:
    """Returns runs, one a line, in the order given."""
    names, figures = ("Run", "What", "Finished (UTC)", "Outcome"), ("Files", "Rows", "Seconds")
    table = new_table(*names, *figures, right=figures, fold=names)
    for run in runs:
        outcome = Text(run.outcome, style="" if run.outcome == "done" else TROUBLE)
        what = f"{run.verb} to {run.to_run}" if run.to_run else run.verb
        counts = (f"{run.files:,}", f"{run.rows:,}", f"{run.seconds:.2f}")
        table.add_row(run.run_id, what, moment(run.finished_at), outcome, *counts)
    return titled(title, table, remark=remark)


def versions_text(table: str, versions: Sequence[WrittenVersion]) -> RenderableType:
    """Returns versions of a table, the latest first."""
    figures = ("Version", "Rows", "Change", "Files")
    shown = new_table(*figures, "What", "At (UTC)", "Run", right=figures)
    for version in versions:
        commit = version.commit
        shown.add_row(
            str(commit.version),
            "" if commit.rows is None else f"{commit.rows:,}",
            "" if version.rows_more is None else f"{version.rows_more:+,}",
            "" if commit.files is None else f"{commit.files:,}",
            cell(commit.operation),
            moment(commit.at),
            version.run_id or "not finished",
        )
    remark = ""
    if versions[-1].commit.version > 0:
        is_cut = len(versions) == SHOWN
        not_kept = "Earlier ones are not kept any more (keep_days)."
        remark = f"Earlier ones are not shown; {_ALL}" if is_cut else not_kept
    return titled(f"Versions of {table}", shown, remark=remark)
