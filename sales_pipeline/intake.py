"""Takes deliveries through bronze and silver, in batches; an error of one feed stops no other."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sales_pipeline.bronze.file_moves import REJECTED, Folders, archive_copies, reject_files
from sales_pipeline.errors import NO_SPACE, SalesPipelineError
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.tables import CATALOGUE, NOT_SALES, RECORDS
from sales_pipeline.landing.discovery import seen_of
from sales_pipeline.report_writer import ReportWriter
from sales_pipeline.run_report import FileNote, Progress, notes

if TYPE_CHECKING:
    from sales_pipeline.silver.cleaned import Cleaned

logger = logging.getLogger(__name__)
_BATCH_FILES = 2_000
"""The number of files in a batch, which bounds the size of its statements."""
_WAITING = (State.CLAIMED, State.IN_BRONZE)


@dataclass
class Intake:
    """Takes the deliveries of one run from the landing folder into silver.

    Attributes:
        lakehouse: The tables.
        ledger: The deliveries; changed and committed.
        folders: Where the files lie.
        progress: Called at every stage.
        writer: Collects the report of the run.
        run_id: The run.
    """

    lakehouse: Lakehouse
    ledger: Ledger
    folders: Folders
    progress: Progress
    writer: ReportWriter
    run_id: str

    def take_in(self) -> None:
        """Takes in all waiting deliveries.

        An unforeseen error in one feed leaves the others alone: its deliveries are `failed`, with
        the error as their reason. Deliveries that have records in silver stay as they are,
        and the next run tries them again; so do the catalogue and rates.

        Raises:
            Exception: No feed could be taken in, or the error concerns all of them: one that this
                package foresees, one of the operating system, a full disk.
        """
        before: set[int] = set()
        given_up: set[str] = set()
        # A replay that is refused, or whose original leaves, sends others back to bronze.
        while waiting := [
            delivery
            for delivery in self.ledger.in_state(*_WAITING)
            if delivery.feed not in given_up
        ]:
            current = {delivery.file_id for delivery in waiting}
            if current == before:
                break
            feeds = sorted(
                {delivery.feed for delivery in waiting}, key=lambda feed: (feed != CATALOGUE, feed)
            )
            errors = self._errors(feeds)
            if len(errors) == len(feeds):
                raise errors[feeds[0]]
            # Once more, after the others: the machine may have failed, and not the feed.
            retried = [self._errors([feed]) for feed in errors]
            errors = {feed: error for failures in retried for feed, error in failures.items()}
            for feed, error in errors.items():
                self._give_up(feed, error)
            given_up |= {*errors}
            before = current

    def _waiting(self, feeds: Iterable[str]) -> list[Delivery]:
        chosen = {*feeds}
        return [delivery for delivery in self.ledger.in_state(*_WAITING) if delivery.feed in chosen]

    def _errors(self, feeds: Sequence[str]) -> dict[str, Exception]:
        """Takes feeds in together, or in halves after an error; returns feed -> its own error."""
        try:
            self._take_in(self._waiting(feeds))
        except (SalesPipelineError, OSError):
            raise
        except Exception as error:
            if NO_SPACE in str(error):
                raise
            self.ledger.read_again()
            if len(feeds) == 1:
                return {feeds[0]: error}
            logger.debug("taken in apart after an error", exc_info=error)
            middle = len(feeds) // 2
            return self._errors(feeds[:middle]) | self._errors(feeds[middle:])
        return {}

    def _give_up(self, feed: str, error: Exception) -> None:
        """Marks the deliveries of a feed as failed, unless silver has records of them."""
        logger.debug("feed %s failed", feed, exc_info=error)
        what = str(error).strip().partition("\n")[0][:200]
        reason = f"unforeseen {type(error).__name__}: {what}. Other feeds went on"
        deliveries = self._waiting([feed])
        ids = {delivery.file_id for delivery in deliveries}
        rows = self.lakehouse.read(RECORDS, columns=["_file_id"], file_ids=ids)
        kept = {*rows["_file_id"].to_pylist()}
        failed = [
            delivery.moved_to(State.FAILED, reason=reason, run_id=self.run_id)
            for delivery in deliveries
            if delivery.file_id not in kept and feed not in NOT_SALES
        ]
        self.ledger.record(failed)
        self.writer.report.failed += [FileNote(delivery.path, reason) for delivery in deliveries]
        self._move_refused(failed)

    def _take_in(self, waiting: Sequence[Delivery]) -> None:
        # The catalogue is learnt before any sale is validated by it.
        ordered = sorted(waiting, key=lambda delivery: delivery.feed != CATALOGUE)
        batches = list(batches_of(ordered, self.lakehouse.declaration.batch_bytes))
        for place, batch in enumerate(batches, start=1):
            number_of_batch = f" {place} of {len(batches)}" if len(batches) > 1 else ""
            self._bronze(f"bronze{number_of_batch}", batch)
            self._silver(f"silver{number_of_batch}", batch)

    def _bronze(self, stage: str, batch: list[Delivery]) -> None:
        from sales_pipeline.bronze.ingestion import ingest_data

        # A delivery is refused or held by this run, even if a killed one claimed it.
        claimed = [
            replace(delivery, run_id=self.run_id)
            for delivery in batch
            if delivery.state is State.CLAIMED
        ]
        self.progress.stage(stage, sum(delivery.bytes for delivery in claimed))
        given_up = ingest_data(
            self.lakehouse,
            self.ledger,
            claimed,
            landing=self.folders.landing,
            on_read=lambda size, records: self.progress.advance(bytes_done=size, rows_done=records),
        )
        self.refuse([delivery for delivery in given_up if delivery.state is State.REJECTED])
        abandoned = (delivery for delivery in given_up if delivery.state is State.ABANDONED)
        self.writer.report.abandoned += notes(abandoned)

    def _silver(self, stage: str, batch: list[Delivery]) -> None:
        from sales_pipeline.silver.cleaning import clean_data

        total = sum(delivery.bytes for delivery in batch)
        self.progress.stage(stage, total)
        deliveries = [self.ledger[delivery.file_id] for delivery in batch]
        in_bronze = [delivery for delivery in deliveries if delivery.state is State.IN_BRONZE]
        cleaned = clean_data(self.lakehouse, self.ledger, in_bronze, run_id=self.run_id)
        rows = sum(balance.delivered[0] for balance in cleaned.balances)
        self._report(cleaned)
        self.progress.advance(bytes_done=total, rows_done=rows)

    def remove_withdrawn(self) -> None:
        """Removes withdrawn deliveries from silver."""
        if self.ledger.in_state(State.WITHDRAWING):
            from sales_pipeline.silver.cleaning import remove_withdrawn

            self._report(remove_withdrawn(self.lakehouse, self.ledger, run_id=self.run_id))

    def settle_superseded(self) -> None:
        """Balances superseded deliveries that a killed run left without a balance."""
        from sales_pipeline.silver.balance_sheet import balance_superseded

        balance_superseded(self.lakehouse, self.ledger, run_id=self.run_id)

    def refuse(self, deliveries: list[Delivery]) -> None:
        """Moves the files of rejected deliveries, and reports them."""
        self._move_refused(deliveries)
        self.writer.report.rejected += notes(deliveries)

    def keep_repeats(self, repeats: Iterable[Delivery]) -> None:
        """Archives repeats; abandons a repeat whose original does not count after all.

        A repeat with records in bronze was delivered before, so the next run cannot take its file.
        """
        counted = {(delivery.feed, delivery.sha256) for delivery in self.ledger.in_force()}
        held = {(delivery.path, delivery.sha256) for delivery in self.ledger.in_state(State.HELD)}
        kept: list[Delivery] = []
        without_original: list[Delivery] = []
        for delivery in repeats:
            is_counted = (delivery.feed, delivery.sha256) in counted
            is_held = (delivery.path, delivery.sha256) in held
            is_known = delivery.rows is not None
            (kept if is_counted or is_held or is_known else without_original).append(delivery)
        self.remember_unmoved(archive_copies(kept, self.folders))
        reason = "its original does not count after all; the next run takes it as a new file"
        self.ledger.record(
            repeat.moved_to(State.ABANDONED, reason=reason) for repeat in without_original
        )

    def remember_unmoved(self, unmoved: Mapping[int, str]) -> None:
        """Reports files that do not count and could not be moved, and records that they were seen.

        `unmoved` is file id -> why it was not moved.
        """
        self.writer.unmoved(unmoved)
        deliveries = [self.ledger[file_id] for file_id in unmoved]
        seen = {delivery.file_id: seen_of(self.folders.source(delivery)) for delivery in deliveries}
        self.ledger.record(
            replace(delivery, seen=seen[delivery.file_id] or None) for delivery in deliveries
        )

    def _move_refused(self, deliveries: list[Delivery]) -> None:
        self.remember_unmoved(reject_files(deliveries, self.folders))
        self.place(deliveries)

    def place(self, deliveries: Iterable[Delivery]) -> None:
        """Reports the places of refused files that are not in `rejected/`."""
        states = (State.REJECTED, State.FAILED)
        refused = [delivery for delivery in deliveries if delivery.state in states]
        places = {delivery.path: self.folders.place_of(delivery) for delivery in refused}
        staying = {path: place for path, place in places.items() if place != REJECTED}
        self.writer.report.staying |= staying

    def _report(self, cleaned: Cleaned) -> None:
        self.refuse(cleaned.rejected)
        self._move_refused(cleaned.failed)
        self.writer.cleaned(cleaned)


def batches_of(deliveries: Iterable[Delivery], batch_bytes: int) -> Iterator[list[Delivery]]:
    """Splits deliveries into batches of about so many bytes, and a bounded number of files."""
    batch: list[Delivery] = []
    size = 0
    for delivery in deliveries:
        size += delivery.bytes
        if batch and (size > batch_bytes or len(batch) == _BATCH_FILES):
            yield batch
            batch, size = [], delivery.bytes
        batch.append(delivery)
    if batch:
        yield batch
