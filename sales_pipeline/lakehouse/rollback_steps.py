"""Steps of a rollback: all tables and the ledger go back to the state that a run left.

Bronze stays as it is: deliveries are never forgotten. The ledger keeps every delivery
that it knows; deliveries that the run did not know yet are held until somebody releases them. A
record in `ops.runs` names the tables to restore, so the next command on the lakehouse
finishes the rollback.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sales_pipeline.lakehouse.holding import Hold
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import (
    IN_FORCE,
    Delivery,
    Ledger,
    State,
    deliveries_by_id,
    delivery_of,
)
from sales_pipeline.lakehouse.ops_tables import DELIVERIES, RUNS
from sales_pipeline.lakehouse.runs import (
    ROLLBACK,
    RunRecord,
    begun_run,
    record_end,
    record_run,
    unfinished_rollback,
    utc_now,
)

_MADE = 0
"""The version of a table that was just made, without rows."""
_STAYS = "bronze."


def begin_rollback(lakehouse: Lakehouse, to: RunRecord) -> None:
    """Writes ahead that the lakehouse returns to the state after a run; then `finish_rollback`.

    Raises:
        VersionGone: A version that the run left is not kept any more; nothing is changed.
    """
    for name, version in _versions(lakehouse, to).items():
        if lakehouse.engine.version(name) != version:
            lakehouse.engine.check_version(name, version)
    begun = begun_run(lakehouse, ROLLBACK, utc_now(), figures_of=to)
    record_run(lakehouse, replace(begun, to_run=to.run_id))


def finish_rollback(lakehouse: Lakehouse, hold: Hold) -> bool:
    """Finishes a rollback that has begun, and returns whether one had; takes the hold only then.

    Each step is safe to do twice.
    """
    begun = unfinished_rollback(lakehouse)
    if begun is not None and hold.take(lakehouse.engine):
        # The process that began it may have ended it meanwhile.
        begun = unfinished_rollback(lakehouse)
    if begun is None:
        return False
    for name, version in _versions(lakehouse, begun).items():
        if name != DELIVERIES.name:
            lakehouse.restore(name, version)
    ledger = Ledger(lakehouse)
    earlier = deliveries_then(lakehouse, begun)
    ledger.record(_changed(ledger, earlier, begun))
    record_end(lakehouse, begun)
    return True


def deliveries_then(lakehouse: Lakehouse, run: RunRecord) -> dict[int, Delivery]:
    """The ledger as a run left it, by file id.

    Raises:
        VersionGone: That version of the ledger is not kept any more.
    """
    rows = lakehouse.rows(DELIVERIES.name, version=run.version_of[DELIVERIES.name])
    return deliveries_by_id(map(delivery_of, rows))


def _versions(lakehouse: Lakehouse, run: RunRecord) -> dict[str, int]:
    """Returns table to restore -> its version then; a table that came later gets no rows."""
    return {
        name: run.version_of.get(name, _MADE)
        for name in lakehouse.existing()
        if name != RUNS.name and not name.startswith(_STAYS)
    }


def _changed(
    ledger: Ledger, earlier: Mapping[int, Delivery], rollback: RunRecord
) -> list[Delivery]:
    """The deliveries that a rollback changes, as they are after it."""
    deliveries = [_after(delivery, earlier.get(delivery.file_id), rollback) for delivery in ledger]
    return [delivery for delivery in deliveries if delivery != ledger[delivery.file_id]]


def _after(delivery: Delivery, earlier: Delivery | None, rollback: RunRecord) -> Delivery:
    if earlier is not None:
        return replace(earlier, seen=delivery.seen)
    if delivery.state is State.CLAIMED:
        reason = "rolled back before its records were in bronze; the next run takes it as new"
        return delivery.moved_to(State.ABANDONED, reason=reason)
    if delivery.state is State.WITHDRAWING:
        return delivery.moved_to(State.WITHDRAWN, months=(), rows=None)
    if delivery.state in IN_FORCE:
        return delivery.moved_to(
            State.HELD,
            reason=(
                f"rolled back to run {rollback.to_run}. Do: sales-pipeline release {delivery.path}"
            ),
            rolled_back_by=rollback.run_id,
            run_id=rollback.run_id,
            months=(),
        )
    # Its records, and its balance with them, are nowhere but in bronze.
    return delivery if delivery.state is State.HELD else replace(delivery, rows=None)
