"""The whole pipeline: landing files in, four answers out.

`run` reads like DESIGN "A run, in order": lock, recover, discover, claim, bronze, silver,
gold, archive, record. Every step is safe to do twice, and a run begins by going on with
whatever an earlier one left unfinished.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Thread
from typing import TYPE_CHECKING

from sales_pipeline.bronze.archived_files import kept_files
from sales_pipeline.bronze.claims import Claims
from sales_pipeline.bronze.feed_files import (
    check_reader,
    find_files,
    folders_of,
    landing_patterns,
)
from sales_pipeline.bronze.file_moves import (
    REJECTED,
    Folders,
    archive_copies,
    archive_files,
    changed_since_kept,
    left_behind,
    reject_files,
    send_back,
)
from sales_pipeline.bronze.fingerprints import check_meaning, fingerprint
from sales_pipeline.commit_points import safe_point
from sales_pipeline.config.locations import nested_folders
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, counted, examples
from sales_pipeline.gold.changes import what_moved
from sales_pipeline.gold.freshness import MONTHS, mispriced_months, months_in_gold, stores_changed
from sales_pipeline.lakehouse.damage import missing_derived, prepare_again
from sales_pipeline.lakehouse.holding import Hold, held
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import IN_FORCE, Delivery, Ledger, State, claim_times
from sales_pipeline.lakehouse.mends import names_of, touched_by
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.rollback_steps import finish_rollback
from sales_pipeline.lakehouse.runs import (
    RunRecord,
    end_of_run,
    finished_runs,
    is_recorded,
    new_run_id,
    record_run,
    table_versions,
    utc_now,
)
from sales_pipeline.lakehouse.table_removal import finish_removal, is_removal_unfinished
from sales_pipeline.lakehouse.tables import CATALOGUE
from sales_pipeline.landing.discovery import Discovery, seen_of
from sales_pipeline.run_report import (
    FileNote,
    Progress,
    RunReport,
    Silent,
    counts_per_feed,
    notes,
    unreadable,
)
from sales_pipeline.silver.balance import recorded
from sales_pipeline.silver.displaced import DisplacedSales
from sales_pipeline.silver.reference.exchange_rates import keep_rates, rates_changed
from sales_pipeline.silver.validation.rule_results import RuleResult, summary
from sales_pipeline.together import in_background
from sales_pipeline.version import __version__

_BATCH_FILES = 2_000
"""The number of files in a batch, which bounds the size of its statements."""

if TYPE_CHECKING:
    from sales_pipeline.silver.cleaning import Cleaned


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


def check_landing(folders: Folders) -> None:
    """Checks that the landing folder is there, and apart from the lakehouse.

    Raises:
        UsageError: It is not.
    """
    if not folders.landing.is_dir():
        raise UsageError(
            f"landing: no such folder, got {str(folders.landing)!r}. "
            "Do: make it, or declare another under landing:."
        )
    # Links and --lakehouse may bring together what is declared apart.
    if nested := nested_folders(folders.landing.resolve(), folders.lakehouse.resolve()):
        raise UsageError(
            f"lakehouse: {nested}, got {str(folders.lakehouse)!r}. "
            "Do: declare two folders of which none is in the other."
        )


def check_archive(lakehouse: Lakehouse, folders: Folders) -> None:
    """Checks that a lakehouse which was never made has no archived files (P12).

    A file that a reset left in the archive does not count: another lies in its place.

    Raises:
        UsageError: It has, so its tables are lost.
    """
    if lakehouse.exists() or any(map(lakehouse.engine.exists, lakehouse.tables)):
        return
    lost = [
        file.path
        for file in kept_files(folders, lakehouse.declaration)
        if not (folders.landing / file.path).exists()
    ]
    if lost:
        raise UsageError(
            f"lakehouse: no table is at {lakehouse.declaration.tables_place}, but "
            f"{counted(len(lost), 'file')} of earlier runs are in the archive: {examples(lost)}. "
            "Do: sales-pipeline reset, which moves them back to the landing folder, and run again."
        )


def finish(
    declaration: Declaration,
    folders: Folders,
    progress: Progress,
    *,
    hold: Hold,
    rejudge: Collection[str] = (),
) -> RunReport:
    """Does a run's work for whoever holds the lakehouse."""
    if is_removal_unfinished(folders.lakehouse):
        hold.take()
        finish_removal(folders.lakehouse)
    with opened_lakehouse(declaration, makes_again=True) as lakehouse:
        check_archive(lakehouse, folders)
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
    _asked: list[RuleResult] = field(default_factory=list)
    _changed: list[FileNote] = field(default_factory=list)
    _told: set[int] = field(default_factory=set)
    _starting: Thread | None = None
    _already_told: set[int] = field(default_factory=set)
    _is_repair: bool = False

    def go(self) -> RunReport:
        self.run_id = new_run_id(self.started_at)
        claims = self._look()
        if claims is not None and self.hold.take(self.lakehouse.engine) and self._is_behind():
            claims = self._look()
        if claims is not None:
            self._work(claims)
        held = self.ledger.in_state(State.HELD)
        self.report.held_files = notes(each for each in held if not each.rolled_back_by)
        self.report.rolled_back = notes(each for each in held if each.rolled_back_by)
        self.report.changed = self._changed
        if self._changed:
            self.report.outcome = "failed"
        self.report.seconds = self._seconds()
        return self.report

    def _look(self) -> Claims | None:
        """What is to be claimed; None where there is nothing to do at all."""
        finish_rollback(self.lakehouse, self.hold)
        self.ledger = Ledger(self.lakehouse)
        self.report = RunReport()
        check_meaning(self.lakehouse, self.ledger, rejudged=self.rejudge)
        check_reader(self.lakehouse.declaration, self.lakehouse.engine)
        self._send_changed_back()
        found = self._discover()
        claims = self._claim(found)
        claimed = {(each.feed, each.path) for each in claims.deliveries}
        behind = left_behind(self.ledger, self.folders)
        claims.behind = [each for each in behind if (each.feed, each.path) not in claimed]
        unfinished = self.ledger.unfinished()
        self._told = self._counted_before()
        resumed = [each for each in unfinished if each.file_id not in self._told]
        self.report.resumed = len(resumed) if self.hold.verb == "run" else 0
        is_lost = missing_derived(self.lakehouse)
        is_work = claims.deliveries or claims.behind or unfinished or is_lost
        self._is_repair = bool(unfinished or is_lost)
        return claims if is_work or self._is_anything_else_to_do() else None

    def _counted_before(self) -> set[int]:
        """Deliveries that an earlier run counted and reported, and only could not archive."""
        waiting = self.ledger.in_state(State.IN_GOLD)
        is_told = bool(waiting) and is_recorded(self.lakehouse)
        return {each.file_id for each in waiting} if is_told else set()

    def _send_changed_back(self) -> None:
        """Moves kept files that were written to since to the landing folder, as corrections."""
        now = self.started_at
        if not changed_since_kept(self.ledger, self.folders, now=now):
            return
        if self.hold.take(self.lakehouse.engine):
            self.ledger = Ledger(self.lakehouse)
        for delivery in changed_since_kept(self.ledger, self.folders, now=now):
            self._changed.append(FileNote(delivery.path, send_back(delivery, self.folders)))

    def _is_behind(self) -> bool:
        """Whether somebody worked on the lakehouse after the look and before it was held."""
        is_another = finish_rollback(self.lakehouse, self.hold)
        return is_another or list(Ledger(self.lakehouse)) != list(self.ledger)

    def _work(self, claims: Claims) -> None:
        self.progress.stage("start", 0)
        self._already_told = told_before(self.lakehouse, self.ledger)
        self._judge_again_what_is_lost()
        self._prepare()
        if claims.in_state(State.CLAIMED):
            # What an engine that cannot be reached would take in is not claimed.
            self.lakehouse.engine.spark()
        self.ledger.record([*claims.changed, *claims.deliveries])
        self._refuse(claims.in_state(State.REJECTED, State.FAILED))
        self._send_back()
        touched = self._told_of()
        self._touch_stale_months()
        self._take_back()
        self._bronze_and_silver()
        self._gold()
        # Files have times of the clock as it stands, which may have gone back since the run began.
        began = min(self.started_at.timestamp(), time.time() - self._seconds())
        self._unmoved(archive_files(self.lakehouse, self.ledger, self.folders, since=began))
        self._keep_repeats(claims.in_state(State.REPEATED))
        self._tell([self.ledger[each] for each in touched], claims)
        self._record()

    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _told_of(self) -> list[int]:
        """What the run brings to an end; not what is judged again only for a mended file."""
        mended = {
            file_id
            for each in self.ledger.in_state(State.CLAIMED)
            for file_id in touched_by(self.ledger, [each.file_id] if each.mends else ())
        }
        told = mended | self._told
        return [each.file_id for each in self.ledger.unfinished() if each.file_id not in told]

    def _judge_again_what_is_lost(self) -> None:
        """Commits that lost tables of silver and gold are to be made again, before they are."""
        lost = missing_derived(self.lakehouse)
        if any(not name.startswith("gold.") for name in lost):
            self.ledger.record(judged_again(self.lakehouse, self.ledger))
        elif lost and len(self.ledger):
            sales = self.lakehouse.totals("silver.sales", by=["month"], of="quantity")
            first = next(iter(self.ledger))
            months = tuple(sorted({*first.months, *sales["month"].to_pylist()}))
            self.ledger.record([replace(first, months=months)])

    def _prepare(self) -> None:
        prepare_again(self.lakehouse)
        # PySpark takes over a second to import, so only a run with work does it.
        from sales_pipeline.silver.validation.conditions import check_conditions

        check_conditions(self.lakehouse)

    def _discover(self) -> Discovery:
        self.progress.stage("discover", 0)
        found = find_files(
            self.lakehouse.declaration,
            self.ledger,
            self.folders,
            on_hashed=self._hashed,
        )
        self.report.unclaimed = found.unclaimed
        self.report.unready = found.unready
        self.report.left = [FileNote(path, why) for path, why in found.left.items()]
        self.report.unreadable = unreadable(found.unreadable)
        if found.unreadable:
            self.report.outcome = "failed"
        self.report.links = found.links
        return found

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

    def _claim(self, found: Discovery) -> Claims:
        if not found.files and not found.disputed:
            return Claims()
        # What looks into files takes a tenth of a second to import.
        from sales_pipeline.bronze.claiming import Claimant

        parts = (self.lakehouse.declaration, self.ledger, self.folders)
        return Claimant(*parts, self.run_id, self.started_at).claim(found)

    def _refuse(self, deliveries: list[Delivery]) -> None:
        self._move_refused(deliveries)
        self.report.rejected += notes(deliveries)

    def _move_refused(self, deliveries: list[Delivery]) -> None:
        unmoved = reject_files(deliveries, self.folders)
        self._unmoved(unmoved)
        self._remember(unmoved)
        places = {each.path: self.folders.place_of(each) for each in deliveries}
        self.report.staying |= {path: place for path, place in places.items() if place != REJECTED}

    def _unmoved(self, unmoved: Mapping[int, str]) -> None:
        self.report.unmoved += [
            FileNote(self.ledger[file_id].path, reason) for file_id, reason in unmoved.items()
        ]

    def _remember(self, unmoved: Iterable[int]) -> None:
        """Records files that could not be moved and do not count, so that they are no news."""
        deliveries = [self.ledger[file_id] for file_id in unmoved]
        seen = {each.file_id: seen_of(self.folders.source(each)) for each in deliveries}
        self.ledger.record(replace(each, seen=seen[each.file_id] or None) for each in deliveries)

    def _send_back(self) -> None:
        """Commits that the records of some feeds are to be judged again."""
        self.ledger.record(sent_back(self.lakehouse.declaration, self.ledger, self.rejudge))

    def _take_back(self) -> None:
        if self.ledger.in_state(State.WITHDRAWING):
            from sales_pipeline.silver.cleaning import take_back

            self._tell_cleaned(take_back(self.lakehouse, self.ledger, run_id=self.run_id))

    def _keep_repeats(self, repeats: list[Delivery]) -> None:
        """Archives repeats; where the file that they repeat did not come to count, it is news."""
        counted = {(each.feed, each.sha256) for each in self.ledger.in_force()}
        held = {(each.path, each.sha256) for each in self.ledger.in_state(State.HELD)}
        vain = [
            each
            for each in repeats
            if (each.feed, each.sha256) not in counted and (each.path, each.sha256) not in held
        ]
        unmoved = archive_copies((each for each in repeats if each not in vain), self.folders)
        self._unmoved(unmoved)
        self._remember(unmoved)
        reason = "what it repeats does not count after all; the next run takes it as a new file"
        self.ledger.record(each.moved_to(State.ABANDONED, reason=reason) for each in vain)

    def _is_anything_else_to_do(self) -> bool:
        held = self.ledger.in_state(State.HELD)
        is_left = any(self.folders.waits_for_archive(each) for each in held)
        return bool(self.rejudge) or is_left or self._is_gold_stale()

    def _is_gold_stale(self) -> bool:
        """Whether gold shows other rates or stores than it should, or no record tells of it."""
        if any(each.months for each in self.ledger):
            return True
        if not self.lakehouse.exists() or not months_in_gold(self.lakehouse):
            return False
        stale = rates_changed(self.lakehouse, self.ledger) or stores_changed(self.lakehouse)
        return bool(stale or mispriced_months(self.lakehouse)) or not is_recorded(self.lakehouse)

    def _touch_stale_months(self) -> None:
        """Commits that all months are to be made again, where stores are declared otherwise.

        Months that changed rates touch are found by gold itself, from the rates it was made with.
        """
        months = months_in_gold(self.lakehouse)
        if months and stores_changed(self.lakehouse):
            first = next(iter(self.ledger))
            touched = tuple(sorted(months | set(first.months)))
            self.ledger.record([replace(first, months=touched)])
        if rates_changed(self.lakehouse, self.ledger):
            keep_rates(self.lakehouse, self.ledger)

    def _bronze_and_silver(self) -> None:
        before: set[int] = set()
        # A replay that is refused, or whose original leaves, sends others back to bronze.
        while waiting := self.ledger.in_state(State.CLAIMED, State.IN_BRONZE):
            now = {each.file_id for each in waiting}
            if now == before:
                break
            self._take_in(waiting)
            before = now
        if self._is_repair:
            from sales_pipeline.silver.superseded_balances import balance_superseded

            balance_superseded(self.lakehouse, self.ledger, run_id=self.run_id)

    def _take_in(self, waiting: list[Delivery]) -> None:
        # All that the catalogue teaches is known before any sale is judged by it.
        ordered = sorted(waiting, key=lambda each: each.feed != CATALOGUE)
        batches = list(_batches(ordered, self.lakehouse.declaration.batch_bytes))
        for place, batch in enumerate(batches, start=1):
            which = f" {place} of {len(batches)}" if len(batches) > 1 else ""
            self._bronze(f"bronze{which}", batch)
            self._silver(f"silver{which}", batch)

    def _bronze(self, stage: str, batch: list[Delivery]) -> None:
        from sales_pipeline.bronze.ingestion import ingest_data

        claimed = [each for each in batch if each.state is State.CLAIMED]
        self.progress.stage(stage, sum(each.bytes for each in claimed))
        gone = ingest_data(
            self.lakehouse,
            self.ledger,
            claimed,
            landing=self.folders.landing,
            on_read=lambda count: self.progress.advance(bytes_done=count),
        )
        self._refuse([each for each in gone if each.state is State.REJECTED])
        self.report.abandoned += notes(each for each in gone if each.state is State.ABANDONED)

    def _silver(self, stage: str, batch: list[Delivery]) -> None:
        from sales_pipeline.silver.cleaning import clean_data

        total = sum(each.bytes for each in batch)
        self.progress.stage(stage, total)
        now = [self.ledger[each.file_id] for each in batch]
        in_bronze = [each for each in now if each.state is State.IN_BRONZE]
        cleaned = clean_data(self.lakehouse, self.ledger, in_bronze, run_id=self.run_id)
        self._tell_cleaned(cleaned)
        rows = sum(each.delivered[0] for each in cleaned.balances)
        self.progress.advance(bytes_done=total, rows_done=rows)

    def _tell_cleaned(self, cleaned: Cleaned) -> None:
        self._refuse(cleaned.rejected)
        self._move_refused(cleaned.failed)
        self.report.failed += notes(cleaned.failed)
        self.report.balances += cleaned.balances
        self.report.released += cleaned.released
        self.report.learnt += cleaned.learnt
        self.report.warnings += cleaned.warnings
        self._asked += cleaned.rules
        self.report.rules = summary(self._asked)

    def _gold(self) -> None:
        from sales_pipeline.gold.aggregation import aggregate_data

        self.progress.stage("gold", 0)
        # What silver took in of a file and took out again touched months that gold never shows.
        is_out = bool(self.report.rejected or self.report.failed)
        before = months_in_gold(self.lakehouse) if is_out else set()
        made = aggregate_data(self.lakehouse, self.ledger)
        shown = before | months_in_gold(self.lakehouse) if is_out else set(made.months)
        self.report.months = [month for month in made.months if month in shown]
        self.report.held = made.held
        self.report.provisional, self.report.repriced = made.provisional, made.repriced

    def _tell(self, taken: list[Delivery], claims: Claims) -> None:
        report = self.report
        report.run_id = self.run_id
        repeats = [self.ledger[each.file_id] for each in claims.in_state(State.REPEATED)]
        report.repeated = notes(each for each in repeats if each.state is State.REPEATED)
        report.abandoned += notes(each for each in repeats if each.state is State.ABANDONED)
        report.withdrawn = notes(each for each in taken if each.state is State.WITHDRAWN)
        moves = what_moved(self.lakehouse, self.ledger)
        report.moved, report.is_moved_known = list(moves.rows), moves.is_known
        report.currency = self.lakehouse.declaration.base_currency
        report.corrected = [
            FileNote(each.path, f"takes the place of delivery {each.supersedes}")
            for each in taken
            if each.supersedes is not None and each.state is State.ARCHIVED
            if each.file_id not in self._already_told
        ]
        report.corrected += self._mended(taken)
        report.displaced = self._displaced(taken)
        report.feeds = counts_per_feed(taken, report.balances)
        report.rows = sum(each.delivered for each in report.feeds)
        report.bytes = sum(each.bytes for each in taken)
        is_held = any(each.state is State.HELD for each in taken)
        is_refused = report.rejected or report.failed or report.abandoned
        if is_refused or report.held or is_held or report.unmoved:
            report.outcome = "failed"

    def _displaced(self, taken: Iterable[Delivery]) -> list[DisplacedSales]:
        """What this run displaced, or a killed one whose work it brought to its end."""
        from sales_pipeline.silver.displaced import displaced_sales

        done = {each.file_id for each in taken if each.state is State.ARCHIVED}
        judged = done | {each.file_id for each in self.ledger if each.run_id == self.run_id}
        balances = self.report.balances
        if done - {each.file_id for each in balances}:
            balances = recorded(self.lakehouse)
        runs = claim_times(self.ledger)
        return displaced_sales(self.lakehouse, balances, judged=judged, runs=runs)

    def _mended(self, taken: list[Delivery]) -> list[FileNote]:
        """What the replays among some deliveries mend, a note each."""
        found = []
        for each in taken:
            is_news = each.file_id not in self._already_told
            if each.mends and each.state is State.ARCHIVED and is_news:
                names = names_of(each)
                paths = list(dict.fromkeys(self.ledger[file_id].path for file_id, _ in names))
                records = counted(len(names), "record")
                found.append(FileNote(each.path, f"mends {records} of {examples(paths)}"))
        return found

    def _record(self) -> None:
        record = RunRecord(
            run_id=self.run_id,
            verb=self.hold.verb,
            started_at=self.started_at,
            finished_at=end_of_run(self.lakehouse),
            outcome=self.report.outcome,
            engine=self.lakehouse.engine.name,
            version=__version__,
            files=sum(each.files for each in self.report.feeds),
            rows=self.report.rows,
            seconds=self._seconds(),
            versions=table_versions(self.lakehouse),
            rules=json.dumps(self.report.rules) if self.report.rules else None,
        )
        record_run(self.lakehouse, record)


