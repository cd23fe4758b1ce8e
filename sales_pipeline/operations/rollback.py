"""Going back, all tables and the ledger together: `rollback`, and `release` of what it held.

A rollback is a run of its own on top of the others: nothing is forgotten, so that it can be
rolled back like any other. What was delivered since is held, so that no later run undoes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, VersionGone
from sales_pipeline.gold.changes import Moved, moved_between
from sales_pipeline.lakehouse.declared_tables import SALES_CUBE
from sales_pipeline.lakehouse.holding import held
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.lakehouse.rollback_steps import begin_rollback, finish_rollback
from sales_pipeline.lakehouse.runs import (
    ROLLBACK,
    RunRecord,
    chosen_run,
    finished_runs,
)
from sales_pipeline.operations.decisions import decide, named, named_file, taken_up
from sales_pipeline.operations.earlier_decisions import UnfinishedDecisions
from sales_pipeline.run_report import Progress, RunReport

_HELD = "held by a rollback"


@dataclass(frozen=True)
class Rollback:
    """Report of a rollback.

    Attributes:
        record: The run that it is, as recorded.
        to: The run whose state is back.
        held: Deliveries that counted and are held now, in ledger order.
        back: Deliveries that did not count and do again, in ledger order.
        moved: The months, stores and products whose figures changed.
        is_moved_known: Whether the figures before could be read.
        currency: The base currency; revenue is in it, unrounded.
    """

    record: RunRecord
    to: RunRecord
    held: tuple[Delivery, ...]
    back: tuple[Delivery, ...]
    moved: tuple[Moved, ...]
    is_moved_known: bool
    currency: str


def rollback(declaration: Declaration, *, to: str, wait_seconds: float = 0) -> Rollback:
    """Brings all tables and the ledger back to where a finished run left them.

    What was delivered since is held until `release`; its records stay in bronze, its files where
    they are kept. A killed rollback is finished by whatever works on the lakehouse next. `history`
    lists the ids of the runs to go back to.

    Raises:
        UsageError: There is no such run, or what it left is not kept any more.
        LakehouseBusy: Another run holds the lakehouse.
    """
    with (
        held(declaration, ROLLBACK, wait_seconds=wait_seconds) as hold,
        made_lakehouse(declaration) as lakehouse,
    ):
        hold.take(lakehouse.engine)
        lakehouse.prepare()
        finish_rollback(lakehouse, hold)
        target = chosen_run(lakehouse, to)
        before, last = Ledger(lakehouse), finished_runs(lakehouse)[-1]
        with target.asked_for():
            begin_rollback(lakehouse, target)
        finish_rollback(lakehouse, hold)
        return _told(lakehouse, target, last, before)


def _told(lakehouse: Lakehouse, to: RunRecord, last: RunRecord, before: Ledger) -> Rollback:
    ledger = Ledger(lakehouse)
    counted = {delivery.file_id for delivery in before.in_force()}
    counts = {delivery.file_id for delivery in ledger.in_force()}
    record = finished_runs(lakehouse)[-1]
    try:
        cubes = [_cube(lakehouse, run) for run in (last, record)]
    except VersionGone:
        cubes = []
    moved = moved_between(*cubes, by=("month", "store", "product")) if cubes else []
    return Rollback(
        record=record,
        to=to,
        held=tuple(ledger[file_id] for file_id in sorted(counted - counts)),
        back=tuple(ledger[file_id] for file_id in sorted(counts - counted)),
        moved=tuple(moved),
        is_moved_known=bool(cubes),
        currency=lakehouse.declaration.base_currency,
    )


def _cube(lakehouse: Lakehouse, run: RunRecord) -> pa.Table:
    return lakehouse.engine.read(SALES_CUBE.name, version=run.version_of[SALES_CUBE.name])


def release(
    declaration: Declaration,
    files: Sequence[str] = (),
    *,
    progress: Progress | None = None,
    wait_seconds: float = 0,
) -> RunReport:
    """Lets the files that rollbacks hold count again, or only the named ones, and runs.

    Each delivery takes the place of what has its name by then, as a file delivered now would;
    if its bytes are in force by then, it becomes a repeat. A file is named as the report names it.

    Raises:
        UsageError: A file is not held by a rollback, or nothing is.
        LakehouseBusy: Another run holds the lakehouse.
    """

    def released(ledger: Ledger) -> list[Delivery]:
        held = [delivery for delivery in ledger.in_state(State.HELD) if delivery.rolled_back_by]
        decided = UnfinishedDecisions(ledger).released()
        if not held and not decided:
            raise UsageError("release: nothing is rolled back. Do: sales-pipeline history")
        chosen_ids = {
            delivery.file_id
            for file in files
            if named(declaration, file, held) or not named(declaration, file, decided)
            for delivery in named_file(ledger, file, held, _HELD)
        }
        chosen = [delivery for delivery in held if delivery.file_id in chosen_ids or not files]
        return taken_up(declaration, ledger, chosen)

    return decide(declaration, released, progress, wait_seconds, verb="release")
