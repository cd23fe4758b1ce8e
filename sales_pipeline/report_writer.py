"""Collects what a run reports, step by step."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from sales_pipeline.errors import counted, examples
from sales_pipeline.gold.changes import what_moved
from sales_pipeline.gold.pricing import months_in_gold
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
    MAINTAIN,
    RunRecord,
    end_of_run,
    finished_runs,
    is_recorded,
    record_run,
    table_versions,
)
from sales_pipeline.run_report import FeedCounts, FileNote, RunReport, notes, unreadable
from sales_pipeline.silver.balance import CLASSES, Balance, recorded
from sales_pipeline.silver.displaced import DisplacedSales, displaced_sales
from sales_pipeline.silver.feed_warnings import FeedWarning
from sales_pipeline.silver.validation.rule_results import RuleResult, summary
from sales_pipeline.version import __version__

if TYPE_CHECKING:
    from sales_pipeline.bronze.claiming import Claims
    from sales_pipeline.gold.aggregation import Made
    from sales_pipeline.landing.discovery import Discovery
    from sales_pipeline.silver.sales_cleaning import Cleaned

_SECOND = len("20250131T060000")


@dataclass
class ReportWriter:
    """Writes the report of a run while the run works.

    Attributes:
        lakehouse: The tables.
        ledger: The deliveries.
        run_id: The run.
        report: What is written.
        waits_for_archive: Deliveries that an earlier run counted and reported, and only could not
            archive.
        told: Corrections and replays that an earlier run took in and reported.
        unnamed: Refused and held deliveries of a run that was killed before its record, as this
            one takes them over to name them.
    """

    lakehouse: Lakehouse
    ledger: Ledger
    run_id: str
    report: RunReport = field(default_factory=RunReport)
    waits_for_archive: set[int] = field(default_factory=set)
    told: set[int] = field(default_factory=set)
    unnamed: list[Delivery] = field(default_factory=list)
    _asked: list[RuleResult] = field(default_factory=list)

    def found(self, found: Discovery) -> None:
        """Writes what lies in the landing folder and is not to be taken in."""
        report = self.report
        report.unclaimed, report.unready, report.links = found.unclaimed, found.unready, found.links
        report.left = [FileNote(path, why) for path, why in found.left.items()]
        report.unreadable = unreadable(found.unreadable)
        if found.unreadable:
            report.outcome = "failed"

    def unfinished(self, unfinished: Iterable[Delivery], *, is_run: bool) -> None:
        """Writes how many deliveries an earlier run had left unfinished.

        Args:
            unfinished: Deliveries that are not at their end.
            is_run: Whether the command is `run`; others leave some unfinished on purpose.
        """
        waiting = self.ledger.in_state(State.IN_GOLD)
        is_told = bool(waiting) and is_recorded(self.lakehouse)
        self.waits_for_archive = {delivery.file_id for delivery in waiting} if is_told else set()
        resumed = [each for each in unfinished if each.file_id not in self.waits_for_archive]
        self.report.resumed = len(resumed) if is_run else 0

    def find_unnamed(self) -> None:
        """Notes the refused and held deliveries of a killed run, before this run has its own."""
        refused = self.ledger.in_state(State.REJECTED, State.FAILED, State.HELD)
        refused = [delivery for delivery in refused if not delivery.rolled_back_by]
        if not refused:
            return
        runs = {run.run_id for run in finished_runs(self.lakehouse) if run.verb != MAINTAIN}
        # Run ids begin with the second of their start.
        last = max(runs, default="")[:_SECOND]
        self.unnamed = [
            replace(delivery, run_id=self.run_id)
            for delivery in refused
            if delivery.run_id not in runs and delivery.run_id and delivery.run_id[:_SECOND] >= last
        ]

    def begin(self, claims: Claims) -> None:
        """Notes what an earlier run took in and reported, and writes warnings about claimed files.

        Args:
            claims: What the run claims.
        """
        self.report.warnings += claim_warnings(claims)
        runs = finished_runs(self.lakehouse)
        self.told = {
            delivery.file_id
            for delivery in self.ledger
            if runs
            and delivery.claimed_at <= runs[-1].finished_at
            and delivery.state is not State.CLAIMED
            if delivery.mends or _has_corrected(self.ledger, delivery)
        }

    def to_tell(self) -> list[int]:
        """Ids of what the run brings to an end; not of what is validated only for a mended file."""
        mended = {
            file_id
            for delivery in self.ledger.in_state(State.CLAIMED)
            for file_id in touched_by(self.ledger, [delivery.file_id] if delivery.mends else ())
        }
        told = mended | self.waits_for_archive
        return [each.file_id for each in self.ledger.unfinished() if each.file_id not in told]

    def unmoved(self, unmoved: Mapping[int, str]) -> None:
        """Writes the files that could not be moved: file id -> why."""
        self.report.unmoved += [
            FileNote(self.ledger[file_id].path, reason) for file_id, reason in unmoved.items()
        ]

    def cleaned(self, cleaned: Cleaned) -> None:
        """Writes what came of a batch in silver; rejected deliveries are written apart."""
        self.report.failed += notes(cleaned.failed)
        self.report.balances += cleaned.balances
        self.report.released += cleaned.released
        self.report.learnt += cleaned.learnt
        self.report.warnings += cleaned.warnings
        self._asked += cleaned.rules
        self.report.rules = summary(self._asked)

    def made(self, made: Made, before: set[date]) -> None:
        """Writes which months of gold were made.

        Args:
            made: What came of it.
            before: The months that gold had, if files were refused.
        """
        is_out = bool(self.report.rejected or self.report.failed)
        shown = before | months_in_gold(self.lakehouse) if is_out else set(made.months)
        self.report.months = [month for month in made.months if month in shown]
        self.report.held = made.held
        self.report.provisional, self.report.repriced = made.provisional, made.repriced

    def end(self, file_ids: Iterable[int], repeats: Iterable[int]) -> None:
        """Writes what became of the deliveries, and what moved in gold.

        Args:
            file_ids: What the run brought to an end.
            repeats: What the run found to be the bytes of an earlier delivery.
        """
        report = self.report
        taken = [self.ledger[file_id] for file_id in file_ids]
        report.run_id = self.run_id
        repeated = [self.ledger[file_id] for file_id in repeats]
        report.repeated = notes(each for each in repeated if each.state is State.REPEATED)
        report.abandoned += notes(each for each in repeated if each.state is State.ABANDONED)
        report.withdrawn = notes(each for each in taken if each.state is State.WITHDRAWN)
        moves = what_moved(self.lakehouse, self.ledger)
        report.moved, report.is_moved_known = list(moves.rows), moves.is_known
        report.currency = self.lakehouse.declaration.base_currency
        news = [each for each in taken if each.state is State.ARCHIVED]
        news = [each for each in news if each.file_id not in self.told]
        report.corrected = [
            FileNote(delivery.path, f"takes the place of delivery {delivery.supersedes}")
            for delivery in news
            if delivery.supersedes is not None
        ]
        report.corrected += [self._mended(delivery) for delivery in news if delivery.mends]
        report.displaced = self._displaced(taken)
        report.feeds = counts_per_feed(taken, report.balances)
        report.rows = sum(counts.delivered for counts in report.feeds)
        report.bytes = sum(delivery.bytes for delivery in taken)
        # What this run decided about once more, it has named itself.
        unnamed = [each for each in self.unnamed if self.ledger[each.file_id] == each]
        report.rejected += notes(each for each in unnamed if each.state is State.REJECTED)
        report.failed += notes(each for each in unnamed if each.state is State.FAILED)
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
        )
        record_run(self.lakehouse, record)

    def close(self, changed: Iterable[FileNote], seconds: float) -> RunReport:
        """Returns the report, with what every run says.

        Args:
            changed: Files that were written to after they had been moved.
            seconds: How long the run took.
        """
        held = self.ledger.in_state(State.HELD)
        self.report.held_files = notes(each for each in held if not each.rolled_back_by)
        self.report.rolled_back = notes(each for each in held if each.rolled_back_by)
        self.report.changed = [*changed]
        if self.report.changed:
            self.report.outcome = "failed"
        self.report.seconds = seconds
        return self.report

    def _displaced(self, taken: Iterable[Delivery]) -> list[DisplacedSales]:
        """What this run displaced, or a killed one whose work it brought to its end."""
        done = {delivery.file_id for delivery in taken if delivery.state is State.ARCHIVED}
        own = {each.file_id for each in self.ledger if each.run_id == self.run_id}
        balances = self.report.balances
        if done - {balance.file_id for balance in balances}:
            balances = recorded(self.lakehouse)
        runs = claim_times(self.ledger)
        return displaced_sales(self.lakehouse, balances, judged=done | own, runs=runs)

    def _mended(self, replay: Delivery) -> FileNote:
        names = names_of(replay)
        paths = list(dict.fromkeys(self.ledger[file_id].path for file_id, _ in names))
        return FileNote(replay.path, f"mends {counted(len(names), 'record')} of {examples(paths)}")


def _has_corrected(ledger: Ledger, delivery: Delivery) -> bool:
    """Whether what a delivery corrects has left already."""
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
    for each in taken:
        if each.state is State.ARCHIVED or each.state in UNFINISHED:
            by_feed.setdefault(each.feed, []).append(each)
    found = list(balances)
    return [_counts(feed, files, found) for feed, files in by_feed.items()]


def _counts(feed: str, files: list[Delivery], balances: list[Balance]) -> FeedCounts:
    ids = {each.file_id for each in files}
    own = [each for each in balances if each.file_id in ids]
    classes = {name: sum(each.rows(name) for each in own) for name in CLASSES}
    return FeedCounts(feed, len(files), sum(each.delivered[0] for each in own), classes)
