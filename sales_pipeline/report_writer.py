"""Collects the report of a run, step by step."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from sales_pipeline.errors import counted, examples
from sales_pipeline.gold.changes import changed_closings, moves_since_last_run
from sales_pipeline.gold.pricing import months_in_gold
from sales_pipeline.lakehouse.closings import check_kept
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import (
    IN_FORCE,
    UNFINISHED,
    Delivery,
    Ledger,
    State,
    claim_times,
)
from sales_pipeline.lakehouse.mends import names_of, touched_by
from sales_pipeline.lakehouse.runs import (
    KEEPS_FIGURES,
    RunRecord,
    end_of_run,
    finished_runs,
    is_recorded,
    record_run,
    table_versions,
)
from sales_pipeline.run_report import FeedCounts, FileNote, RunReport, notes, unreadable
from sales_pipeline.silver.balance import CLASSES, Balance, recorded
from sales_pipeline.silver.displaced import displaced_sales
from sales_pipeline.silver.feed_warnings import FeedWarning
from sales_pipeline.silver.validation.rule_results import RuleResult, summary
from sales_pipeline.version import __version__

if TYPE_CHECKING:
    from sales_pipeline.bronze.claiming import Claims
    from sales_pipeline.gold.aggregation import Made
    from sales_pipeline.landing.discovery import Discovery
    from sales_pipeline.silver.cleaned import Cleaned

_SECOND = len("20250131T060000")


@dataclass
class ReportWriter:
    """Writes the report of a run while the run works.

    Attributes:
        lakehouse: The tables.
        ledger: The deliveries.
        run_id: The run.
        report: The report so far.
        waits_for_archive: Deliveries that an earlier run counted and reported, but could not
            archive.
        reported_before: Corrections and replays that an earlier run took in and reported.
        unnamed: Refused and held deliveries of a run that was killed before its record, and
            repeats among deliveries that were to count again; this run names them.
    """

    lakehouse: Lakehouse
    ledger: Ledger
    run_id: str
    report: RunReport = field(default_factory=RunReport)
    waits_for_archive: set[int] = field(default_factory=set)
    reported_before: set[int] = field(default_factory=set)
    unnamed: list[Delivery] = field(default_factory=list)
    _rule_results: list[RuleResult] = field(default_factory=list)

    def landing_files(self, discovery: Discovery) -> None:
        """Reports the files in the landing folder that the run does not take in."""
        report = self.report
        report.unclaimed, report.unready = discovery.unclaimed, discovery.unready
        report.links = discovery.links
        report.left = [FileNote(path, why) for path, why in discovery.left.items()]
        report.unreadable = unreadable(discovery.unreadable)
        if discovery.unreadable:
            report.outcome = "failed"

    def unfinished(self, unfinished: Iterable[Delivery], *, is_run: bool) -> None:
        """Reports how many deliveries an earlier run had left unfinished.

        Commands other than `run` leave some unfinished on purpose.
        """
        waiting = {delivery.file_id for delivery in self.ledger.in_state(State.IN_GOLD)}
        self.waits_for_archive = waiting if waiting and is_recorded(self.lakehouse) else set()
        resumed = {delivery.file_id for delivery in unfinished} - self.waits_for_archive
        self.report.resumed = len(resumed) if is_run else 0

    def find_unnamed(self) -> None:
        """Notes what a run without a record refused, held or repeated, before this run has its own.

        Repeats that were claimed have no records in bronze; they are known by their files.
        """
        refused = self.ledger.in_state(State.REJECTED, State.FAILED, State.HELD)
        refused = [delivery for delivery in refused if not delivery.rolled_back_by]
        repeats = self.ledger.in_state(State.REPEATED)
        refused += [delivery for delivery in repeats if delivery.rows is not None]
        if not refused:
            return
        runs = {
            run.run_id for run in finished_runs(self.lakehouse) if run.verb not in KEEPS_FIGURES
        }
        # Run ids begin with the second of their start.
        last = max(runs, default="")[:_SECOND]
        self.unnamed = [
            replace(delivery, run_id=self.run_id)
            for delivery in refused
            if delivery.run_id not in runs and delivery.run_id and delivery.run_id[:_SECOND] >= last
        ]

    def begin(self, claims: Claims) -> None:
        """Notes deliveries that an earlier run reported, and reports warnings about claimed files.

        Raises:
            TableDamaged: A table of the closed months is missing, which the run would forget.
        """
        self.report.warnings += claim_warnings(claims)
        runs = finished_runs(self.lakehouse)
        if runs:
            check_kept(self.lakehouse.engine, runs[-1])
        self.reported_before = {
            delivery.file_id
            for delivery in self.ledger
            if runs
            and delivery.claimed_at <= runs[-1].finished_at
            and delivery.state is not State.CLAIMED
            if delivery.mends or _has_corrected(self.ledger, delivery)
        }

    def ids_to_report(self) -> list[int]:
        """Ids of the deliveries to report, without those validated again only for a mended file."""
        mended = {
            file_id
            for delivery in self.ledger.in_state(State.CLAIMED)
            for file_id in touched_by(self.ledger, [delivery.file_id] if delivery.mends else ())
        }
        left_out = mended | self.waits_for_archive
        return [
            delivery.file_id
            for delivery in self.ledger.unfinished()
            if delivery.file_id not in left_out
        ]

    def unmoved(self, unmoved: Mapping[int, str]) -> None:
        """Reports the files that could not be moved: file id -> why."""
        self.report.unmoved += [
            FileNote(self.ledger[file_id].path, reason) for file_id, reason in unmoved.items()
        ]

    def cleaned(self, cleaned: Cleaned) -> None:
        """Reports the outcome of a batch in silver; rejected deliveries are reported apart."""
        self.report.failed += notes(cleaned.failed)
        # A later batch may move records of a file that an earlier one counted.
        balances = [*self.report.balances, *cleaned.balances]
        latest = {(balance.file_id, balance.currency): balance for balance in balances}
        self.report.balances = list(latest.values())
        self.report.released += cleaned.released
        self.report.learnt += cleaned.learnt
        self.report.warnings += cleaned.warnings
        self._rule_results += cleaned.rules
        self.report.rules = summary(self._rule_results)

    def months_made(self, gold: Made, before: set[date]) -> None:
        """Reports the months of gold that were made.

        `before` are the months that gold had, if files were refused.
        """
        is_out = bool(self.report.rejected or self.report.failed)
        shown = before | months_in_gold(self.lakehouse) if is_out else set(gold.months)
        self.report.months = [month for month in gold.months if month in shown]
        self.report.held = gold.held
        self.report.provisional, self.report.repriced = gold.provisional, gold.repriced

    def end(self, file_ids: Iterable[int], repeats: Iterable[int]) -> None:
        """Reports the outcome of the deliveries, and the figures of gold that moved.

        Args:
            file_ids: The deliveries that the run finished.
            repeats: The deliveries with the bytes of an earlier one.
        """
        report = self.report
        taken = [self.ledger[file_id] for file_id in file_ids]
        report.run_id = self.run_id
        repeated = [self.ledger[file_id] for file_id in repeats]
        report.repeated = _notes_of(repeated, State.REPEATED)
        report.abandoned += _notes_of(repeated, State.ABANDONED)
        report.withdrawn = _notes_of(taken, State.WITHDRAWN)
        moves = moves_since_last_run(self.lakehouse, self.ledger)
        report.moved, report.is_moved_known = list(moves.rows), moves.is_known
        report.closings = changed_closings(self.lakehouse)
        report.currency = self.lakehouse.declaration.base_currency
        news = [delivery for delivery in taken if delivery.state is State.ARCHIVED]
        news = [delivery for delivery in news if delivery.file_id not in self.reported_before]
        report.corrected = [
            FileNote(delivery.path, f"takes the place of delivery {delivery.supersedes}")
            for delivery in news
            if delivery.supersedes is not None
        ]
        report.corrected += [self._mended(delivery) for delivery in news if delivery.mends]
        completed = {delivery.file_id for delivery in taken if delivery.state is State.ARCHIVED}
        balances = self._balances(completed)
        own = {delivery.file_id for delivery in self.ledger if delivery.run_id == self.run_id}
        report.displaced = displaced_sales(
            self.lakehouse, balances, judged=completed | own, runs=claim_times(self.ledger)
        )
        report.feeds = counts_per_feed(taken, balances)
        report.rows = sum(counts.delivered for counts in report.feeds)
        report.bytes = sum(delivery.bytes for delivery in taken)
        # This run has named the deliveries about which it decided once more.
        unnamed = [
            delivery for delivery in self.unnamed if self.ledger[delivery.file_id] == delivery
        ]
        report.rejected += _notes_of(unnamed, State.REJECTED)
        report.failed += _notes_of(unnamed, State.FAILED)
        is_held = any(delivery.state is State.HELD for delivery in (*taken, *unnamed))
        is_refused = report.rejected or report.failed or report.abandoned
        if is_refused or report.held or is_held or report.unmoved:
            report.outcome = "failed"

    def record(self, verb: str, started_at: datetime, seconds: float) -> None:
        """Commits the record of the run, with the version of every table that it leaves.

        Args:
            verb: The command.
            started_at: When it started, UTC.
            seconds: How long it took so far.
        """
        report = self.report
        record = RunRecord(
            run_id=self.run_id,
            verb=verb,
            started_at=started_at,
            finished_at=end_of_run(self.lakehouse),
            outcome=report.outcome,
            engine=self.lakehouse.engine.name,
            version=__version__,
            files=sum(counts.files for counts in report.feeds),
            rows=report.rows,
            seconds=seconds,
            versions=table_versions(self.lakehouse),
            rules=json.dumps(report.rules) if report.rules else None,
            revenue=self.lakehouse.declaration.revenue,
        )
        record_run(self.lakehouse, record)

    def close(self, changed: Iterable[FileNote], seconds: float) -> RunReport:
        """Returns the report, with the parts that every run reports.

        Args:
            changed: Files that were written to after they had been moved.
            seconds: How long the run took.
        """
        held = self.ledger.in_state(State.HELD)
        self.report.held_files = notes(delivery for delivery in held if not delivery.rolled_back_by)
        self.report.rolled_back = notes(delivery for delivery in held if delivery.rolled_back_by)
        self.report.changed = [*changed]
        if self.report.changed:
            self.report.outcome = "failed"
        self.report.seconds = seconds
        return self.report

    def _balances(self, completed: set[int]) -> list[Balance]:
        """The balances of this run; all there are if a killed run counted some it finished."""
        counted_here = {balance.file_id for balance in self.report.balances}
        return recorded(self.lakehouse) if completed - counted_here else self.report.balances

    def _mended(self, replay: Delivery) -> FileNote:
        names = names_of(replay)
        paths = list(dict.fromkeys(self.ledger[file_id].path for file_id, _ in names))
        return FileNote(replay.path, f"mends {counted(len(names), 'record')} of {examples(paths)}")


def _notes_of(deliveries: Iterable[Delivery], state: State) -> list[FileNote]:
    return notes(delivery for delivery in deliveries if delivery.state is state)


def _has_corrected(ledger: Ledger, delivery: Delivery) -> bool:
    """Returns whether the delivery that another corrects has already left."""
    earlier = delivery.supersedes
    return earlier is not None and ledger[earlier].state not in IN_FORCE


def claim_warnings(claims: Claims) -> list[FeedWarning]:
    """Returns the warnings about files that were claimed, which name the files."""
    return [
        FeedWarning(feed, f"{path}: {sentence}")
        for path, (feed, sentence) in claims.warnings.items()
    ]


def counts_per_feed(taken: Iterable[Delivery], balances: Iterable[Balance]) -> list[FeedCounts]:
    """Counts the records of the deliveries that were taken in, by feed and class."""
    by_feed: dict[str, list[Delivery]] = {}
    for delivery in taken:
        if delivery.state is State.ARCHIVED or delivery.state in UNFINISHED:
            by_feed.setdefault(delivery.feed, []).append(delivery)
    all_balances = list(balances)
    return [_counts(feed, files, all_balances) for feed, files in by_feed.items()]


def _counts(feed: str, files: list[Delivery], balances: list[Balance]) -> FeedCounts:
    ids = {delivery.file_id for delivery in files}
    own = [balance for balance in balances if balance.file_id in ids]
    classes = {name: sum(balance.rows(name) for balance in own) for name in CLASSES}
    return FeedCounts(feed, len(files), sum(balance.delivered[0] for balance in own), classes)
