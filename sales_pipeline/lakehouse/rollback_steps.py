"""Steps of a rollback: all tables and the ledger go back to the state that a run left.

Bronze stays as it is: what was delivered is never forgotten. The ledger keeps every delivery
that it knows; those which the run did not know yet are held until somebody releases them. A
record in `ops.runs` says what is on its way back, so whoever works on the lakehouse next
finishes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sales_pipeline.lakehouse.holding import Hold
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import IN_FORCE, Delivery, Ledger, State, delivery_of
from sales_pipeline.lakehouse.ops_tables import DELIVERIES, RUNS
from sales_pipeline.lakehouse.runs import (
    UNFINISHED,
    RunRecord,
    end_of_run,
    record_run,
    table_versions,
    unfinished_rollback,
)

_DONE = "done"
_MADE = 0
"""The version of a table that was just made, without rows."""
_STAYS = "bronze."


def begin_rollback(lakehouse: Lakehouse, rollback: RunRecord, to: RunRecord) -> RunRecord:
    """Commits that the lakehouse goes back to where a run left it; `finish_rollback` does it.

    Args:
        lakehouse: The tables.
        rollback: The record of the rollback as it will be.
        to: The run.

    Raises:
        VersionGone: What the run left is not kept any more; nothing is changed.
    """
    for name, version in _versions(lakehouse, to).items():
        if lakehouse.engine.version(name) != version:
            lakehouse.engine.check_version(name, version)
    begun = replace(rollback, outcome=UNFINISHED, versions=to.versions, to_run=to.run_id)
    record_run(lakehouse, begun)
    return begun


def finish_rollback(lakehouse: Lakehouse, hold: Hold) -> bool:
    """Finishes a rollback that has begun; each step is safe to do twice.

    Args:
        lakehouse: The tables.
        hold: Is taken where there is one.

    Returns:
        Whether there was one.
    """
    begun = unfinished_rollback(lakehouse)
    if begun is not None and hold.take(lakehouse.engine):
        # Whoever began it may have ended it meanwhile.
        begun = unfinished_rollback(lakehouse)
    if begun is None:
        return False
    for name, version in _versions(lakehouse, begun).items():
        if name != DELIVERIES.name:
            lakehouse.restore(name, version)
    ledger = Ledger(lakehouse)
    then = deliveries_then(lakehouse, begun)
    ledger.record(_changed(ledger, then, begun))
    now = end_of_run(lakehouse)
    seconds = (now - begun.started_at).total_seconds()
    versions = table_versions(lakehouse)
    done = replace(begun, outcome=_DONE, finished_at=now, seconds=seconds, versions=versions)
    record_run(lakehouse, done)
    return True


def deliveries_then(lakehouse: Lakehouse, run: RunRecord) -> dict[int, Delivery]:
    """The ledger as a run left it, by file id.

    Raises:
        VersionGone: It is not kept any more.
    """
    rows = lakehouse.rows(DELIVERIES.name, version=run.version_of[DELIVERIES.name])
    return {delivery.file_id: delivery for delivery in map(delivery_of, rows)}


def _versions(lakehouse: Lakehouse, run: RunRecord) -> dict[str, int]:
    """Table that goes back -> its version then; a table that came later has no rows."""
    there = [name for name in lakehouse.tables if lakehouse.engine.exists(name)]
    back = [name for name in there if name != RUNS.name and not name.startswith(_STAYS)]
    return {name: run.version_of.get(name, _MADE) for name in back}


def _changed(ledger: Ledger, then: Mapping[int, Delivery], rollback: RunRecord) -> list[Delivery]:
    """The deliveries as they stand after a rollback, where they stand otherwise now."""
    after = [_after(delivery, then.get(delivery.file_id), rollback) for delivery in ledger]
    return [delivery for delivery in after if delivery != ledger[delivery.file_id]]


def _after(now: Delivery, then: Delivery | None, rollback: RunRecord) -> Delivery:
    if then is not None:
        return replace(then, seen=now.seen)
    if now.state is State.CLAIMED:
        reason = "rolled back before its records were in bronze; the next run takes it as new"
        return now.moved_to(State.ABANDONED, reason=reason)
    if now.state is State.WITHDRAWING:
        return now.moved_to(State.WITHDRAWN, months=(), rows=None)
    if now.state in IN_FORCE:
        return now.moved_to(
            State.HELD,
            reason=f"rolled back to run {rollback.to_run}. Do: sales-pipeline release {now.path}",
            rolled_back_by=rollback.run_id,
            run_id=rollback.run_id,
            months=(),
        )
    # Its records, and its balance with them, are nowhere but in bronze.
    return now if now.state is State.HELD else replace(now, rows=None)