def sent_back(declaration: Declaration, ledger: Ledger, rejudge: Collection[str]) -> list[Delivery]:
    """The deliveries in force of some feeds, as they are to be judged again.

    With them the catalogue is learnt again: it may have to say names in another language.
    """
    feeds = {*rejudge, CATALOGUE} if rejudge else set()
    judged = [
        each.moved_to(State.IN_BRONZE, fingerprint=fingerprint(declaration, each.feed))
        for each in ledger.in_force()
        if each.feed in feeds and each.state is not State.CLAIMED
    ]
    return [*judged, *reconsidered(declaration, ledger, feeds)]


def reconsidered(
    declaration: Declaration, ledger: Ledger, feeds: Collection[str] | None = None
) -> list[Delivery]:
    """Deliveries that another declaration had refused, as they are to be validated again.

    Args:
        declaration: What the retailer declares now.
        ledger: The deliveries.
        feeds: Only those of these feeds; None for all.
    """
    in_force = {(each.feed, each.name): each.file_id for each in ledger.in_force()}
    return [
        each.moved_to(
            State.IN_BRONZE,
            fingerprint=fingerprint(declaration, each.feed),
            supersedes=in_force.get((each.feed, each.name)),
            reason=None,
        )
        for each in ledger.reconsidered(feeds)
        if each.feed in landing_patterns(declaration)
        and each.fingerprint != fingerprint(declaration, each.feed)
    ]


