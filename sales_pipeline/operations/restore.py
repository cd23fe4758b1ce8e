"""`restore`: rebuilds the ledger from bronze and the archive (P12).

Bronze says which records came together and under which number; the archive has the files, with
their feeds and names. A file is the delivery in bronze that has its records. All deliveries that
count are validated again by the next run, which makes silver and gold under the declaration as it
stands. What neither says is decided carefully, and said: a delivery that did not count, or of
which nothing tells whether it did, is held until somebody accepts or withdraws it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from sales_pipeline.bronze.feed_files import folders_of, landing_patterns
from sales_pipeline.bronze.file_moves import Folders
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.session import check_installed
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import LakehouseMismatch, UsageError
from sales_pipeline.gold.answer_rows import BY_MONTH
from sales_pipeline.gold.pricing import months_in_gold
from sales_pipeline.lakehouse.closings import forget_closings, lost_closings
from sales_pipeline.lakehouse.holding import held
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.opening import (
    damaged_table,
    is_ledger_empty,
    missing_table,
    named_damage,
)
from sales_pipeline.lakehouse.ops_tables import BALANCE, DELIVERIES, RUNS
from sales_pipeline.lakehouse.runs import forget_versions
from sales_pipeline.lakehouse.table_removal import is_removal_unfinished
from sales_pipeline.lakehouse.tables import BRONZE_SALES, BRONZE_TABLES, RECORDS
from sales_pipeline.operations.restored_deliveries import RestoredDeliveries
from sales_pipeline.run_report import FileNote, notes
from sales_pipeline.silver.balance import recorded


@dataclass(frozen=True)
class Restored:
    """Report of a `restore`.

    Attributes:
        tables: The tables that were restored: `ops.deliveries`, `ops.runs`, or both.
        opened: The tables of the closed months, if one of them was lost; no month is closed now.
        states: State -> number of deliveries of that state; none if their table was there.
        held: Deliveries that wait for a decision, with the reason.
        nameless: Numbers of deliveries in bronze whose file is not in the archive.
        unknown: Archived files whose records are not in bronze, as paths.
    """

    tables: tuple[str, ...]
    states: Mapping[State, int] = field(default_factory=dict)
    held: tuple[FileNote, ...] = ()
    nameless: tuple[int, ...] = ()
    unknown: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()


def restore(declaration: Declaration, *, wait_seconds: float = 0) -> Restored:
    """Rebuilds the ledger from bronze and the archive; an ordinary run does the rest.

    Closed months are in no other table. If a table of theirs is lost, the others go, too, and no
    month is closed any more. Nothing is removed before bronze and the archive were read. A killed
    restore is begun anew by the next one.

    Raises:
        UsageError: The ledger is there and can be read, or there is nothing to make it from.
        TableDamaged: Bronze is missing or damaged.
        LakehouseMismatch: The declaration does not fit what was delivered.
        LakehouseBusy: Another run holds the lakehouse.
    """
    folders = folders_of(declaration)
    with (
        held(declaration, "restore", wait_seconds=wait_seconds) as hold,
        closing(open_engine(declaration)) as engine,
    ):
        check_installed(engine.needs)
        if engine.capabilities.has_folder and is_removal_unfinished(folders.lakehouse):
            raise LakehouseMismatch("lakehouse: a reset did not finish. Do: sales-pipeline reset")
        hold.take(engine)
        lakehouse = Lakehouse(declaration, engine)
        with named_damage(lakehouse):
            return _Restore(lakehouse, folders).restore()


@dataclass(frozen=True)
class _Restore:
    """The steps of a restore: look, read, and only then write."""

    lakehouse: Lakehouse
    folders: Folders

    def restore(self) -> Restored:
        if not any(map(self.lakehouse.engine.exists, self.lakehouse.tables)):
            place = self.lakehouse.declaration.tables_place
            do = "Do: sales-pipeline reset, which moves archived files back, or sales-pipeline run"
            raise UsageError(f"restore: no table is at {place}. {do}")
        lost = [name for name in (DELIVERIES.name, RUNS.name) if self._is_lost(name)]
        closings = lost_closings(self.lakehouse, has_runs=RUNS.name not in lost)
        if not lost and not closings:
            do = "Do: sales-pipeline status"
            raise UsageError(f"restore: the ledger is there and can be read. {do}")
        self._check_currency()
        restored = Restored(tuple(lost), opened=closings)
        deliveries: list[Delivery] = []
        if DELIVERIES.name in lost:
            self._check_bronze()
            recovered = self._found()
            deliveries = self._with_months(recovered.deliveries)
            restored = replace(
                restored,
                states=Counter(delivery.state for delivery in deliveries),
                held=tuple(notes(file for file in deliveries if file.state is State.HELD)),
                nameless=recovered.nameless,
                unknown=recovered.unknown,
            )
        if closings:
            forget_closings(self.lakehouse, has_runs=RUNS.name not in lost)
        self._write(lost, deliveries)
        return restored

    def _is_lost(self, name: str) -> bool:
        if not self.lakehouse.is_readable(name):
            return True
        return name == DELIVERIES.name and is_ledger_empty(self.lakehouse)

    def _check_bronze(self) -> None:
        for name in BRONZE_TABLES:
            if not self.lakehouse.engine.exists(name):
                raise missing_table(self.lakehouse, name)
            if (problem := self.lakehouse.engine.problem(name)) is not None:
                raise damaged_table(self.lakehouse, name, problem)

    def _check_currency(self) -> None:
        declared = self.lakehouse.declaration.base_currency
        if self.lakehouse.is_readable(BY_MONTH):
            for row in self.lakehouse.rows(BY_MONTH, columns=["currency"])[:1]:
                if row["currency"] != declared:
                    raise LakehouseMismatch(
                        f"lakehouse: gold is in {row['currency']}, the declaration says "
                        f"{declared}. Do: declare base_currency: {row['currency']}."
                    )

    def _found(self) -> RestoredDeliveries:
        declared = {*landing_patterns(self.lakehouse.declaration)}
        counted = self.lakehouse.totals(BRONZE_SALES, by=["feed"], of="_row")
        if undeclared := sorted(set(counted["feed"].to_pylist()) - declared):
            raise LakehouseMismatch(
                f"feeds.{undeclared[0]}: not declared any more, but bronze has records of it. "
                "Do: declare it again, with the pattern of a folder that stays empty."
            )
        in_silver = self._in_silver() if self.lakehouse.is_readable(RECORDS) else None
        return RestoredDeliveries(self.lakehouse, self.folders, in_silver, self._superseded())

    def _superseded(self) -> frozenset[int]:
        """Numbers of the deliveries of which no record counted when they were balanced last."""
        if not self.lakehouse.is_readable(BALANCE.name):
            return frozenset()
        balances = [balance for balance in recorded(self.lakehouse) if balance.delivered[0]]
        counting = {
            balance.file_id
            for balance in balances
            if balance.rows("superseded") < balance.delivered[0]
        }
        return frozenset(balance.file_id for balance in balances) - counting

    def _in_silver(self) -> frozenset[int]:
        rows = self.lakehouse.totals(RECORDS, by=["_file_id"], of="quantity")
        return frozenset(rows["_file_id"].to_pylist())

    def _with_months(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Adds all months of gold to the first delivery, so that they are computed again."""
        months = months_in_gold(self.lakehouse) if self.lakehouse.is_readable(BY_MONTH) else set()
        first = next(
            (delivery for delivery in deliveries if delivery.state is State.IN_BRONZE), None
        )
        return [
            replace(delivery, months=tuple(sorted(months))) if delivery is first else delivery
            for delivery in deliveries
        ]

    def _write(self, lost: Sequence[str], deliveries: Sequence[Delivery]) -> None:
        """Makes the lost tables: `ops.runs` last, because a lakehouse is made once it is there."""
        engine = self.lakehouse.engine
        if RUNS.name in lost and engine.exists(RUNS.name):
            engine.drop(RUNS.name)
        if DELIVERIES.name in lost:
            if RUNS.name not in lost:
                forget_versions(self.lakehouse, [DELIVERIES.name])
            if engine.exists(DELIVERIES.name):
                engine.drop(DELIVERIES.name)
            self.lakehouse.make(DELIVERIES.name)
            Ledger(self.lakehouse).record(deliveries)
        if RUNS.name in lost:
            self.lakehouse.make(RUNS.name)
