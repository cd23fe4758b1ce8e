"""Predicts the outcome of a run for single files: their records and months, and if they are held.

The functions of a run read and judge the files, and the records in bronze that are judged
again. Nothing is written; a session starts only if there are files to judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from sales_pipeline.bronze.claiming import HELD, REJECTED, Claims, becomes
from sales_pipeline.bronze.corrections import reason_to_hold_landed
from sales_pipeline.bronze.feed_files import shape_of
from sales_pipeline.bronze.file_moves import Folders
from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.intake import batches_of
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import IN_FORCE, Delivery, Ledger, State, deliveries_by_id
from sales_pipeline.lakehouse.mends import mended_rows
from sales_pipeline.lakehouse.tables import NOT_SALES
from sales_pipeline.operations.planned_files import (
    ABANDONED,
    NOT_READY,
    REJUDGED,
    UNFINISHED,
    PlannedFile,
)
from sales_pipeline.report_writer import claim_warnings
from sales_pipeline.silver.validation.reasons import Unusable

if TYPE_CHECKING:
    from sales_pipeline.operations.landed_references import LandedReferences
    from sales_pipeline.silver.feed_warnings import FeedWarning
    from sales_pipeline.silver.trial import Outcome, SalesTrial

_SILVER_SALES = "silver.sales"


@dataclass(frozen=True)
class Foresight:
    """Validates the files of deliveries as a run would.

    Attributes:
        lakehouse: The tables; they are read without a session.
        ledger: The deliveries.
        folders: Where files lie.
        claims: The claims that a run would make now.
        is_stopped: Whether the run would stop, so that no file is read.
        sent_back: Deliveries as they are when sent back, to be judged again.
        shown: How many of the first records of each file of sales are kept in its outcome.
        most: How many records of each file of sales are judged, from its first; None for all.
    """

    lakehouse: Lakehouse
    ledger: Ledger
    folders: Folders
    claims: Claims
    is_stopped: bool = False
    sent_back: Sequence[Delivery] = ()
    shown: int = 0
    most: int | None = None

    def claimed(self, delivery: Delivery) -> PlannedFile:
        """A file that a run would claim."""
        file = replace(self._file(delivery, becomes(delivery)), reason=delivery.reason)
        if delivery.state is State.CLAIMED and file.becomes != HELD:
            return self._foreseen(delivery, file)
        if delivery.state is State.REJECTED and delivery.feed not in NOT_SALES:
            return replace(file, unusable=self._renamed(delivery))
        if delivery.state is State.REPEATED and (repeated := self._repeated(delivery)):
            return replace(file, delivery=repeated.file_id, delivery_rows=repeated.rows)
        return file

    def unfinished(self, delivery: Delivery) -> PlannedFile:
        """A delivery that an interrupted run left."""
        file = replace(self._file(delivery, UNFINISHED), reason=f"it is {delivery.state}")
        file = replace(file, delivery=delivery.file_id, delivery_rows=delivery.rows)
        if delivery.state in (State.CLAIMED, State.IN_BRONZE):
            file = self._foreseen(delivery, file)
        if self.is_stopped or file.months is None:
            return replace(file, months=None)
        leaving = self._months_in_silver.get(delivery.file_id, set())
        if delivery.state in (State.IN_SILVER, State.IN_GOLD):
            leaving = set()
        return replace(file, months=tuple(sorted({*delivery.months, *leaving, *file.months})))

    def rejudged(self, delivery: Delivery) -> PlannedFile:
        """A delivery whose records would be validated again."""
        if delivery.state is State.REPEATED:
            return self.claimed(delivery)
        file = self.unfinished(delivery)
        is_as_before = file.becomes == UNFINISHED
        return replace(file, becomes=REJUDGED, reason=None) if is_as_before else file

    def outcome_of(self, delivery: Delivery) -> Outcome | None:
        """Returns the outcome for a new file of sales; None for others."""
        is_judged = delivery in self._new and delivery.feed not in NOT_SALES
        return self._outcomes.get(delivery.file_id) if is_judged else None

    @property
    def warnings(self) -> list[FeedWarning]:
        """Returns the warnings about values in the new files that look suspicious."""
        kept_lines = claim_warnings(self.claims)
        return [*kept_lines, *self.references.warnings, *self._sales.trial.warnings]

    def _file(self, delivery: Delivery, becomes_: str) -> PlannedFile:
        earlier = self._by_id.get(delivery.supersedes or 0)
        return PlannedFile(
            delivery.path,
            delivery.feed,
            delivery.bytes,
            becomes_,
            delivery=delivery.supersedes,
            delivery_rows=earlier.rows if earlier else None,
        )

    def _foreseen(self, delivery: Delivery, file: PlannedFile) -> PlannedFile:
        """The file with its records and months; rejected or held if a run would do so."""
        if self.is_stopped:
            return replace(file, months=None)
        try:
            if delivery.state is State.CLAIMED and (doubtful := self._doubtful(delivery, file)):
                return doubtful
            if delivery.feed in NOT_SALES:
                return self._of_reference(delivery, file)
            return self._of_sales(delivery, file)
        except (FileChanged, FileRejected) as error:
            return self._unreadable(delivery, file, error)

    def _unreadable(
        self, delivery: Delivery, file: PlannedFile, error: FileChanged | FileRejected
    ) -> PlannedFile:
        """A file whose bytes are not the claimed ones, or not any more."""
        if delivery.state is State.IN_BRONZE:
            # Bronze has the records, so that a run does not need the file.
            return replace(file, months=None)
        if isinstance(error, FileRejected):
            reason = self.folders.named(error.reason, delivery)
            return replace(file, becomes=REJECTED, reason=reason)
        is_left_over = file.becomes == UNFINISHED
        reason = "it changed or vanished; the next run takes it as it is then"
        return replace(file, becomes=ABANDONED if is_left_over else NOT_READY, reason=reason)

    def _doubtful(self, delivery: Delivery, file: PlannedFile) -> PlannedFile | None:
        """The file as held, if it is a correction that looks like a mistake."""
        earlier = self._by_id.get(delivery.supersedes or 0)
        if earlier is None:
            return None
        path = self.folders.source(delivery)
        reason = reason_to_hold_landed(self.lakehouse, earlier, delivery, path)
        if reason is None:
            return None
        file = replace(file, delivery=earlier.file_id, delivery_rows=earlier.rows)
        return replace(file, becomes=HELD, reason=reason)

    def _renamed(self, delivery: Delivery) -> tuple[Unusable, ...]:
        """The columns that a rejected file lacks, if other headers may be theirs."""
        from sales_pipeline.silver.tried_headers import renamed_columns

        declaration = self.lakehouse.declaration
        feed, shape = declaration.feeds[delivery.feed], shape_of(declaration, delivery)
        return tuple(renamed_columns(feed, self.folders.source(delivery), shape))

    def _of_reference(self, delivery: Delivery, file: PlannedFile) -> PlannedFile:
        if delivery.state is not State.CLAIMED:
            return file
        if error := self.references.error_of(delivery):
            raise error
        records = self.references.records_of(delivery)
        unusable = tuple(self.references.unusable_of(delivery))
        file = replace(file, records=records, unusable=unusable)
        if reason := self.references.verdict.refused.get(delivery):
            return replace(file, becomes=REJECTED, reason=reason)
        if reason := self.references.verdict.held.get(delivery):
            return replace(file, becomes=HELD, reason=reason)
        return file

    def _of_sales(self, delivery: Delivery, file: PlannedFile) -> PlannedFile:
        outcome = self._outcomes[delivery.file_id]
        if outcome.unread:
            raise outcome.unread
        file = replace(file, records=outcome.rows, unusable=tuple(outcome.unusable))
        if outcome.rejected:
            # A declaration alone does not move a delivery that counted to rejected/.
            earlier = self._by_id.get(delivery.file_id)
            becomes_ = HELD if earlier and earlier.state in IN_FORCE and earlier.rows else REJECTED
            return replace(file, becomes=becomes_, reason=outcome.rejected)
        if outcome.held:
            return replace(file, becomes=HELD, reason=outcome.held)
        months = outcome.months | self._months_replaced(delivery)
        return replace(file, months=tuple(sorted(months)))

    @cached_property
    def references(self) -> LandedReferences:
        """The files of the catalogue and of rates that would be claimed."""
        # The modules that judge files start no session, but take a second to import.
        from sales_pipeline.operations.landed_references import LandedReferences

        deliveries = [file for file in self._new if file.feed in NOT_SALES]
        ledger = self.ledger.with_further(self._new)
        return LandedReferences(self.lakehouse, ledger, self.folders, deliveries)

    @property
    def _returning(self) -> list[Delivery]:
        """Deliveries that are sent back, without the repeats among them."""
        return [delivery for delivery in self.sent_back if delivery.state is State.IN_BRONZE]

    @property
    def _new(self) -> list[Delivery]:
        """Deliveries that are claimed or would be, and whose records are in no table."""
        claimed = [*self.ledger.in_state(State.CLAIMED), *self.claims.in_state(State.CLAIMED)]
        return [delivery for delivery in claimed if not delivery.reason]

    @cached_property
    def _outcomes(self) -> dict[int, Outcome]:
        """File id -> the outcome that a run would have for each file of sales that it validates."""
        from sales_pipeline.silver.trial import LandedSales

        declaration = self.lakehouse.declaration
        landed = [
            LandedSales(file, self.folders.source(file), shape_of(declaration, file))
            for file in self._new
            if file.feed not in NOT_SALES
        ]
        waiting = [*self.ledger.in_state(State.IN_BRONZE), *self._returning]
        by_id = deliveries_by_id(waiting)
        in_bronze = [file for file in by_id.values() if file.feed not in NOT_SALES]
        rejudged = self._trial().of_bronze(
            batches_of(in_bronze, declaration.batch_bytes), frozenset(mended_rows(self.ledger))
        )
        return {**rejudged.outcomes, **self._sales.of_landed(landed).outcomes}

    @cached_property
    def _sales(self) -> SalesTrial:
        """The trial of the files of sales that would be claimed."""
        return self._trial()

    def _trial(self) -> SalesTrial:
        from sales_pipeline.silver.trial import SalesTrial

        knowledge = self.references.knowledge
        return SalesTrial(self.lakehouse, knowledge, shown=self.shown, most=self.most)

    def _months_replaced(self, delivery: Delivery) -> set[date]:
        """The months of the deliveries that one corrects, directly or through others."""
        replaced = self._replaced_by(delivery)
        return {month for file_id in replaced for month in self._months_in_silver.get(file_id, ())}

    def _replaced_by(self, delivery: Delivery) -> set[int]:
        replaced: set[int] = set()
        earlier = self._by_id.get(delivery.supersedes or 0)
        while earlier is not None and earlier.file_id not in replaced:
            replaced.add(earlier.file_id)
            earlier = self._by_id.get(earlier.supersedes or 0)
        return replaced

    @cached_property
    def _months_in_silver(self) -> dict[int, set[date]]:
        """Delivery that may leave silver -> the months of its sales in force."""
        leaving = [*self.ledger.unfinished(), *self.sent_back]
        ids = {delivery.file_id for delivery in leaving}
        ids = ids.union(*map(self._replaced_by, [*leaving, *self.claims.deliveries]))
        months: dict[int, set[date]] = {}
        if ids and self.lakehouse.has(_SILVER_SALES):
            columns = ["_file_id", "month"]
            sales = self.lakehouse.read(_SILVER_SALES, columns=columns, file_ids=ids)
            for row in sales.group_by(columns).aggregate([]).to_pylist():
                months.setdefault(row["_file_id"], set()).add(row["month"])
        return months

    def _repeated(self, delivery: Delivery) -> Delivery | None:
        """The first delivery with the same bytes that a repeat repeats."""
        held = self.ledger.in_state(State.HELD)
        claimed = self.claims.in_state(State.CLAIMED)
        candidates = [*self.ledger.in_force(), *claimed, *self._returning, *held]
        same = (delivery.feed, delivery.sha256)
        return next(
            (delivery for delivery in candidates if (delivery.feed, delivery.sha256) == same), None
        )

    @cached_property
    def _by_id(self) -> dict[int, Delivery]:
        return deliveries_by_id(self.ledger)