def judged_again(
    lakehouse: Lakehouse, ledger: Ledger, *, without: Collection[int] = ()
) -> list[Delivery]:
    """Deliveries in force as they are to be judged again, with all months of gold.

    Args:
        lakehouse: The tables.
        ledger: The deliveries as they stand.
        without: Deliveries that stay as they are.
    """
    judged = [
        each
        for each in ledger.in_force()
        if each.state is not State.CLAIMED and each.file_id not in without
    ]
    is_known = lakehouse.has(MONTHS) and lakehouse.engine.problem(MONTHS) is None
    months = months_in_gold(lakehouse) if is_known else set()
    return [
        each.moved_to(
            State.IN_BRONZE,
            fingerprint=fingerprint(lakehouse.declaration, each.feed),
            months=tuple(sorted({*each.months, *(months if place == 0 else ())})),
        )
        for place, each in enumerate(judged)
    ]


def told_before(lakehouse: Lakehouse, ledger: Ledger) -> set[int]:
    """Ids of corrections and replays that an earlier run took in and reported."""
    runs = finished_runs(lakehouse)
    return {
        each.file_id
        for each in ledger
        if runs and each.claimed_at <= runs[-1].finished_at and each.state is not State.CLAIMED
        if each.mends or _is_corrected(ledger, each)
    }


def _is_corrected(ledger: Ledger, delivery: Delivery) -> bool:
    """Whether what a delivery corrects has left already."""
    earlier = delivery.supersedes
    return earlier is not None and ledger[earlier].state not in IN_FORCE


def _batches(deliveries: Iterable[Delivery], batch_bytes: int) -> Iterator[list[Delivery]]:
    """Deliveries in ledger order, in batches of about so many bytes and at most so many files."""
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
