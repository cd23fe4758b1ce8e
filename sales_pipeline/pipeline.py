"""The whole pipeline: landing files in, four answers out.

`run` reads like DESIGN "A run, in order": lock, recover, discover, claim, bronze, silver,
gold, archive, record. Every step is safe to do twice, and a run begins by going on with
whatever an earlier one left unfinished.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Thread

from sales_pipeline.bronze.archived_files import check_archive
from sales_pipeline.bronze.claiming import Claimant, Claims
from sales_pipeline.bronze.feed_files import check_reader, find_files, folders_of
from sales_pipeline.bronze.file_moves import (
    Folders,
    archive_files,
    changed_since_kept,
    check_landing,
    left_behind,
    send_back,
)
from sales_pipeline.bronze.fingerprints import check_meaning
from sales_pipeline.commit_points import in_background, safe_point
from sales_pipeline.config.model import Declaration
from sales_pipeline.gold.pricing import months_in_gold
from sales_pipeline.intake import Intake
from sales_pipeline.lakehouse.holding import Hold, held
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.opening import (
    check_versions,
    missing_derived,
    opened_lakehouse,
    prepare_again,
    remove_earlier_gold,
)
from sales_pipeline.lakehouse.rollback_steps import finish_rollback
from sales_pipeline.lakehouse.runs import new_run_id, utc_now
from sales_pipeline.lakehouse.table_removal import finish_removal, is_removal_unfinished
from sales_pipeline.landing.discovery import Discovery
from sales_pipeline.recomputation import (
    changes_for_lost_tables,
    is_gold_stale,
    rejudged_deliveries,
    touch_stale_months,
)
from sales_pipeline.report_writer import ReportWriter
from sales_pipeline.run_report import FileNote, Progress, RunReport, Silent


def run(
    declaration: Declaration,
    *,
    progress: Progress | None = None,
    wait_seconds: float = 0,
    rejudge: Collection[str] = (),
) -> RunReport:
    """Takes everything new in the landing folder through bronze and silver to gold.

    Args:
        declaration: What the retailer declares.
        progress: Told of every stage while the run works.
        wait_seconds: How long to wait for another run on the same lakehouse.
        rejudge: Feeds whose records are all judged again, under the declaration as it stands.

    Returns:
        What the run did. Refused files are in it; they do not stop the others.

    Raises:
        UsageError: The landing folder is not there, or the declaration does not fit the lakehouse.
        LakehouseBusy: Another run holds the lakehouse.
    """
    folders = folders_of(declaration)
    check_landing(folders)
    with held(declaration, "run", wait_seconds=wait_seconds) as hold:
        return finish(declaration, folders, progress or Silent(), hold=hold, rejudge=rejudge)


def finish(
    declaration: Declaration,
    folders: Folders,
    progress: Progress,
    *,
    hold: Hold,
    rejudge: Collection[str] = (),
) -> RunReport:
    """Does the work of a run for the command that holds the lakehouse."""
    if is_removal_unfinished(folders.lakehouse):
        hold.take()
        finish_removal(folders.lakehouse)
    with opened_lakehouse(declaration, makes_again=True) as lakehouse:
        check_archive(lakehouse, folders)
        remove_earlier_gold(lakehouse, hold)
        return _Run(lakehouse, folders, progress, hold, frozenset(rejudge)).go()


@dataclass
class _Run:
    """One run, in order."""

    lakehouse: Lakehouse
    folders: Folders
    progress: Progress
    hold: Hold
    rejudge: frozenset[str] = frozenset()
    started_at: datetime = field(default_factory=utc_now)
    _began: float = field(default_factory=time.monotonic)
    _changed: list[FileNote] = field(default_factory=list)
    _starting: Thread | None = None
    _is_repair: bool = False

    def go(self) -> RunReport:
        self.run_id = new_run_id(self.started_at)
        claims = self._look()
        if claims is not None and self.hold.take(self.lakehouse.engine) and self._is_behind():
            claims = self._look()
        if claims is not None:
            self._work(claims)
        else:
            check_versions(self.lakehouse)
        return self.writer.close(self._changed, self._seconds())

    def _look(self) -> Claims | None:
        """Looks for work; returns the files to claim, or None if there is nothing to do at all."""
        finish_rollback(self.lakehouse, self.hold)
        self.ledger = Ledger(self.lakehouse)
        check_meaning(self.lakehouse, self.ledger, rejudged=self.rejudge)
        check_reader(self.lakehouse.declaration, self.lakehouse.engine)
        changed = self._send_changed_back()
        self.writer = ReportWriter(self.lakehouse, self.ledger, self.run_id)
        self.intake = Intake(
            self.lakehouse, self.ledger, self.folders, self.progress, self.writer, self.run_id
        )
        claims = self._claim(self._discover(changed))
        claimed = {(delivery.feed, delivery.path) for delivery in claims.deliveries}
        behind = left_behind(self.ledger, self.folders)
        claims.behind = [
            delivery for delivery in behind if (delivery.feed, delivery.path) not in claimed
        ]
        unfinished = self.ledger.unfinished()
        self.writer.unfinished(unfinished, is_run=self.hold.verb == "run")
        self._is_repair = bool(unfinished or missing_derived(self.lakehouse))
        self.writer.find_unnamed()
        is_work = claims.deliveries or claims.behind or self._is_repair or self.writer.unnamed
        return claims if is_work or self._is_anything_else_to_do() else None

    def _is_behind(self) -> bool:
        """True if another command changed the lakehouse between `_look` and the lock."""
        is_another = finish_rollback(self.lakehouse, self.hold)
        return is_another or list(Ledger(self.lakehouse)) != list(self.ledger)

    def _work(self, claims: Claims) -> None:
        self.progress.stage("start", 0)
        self.writer.begin(claims)
        self.ledger.record(changes_for_lost_tables(self.lakehouse, self.ledger))
        self._prepare()
        if claims.in_state(State.CLAIMED):
            # What an engine that cannot be reached would take in is not claimed.
            self.lakehouse.engine.spark()
        self.ledger.record([*self.writer.unnamed, *claims.changed, *claims.deliveries])
        self.intake.refuse(claims.in_state(State.REJECTED, State.FAILED))
        rejudged = rejudged_deliveries(
            self.lakehouse.declaration, self.ledger, self.rejudge, run_id=self.run_id
        )
        self.ledger.record(rejudged)
        returned = [
            delivery
            for delivery in (*self.writer.unnamed, *rejudged)
            if delivery.state is State.REPEATED
        ]
        to_report = self.writer.ids_to_report()
        touch_stale_months(self.lakehouse, self.ledger)
        self.intake.remove_withdrawn()
        self.intake.take_in()
        if self._is_repair or returned:
            self.intake.settle_superseded()
        self._gold()
        self.progress.stage("archive", 0)
        # Files have times of the clock as it stands, which may have gone back since the run began.
        began = min(self.started_at.timestamp(), time.time() - self._seconds())
        unmoved = archive_files(self.lakehouse, self.ledger, self.folders, since=began)
        self.writer.unmoved(unmoved)
        repeats = [*claims.in_state(State.REPEATED), *returned]
        self.intake.keep_repeats(repeats)
        self.intake.place(self.writer.unnamed)
        self.writer.end(to_report, [delivery.file_id for delivery in repeats])
        self.writer.record(self.hold.verb, self.started_at, self._seconds())

    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _send_changed_back(self) -> list[Delivery]:
        """Moves kept files that were written to since to the landing folder, as corrections.

        Returns:
            The deliveries whose files could not be moved yet.
        """
        if not self._changed_since_kept():
            return []
        if self.hold.take(self.lakehouse.engine):
            self.ledger = Ledger(self.lakehouse)
        for delivery in self._changed_since_kept():
            self._changed.append(FileNote(delivery.path, send_back(delivery, self.folders)))
        return self._changed_since_kept()

    def _changed_since_kept(self) -> list[Delivery]:
        return changed_since_kept(self.ledger, self.folders, now=self.started_at)

    def _prepare(self) -> None:
        prepare_again(self.lakehouse)
        # PySpark takes over a second to import, so only a run with work does it.
        from sales_pipeline.silver.validation.conditions import check_conditions

        check_conditions(self.lakehouse)

    def _discover(self, changed: list[Delivery]) -> Discovery:
        self.progress.stage("discover", 0)
        discovery = find_files(
            self.lakehouse.declaration,
            self.ledger,
            self.folders,
            changed=changed,
            on_hashed=self._hashed,
        )
        self.writer.landing_files(discovery)
        return discovery

    def _hashed(self, count: int) -> None:
        self.progress.advance(bytes_done=count)
        safe_point()
        # A file that has to leave the landing folder is work, so the engine starts meanwhile.
        if not self.folders.left and self._starting is None:
            self._starting = in_background(self._start_engine)

    def _start_engine(self) -> None:
        # Whoever needs the engine then asks again, and is told why there is none.
        with suppress(Exception):
            self.lakehouse.engine.spark()

    def _claim(self, discovery: Discovery) -> Claims:
        if not discovery.files and not discovery.disputed:
            return Claims()
        parts = (self.lakehouse.declaration, self.ledger, self.folders)
        return Claimant(*parts, self.run_id, self.started_at).claim(discovery)

    def _is_anything_else_to_do(self) -> bool:
        held = self.ledger.in_state(State.HELD)
        is_left = any(self.folders.waits_for_archive(delivery) for delivery in held)
        return bool(self.rejudge) or is_left or is_gold_stale(self.lakehouse, self.ledger)

    def _gold(self) -> None:
        from sales_pipeline.gold.aggregation import aggregate_data

        self.progress.stage("gold", 0)
        # What silver took in of a file and took out again touched months that gold never shows.
        is_out = bool(self.writer.report.rejected or self.writer.report.failed)
        before = months_in_gold(self.lakehouse) if is_out else set()
        self.writer.months_made(aggregate_data(self.lakehouse, self.ledger), before)
