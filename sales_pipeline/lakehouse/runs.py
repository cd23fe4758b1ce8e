"""The record of runs, and the table versions that belong together."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.tables import DELIVERIES, RUNS


def new_run_id(now: datetime) -> str:
    """A run id that sorts by start: `20250131T060000-1a2b3c`."""
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


def record_run(lakehouse: Lakehouse, record: RunRecord) -> None:
    """Commits the record of a finished run."""
    lakehouse.put(RUNS.name, f"run_id = '{record.run_id}'", [asdict(record)])


def table_versions(lakehouse: Lakehouse) -> str:
    """JSON of the Delta version of every table but `ops.runs`, which the record itself changes."""
    names = [name for name in lakehouse.tables if name != RUNS.name]
    return json.dumps({name: lakehouse.engine.version(name) for name in names})


def is_recorded(lakehouse: Lakehouse) -> bool:
    """Says whether the last recorded run saw the ledger as it stands.

    The record is a run's last commit, so a run that was killed just before it left the
    ledger further on than any record says.
    """
    runs = finished_runs(lakehouse)
    if not runs:
        return False
    seen = json.loads(runs[-1].versions)[DELIVERIES.name]
    return bool(seen == lakehouse.engine.version(DELIVERIES.name))


def finished_runs(lakehouse: Lakehouse) -> list[RunRecord]:
    """All recorded runs, the earliest first."""
    records = [RunRecord(**row) for row in lakehouse.rows(RUNS.name)]
    return sorted(records, key=lambda each: (each.finished_at, each.run_id))


def utc_now() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)
