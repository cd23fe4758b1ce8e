"""Predicts what a run does with single files: their records, their months, whether they are held.

A file is read through the landing reader; what silver holds of a delivery that would leave is
read from its table. Nothing is written, and no session is started.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from sales_pipeline.bronze.claiming import HELD, REJECTED, Claims, becomes
from sales_pipeline.bronze.corrections import (
    LandedRecords,
    Removal,
    days_apart_reason,
    has_day_texts,
    landed_days_apart,
    landed_records,
    landed_removal,
)
from sales_pipeline.bronze.feed_files import shape_of
from sales_pipeline.bronze.file_moves import Folders
from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.tables import NOT_SALES
from sales_pipeline.landing.examine import first_records
from sales_pipeline.silver.parsing.days import day_of

UNFINISHED = "unfinished"
REJUDGED = "rejudged"
ABANDONED = "abandoned"
KNOWN = "known"
NOT_READY = "not_ready"
UNREADABLE = "unreadable"
UNCLAIMED = "unclaimed"
LINK = "link"
_SILVER_SALES = "silver.sales"


@dataclass(frozen=True)
class PlannedFile:
    """A file, and its state after a run.

    Attributes:
        path: Its path below the landing folder.
        feed: Its feed; None where no feed claims it or it was not looked at.
        bytes: Its size.
        becomes: `new`, `correction`, `repeat`, `rejected`; `held`: a correction that would wait
            until somebody accepts it; `unfinished`: one that an interrupted run left; `rejudged`:
            one whose records are judged again; `abandoned`: an unfinished one whose file
            changed or vanished since; `known`: it stays in the landing folder and is no news;
            `not_ready`, `unreadable`, `unclaimed`, `link`: it is left where it is.
        reason: Why, where that is to be said.
        delivery: The delivery that it corrects or repeats, or that it is.
        delivery_rows: The records of that delivery, where it is known.
        records: Its records, where the file had to be read.
        months: The months of its sales, and of those that it would replace; None where they are
            not known before the run.
    """

    path: str
    feed: str | None
    bytes: int
    becomes: str
    reason: str | None = None
    delivery: int | None = None
    delivery_rows: int | None = None
    records: int | None = None
    months: tuple[date, ...] | None = ()


@dataclass(frozen=True)
class Foresight:
    """Reads the files of deliveries, as far as a plan needs it.

    Attributes:
        lakehouse: The tables; those that are read are read without a session.
        ledger: The deliveries.
        folders: Where files lie.
        claims: What a run would claim now.
        is_stopped: Whether the run would stop, so that no file is read.
        again: Deliveries as they are once they are sent back, to be judged again.
    """

    lakehouse: Lakehouse
    ledger: Ledger
    folders: Folders
    claims: Claims
    is_stopped: bool
    again: Sequence[Delivery] = ()

    def claimed(self, delivery: Delivery) -> PlannedFile:
        """A file that is to be claimed."""
        file = replace(self._file(delivery, becomes(delivery)), reason=delivery.reason)
        if delivery.state is State.CLAIMED and file.becomes != HELD:
            return self._foreseen(delivery, file)
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
        """A delivery whose records are judged again."""
        return replace(self.unfinished(delivery), becomes=REJUDGED, reason=None)

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
        """The file with its records and months, and whether it would be held."""
        if self.is_stopped:
            return replace(file, months=None)
        try:
            if delivery.feed in NOT_SALES:
                return self._of_other_kind(delivery, file)
            return self._of_sales(delivery, file)
        except (FileChanged, FileRejected) as error:
            return self._unreadable(delivery, file, error)

    def _unreadable(
        self, delivery: Delivery, file: PlannedFile, error: FileChanged | FileRejected
    ) -> PlannedFile:
        """A file that is not, or not any more, what was claimed."""
        if delivery.state is State.IN_BRONZE:
            # Bronze has the records, so that a run does not need the file.
            return replace(file, months=None)
        if isinstance(error, FileRejected):
            reason = self.folders.named(error.reason, delivery)
            return replace(file, becomes=REJECTED, reason=reason)
        is_left_over = file.becomes == UNFINISHED
        reason = "it changed or vanished; the next run takes it as it is then"
        return replace(file, becomes=ABANDONED if is_left_over else NOT_READY, reason=reason)

    def _of_other_kind(self, delivery: Delivery, file: PlannedFile) -> PlannedFile:
        earlier = self._by_id.get(delivery.supersedes or 0)
        if earlier is None or earlier.rows is None or delivery.state is not State.CLAIMED:
            return file
        shape = shape_of(self.lakehouse.declaration, delivery)
        if first_records(self.folders.source(delivery), shape, 1).num_rows:
            return file
        removal = Removal.counted(earlier.rows, 0)
        return self._held(file, earlier, removal.reason(earlier, file.path))

    def _of_sales(self, delivery: Delivery, file: PlannedFile) -> PlannedFile:
        declaration = self.lakehouse.declaration
        feed = declaration.feeds[delivery.feed]
        # What is in bronze has passed, or was accepted since.
        is_new = delivery.state is State.CLAIMED
        earlier = self._by_id.get(delivery.supersedes or 0) if is_new else None
        if not has_day_texts(feed) and earlier is None:
            return replace(file, months=None)
        path = self.folders.source(delivery)
        if not is_new and self.folders.archived(delivery).exists():
            path = self.folders.archived(delivery)
        records = landed_records(declaration, delivery, path, with_keys=earlier is not None)
        file = replace(file, records=records.rows)
        found = landed_removal(self.lakehouse, earlier, records) if earlier else None
        if earlier and (apart := landed_days_apart(self.lakehouse, earlier, records)):
            return self._held(file, earlier, days_apart_reason(earlier, *apart, file.path))
        if earlier and found and found.exceeds(feed.max_removed):
            return self._held(file, earlier, found.reason(earlier, file.path))
        if not has_day_texts(feed):
            return replace(file, months=None)
        months = self._months(delivery, records) | self._months_replaced(delivery)
        return replace(file, months=tuple(sorted(months)))

    def _held(self, file: PlannedFile, earlier: Delivery, reason: str) -> PlannedFile:
        return replace(
            file,
            becomes=HELD,
            reason=reason,
            delivery=earlier.file_id,
            delivery_rows=earlier.rows,
        )

    def _months(self, delivery: Delivery, records: LandedRecords) -> set[date]:
        feed = self.lakehouse.declaration.feeds[delivery.feed]
        days = (day_of(text, feed.date_formats) for text in records.day_texts)
        latest = feed.last_day(delivery.delivered_on)
        return {day.replace(day=1) for day in days if day and feed.earliest <= day <= latest}

    def _months_replaced(self, delivery: Delivery) -> set[date]:
        """The months of what a delivery corrects, and of what that corrected before it."""
        gone = self._replaced_by(delivery)
        return {month for file_id in gone for month in self._months_in_silver.get(file_id, ())}

    def _replaced_by(self, delivery: Delivery) -> set[int]:
        gone: set[int] = set()
        earlier = self._by_id.get(delivery.supersedes or 0)
        while earlier is not None and earlier.file_id not in gone:
            gone.add(earlier.file_id)
            earlier = self._by_id.get(earlier.supersedes or 0)
        return gone

    @cached_property
    def _months_in_silver(self) -> dict[int, set[date]]:
        """Delivery that may leave silver -> the months of its sales in force."""
        leaving = [*self.ledger.unfinished(), *self.again]
        ids = {delivery.file_id for delivery in leaving}
        ids = ids.union(*map(self._replaced_by, [*leaving, *self.claims.deliveries]))
        found: dict[int, set[date]] = {}
        if ids and self.lakehouse.has(_SILVER_SALES):
            columns = ["_file_id", "month"]
            sales = self.lakehouse.read(_SILVER_SALES, columns=columns, file_ids=ids)
            for row in sales.group_by(columns).aggregate([]).to_pylist():
                found.setdefault(row["_file_id"], set()).add(row["month"])
        return found

    def _repeated(self, delivery: Delivery) -> Delivery | None:
        """The first delivery with the same bytes that a repeat repeats."""
        held = self.ledger.in_state(State.HELD)
        others = [*self.ledger.in_force(), *self.claims.in_state(State.CLAIMED), *held]
        same = (delivery.feed, delivery.sha256)
        return next(
            (delivery for delivery in others if (delivery.feed, delivery.sha256) == same), None
        )

    @cached_property
    def _by_id(self) -> dict[int, Delivery]:
        return {delivery.file_id: delivery for delivery in self.ledger}
