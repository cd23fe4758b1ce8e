"""The record of runs, and the table versions that belong together."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from itertools import takewhile
from typing import Any

from sales_pipeline.commit_points import together
from sales_pipeline.config.taxes import NET_OF_TAX
from sales_pipeline.engines.engine import CHANGES_NO_ROW, Engine
from sales_pipeline.errors import UsageError, VersionGone, did_you_mean
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ops_tables import DELIVERIES, RUNS
from sales_pipeline.version import __version__

UNFINISHED, DONE = "unfinished", "done"
MAINTAIN, CLOSE, REOPEN, ROLLBACK = "maintain", "close", "reopen", "rollback"
KEEPS_FIGURES = frozenset({MAINTAIN, CLOSE, REOPEN})
"""The verbs of runs that change neither a figure nor the ledger."""
_ASKED_AT_ONCE = 4
GONE = -1
"""Stands for a version of a table that was lost and made again; engines raise VersionGone."""


def new_run_id(now: datetime) -> str:
    """A run id that sorts by the second of its start: `20250131T060000-1a2b3c`."""
    return f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


@dataclass(frozen=True)
class RunRecord:
    """One run, as `ops.runs` keeps it."""

    run_id: str
    verb: str
    started_at: datetime
    finished_at: datetime
    outcome: str
    engine: str
    version: str
    files: int
    rows: int
    seconds: float
    versions: str
    rules: str | None = None
    to_run: str | None = None
    revenue: str | None = None

    @property
    def is_net_of_tax(self) -> bool:
        """True if the figures that it left are without the tax that amounts include."""
        return self.revenue == NET_OF_TAX

    @property
    def is_finished(self) -> bool:
        """True if it finished; the record of a rollback is written before its end."""
        return self.outcome != UNFINISHED

    @cached_property
    def version_of(self) -> dict[str, int]:
        """Table -> the Delta version that the run left."""
        versions: dict[str, int] = json.loads(self.versions)
        return versions

    def version_left(self, table: str) -> int:
        """The Delta version of a table that the run left.

        Raises:
            UsageError: The table was not made yet.
        """
        if table not in self.version_of:
            raise UsageError(
                f"run {self.run_id}: did not make {table} yet. Do: choose a later run."
            )
        return self.version_of[table]

    @contextmanager
    def asked_for(self) -> Iterator[None]:
        """Says, where the block asks for a version that is gone, that the run was too early.

        Raises:
            UsageError: What the run left is not kept any more.
        """
        try:
            yield
        except VersionGone as error:
            raise UsageError(
                f"run {self.run_id}: {error}. "
                "Do: choose a later run; sales-pipeline history lists them."
            ) from error


def begun_run(
    lakehouse: Lakehouse, verb: str, started_at: datetime, *, figures_of: RunRecord
) -> RunRecord:
    """Returns the record of a command that begins and takes in no file; nothing is committed.

    Its figures, without tax or as delivered, are the ones of the run `figures_of`.
    """
    return RunRecord(
        run_id=new_run_id(started_at),
        verb=verb,
        started_at=started_at,
        finished_at=started_at,
        outcome=UNFINISHED,
        engine=lakehouse.engine.name,
        version=__version__,
        files=0,
        rows=0,
        seconds=0.0,
        versions=figures_of.versions,
        revenue=figures_of.revenue,
    )


def record_end(lakehouse: Lakehouse, begun: RunRecord, *, versions: str | None = None) -> RunRecord:
    """Commits the record of a command that began at its end, and returns it.

    It has the present `table_versions`, unless they are given because they were asked for already.
    """
    finished_at = end_of_run(lakehouse)
    finished = replace(
        begun,
        outcome=DONE,
        finished_at=finished_at,
        seconds=(finished_at - begun.started_at).total_seconds(),
        versions=versions or table_versions(lakehouse),
    )
    record_run(lakehouse, finished)
    return finished


def record_run(lakehouse: Lakehouse, record: RunRecord) -> None:
    """Commits the record of a finished run, or of a rollback before it begins."""
    lakehouse.put(RUNS.name, f"run_id = '{record.run_id}'", [asdict(record)])


def forget_versions(lakehouse: Lakehouse, tables: Collection[str]) -> None:
    """Marks earlier versions of some tables as gone, in the records of runs.

    The tables were lost and made anew, so their versions count from 0 once more: a rollback to an
    earlier run, or its answers, would otherwise read rows of another time.
    """
    changed = []
    for record in recorded_runs(lakehouse):
        lost = dict.fromkeys(set(tables) & set(record.version_of), GONE)
        if lost:
            changed.append(replace(record, versions=json.dumps(record.version_of | lost)))
    if changed:
        lakehouse.adapt(RUNS.name)
        names = ", ".join(f"'{record.run_id}'" for record in changed)
        lakehouse.put(RUNS.name, f"run_id IN ({names})", map(asdict, changed))


def table_versions(lakehouse: Lakehouse) -> str:
    """JSON of the Delta version of every table but `ops.runs`, which the record itself changes."""
    names = [name for name in lakehouse.existing() if name != RUNS.name]
    version = lakehouse.engine.version
    versions = together((partial(version, name) for name in names), at_once=_ASKED_AT_ONCE)
    return json.dumps(dict(zip(names, versions, strict=True)))


def is_recorded(lakehouse: Lakehouse) -> bool:
    """Says whether the last recorded run saw the ledger as it stands.

    The record is a run's last commit, so a run that was killed just before it left the
    ledger further on than any record says. Upkeep of the table, such as merging its files, is
    no work of a run.
    """
    runs = finished_runs(lakehouse)
    if not runs:
        return False
    seen = runs[-1].version_of[DELIVERIES.name]
    return not has_changed_rows(lakehouse, DELIVERIES.name, since=seen)


def has_changed_rows(lakehouse: Lakehouse, name: str, *, since: int) -> bool:
    """Says whether a commit after a version of a table may have changed a row of it."""
    engine = lakehouse.engine
    newer = engine.version(name) - since if engine.exists(name) else 0
    commits = engine.history(name, limit=newer) if newer > 0 else ()
    return newer < 0 or any(commit.operation not in CHANGES_NO_ROW for commit in commits)


def finished_runs(lakehouse: Lakehouse) -> list[RunRecord]:
    """All runs that have come to their end, the earliest first."""
    return [record for record in recorded_runs(lakehouse) if record.is_finished]


def unfinished_rollback(lakehouse: Lakehouse) -> RunRecord | None:
    """The killed rollback, or None; its record has the versions that it goes back to."""
    return next((record for record in recorded_runs(lakehouse) if not record.is_finished), None)


def recorded_runs(lakehouse: Lakehouse) -> list[RunRecord]:
    """All runs that have a record, the earliest first; one of a rollback may not be finished."""
    return _in_order(lakehouse.rows(RUNS.name))


def _in_order(rows: Iterable[dict[str, Any]]) -> list[RunRecord]:
    records = (RunRecord(**row) for row in rows)
    return sorted(records, key=lambda record: (record.finished_at, record.run_id))


def runs_before(engine: Engine, run: RunRecord) -> list[RunRecord]:
    """All finished runs before another one, the earliest first."""
    records = _in_order(python_rows(engine.read(RUNS.name)))
    earlier = takewhile(lambda record: record.run_id != run.run_id, records)
    return [record for record in earlier if record.is_finished]


def chosen_run(lakehouse: Lakehouse, run_id: str | None = None) -> RunRecord:
    """The finished run of an id, or the last one without an id.

    Raises:
        UsageError: There is no such run, or none has finished yet.
    """
    runs = finished_runs(lakehouse)
    if not runs:
        place = lakehouse.declaration.tables_place
        raise UsageError(f"lakehouse: no finished run at {place} yet. Do: sales-pipeline run")
    by_id = {run.run_id: run for run in runs}
    run_id = runs[-1].run_id if run_id is None else run_id
    if run_id not in by_id:
        raise UsageError(
            f"run: no such finished run, got {run_id!r}.{did_you_mean(run_id, by_id)} "
            "Do: sales-pipeline history lists them."
        )
    return by_id[run_id]


def end_of_run(lakehouse: Lakehouse) -> datetime:
    """The time now, or just after the last recorded run's, where the clock went back since."""
    last = finished_runs(lakehouse)[-1:]
    return max([utc_now(), *(record.finished_at + timedelta(microseconds=1) for record in last)])


def check_finished(lakehouse: Lakehouse, last: RunRecord, *, but: Collection[str] = ()) -> None:
    """Checks that nobody changed a row since the last finished run, as a killed run would have.

    The tables `but` may have changed.

    Raises:
        UsageError: Somebody did, or began to; the message names the command that finishes it.
    """
    do = "Do: sales-pipeline run"
    if begun := unfinished_rollback(lakehouse):
        raise UsageError(f"lakehouse: rollback {begun.run_id} did not finish. {do}")
    for name, version in last.version_of.items():
        if name not in but and has_changed_rows(lakehouse, name, since=version):
            raise UsageError(
                f"lakehouse: a run did not finish, {name} is further on than the last one. {do}"
            )


def utc_now() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)
