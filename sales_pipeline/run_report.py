"""A run and its progress as data; `report_writer` collects it, `report` makes text and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from sales_pipeline.gold.changes import ChangedClosing, Moved
from sales_pipeline.gold.rate_book import HeldRate
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.silver.balance import Balance
from sales_pipeline.silver.displaced import DisplacedSales
from sales_pipeline.silver.feed_warnings import FeedWarning
from sales_pipeline.silver.reference.learning import Learnt
from sales_pipeline.silver.validation.rule_results import Summary


@dataclass(frozen=True)
class FeedCounts:
    """Counts of the files and records that one feed delivered in a run.

    Attributes:
        feed: The feed.
        files: Number of deliveries taken in.
        delivered: Records in them.
        classes: Class (`accepted`, `quarantined`, `duplicate`, …) -> records.
    """

    feed: str
    files: int
    delivered: int
    classes: dict[str, int]


@dataclass(frozen=True)
class FileNote:
    """A file that needs a sentence: `path` below the landing folder, and why."""

    path: str
    reason: str


@dataclass
class RunReport:
    """One run, from what it found to what it changed.

    Attributes:
        run_id: The run's id; None where there was nothing to do and none was recorded.
        outcome: `done`, or `failed` where something was refused, held or not readable, which is
            exit code 1.
        feeds: Counts of each feed that delivered something, in the declaration's order.
        rejected: Files that were refused as a whole, now in `rejected/`.
        failed: Files whose records did not balance and were taken out again.
        repeated: Files whose bytes are in force already.
        corrected: Files that took the place of an earlier delivery of their name, or of single
            records.
        held_files: Corrections that wait until somebody accepts them, also from earlier runs.
        rolled_back: Deliveries that a rollback holds, until somebody releases them.
        withdrawn: Files that were taken back on purpose.
        moved: The months and stores whose figures changed, where what counted before counts
            otherwise now; in the base currency, unrounded.
        closings: The closed months whose figures the run changed.
        is_moved_known: Whether the earlier figures could still be read.
        currency: The base currency.
        abandoned: Files that changed while they were read.
        unclaimed: Files in the landing folder that no feed claims.
        unready: Temporary files, left for the next run.
        left: Files left for the next run because they are still being written, or that are no
            regular files.
        changed: Archived or rejected files that were written to after they had been moved.
        unmoved: Files that could not be moved out of the landing folder, and what to do.
        staying: Path of a rejected file that is not in `rejected/` -> `archive` or `landing`.
        unreadable: Files and folders that could not be read, left for the next run.
        links: Symbolic links in the landing folder, not followed.
        resumed: Number of deliveries that an earlier run had left unfinished.
        released: Number of records that left quarantine.
        learnt: What the catalogue learnt.
        displaced: Sales that a later delivery displaced by another day or amount, if the run
            validated one of the deliveries concerned.
        warnings: Warnings about feeds whose records were validated but look suspicious.
        rules: Feed -> rule -> number of sales `checked`, and of sales that broke it.
        months: Months of gold that were rebuilt.
        held: What holds other months back: days whose sales have no rate (P8).
        provisional: Months among them whose rates may still change by themselves.
        repriced: Months among them that were rebuilt because rates changed.
        balances: The balance of every delivery that was touched.
        rows: Records taken in.
        bytes: Bytes taken in.
        seconds: How long the run took.
    """

    run_id: str | None = None
    outcome: str = "done"
    feeds: list[FeedCounts] = field(default_factory=list)
    rejected: list[FileNote] = field(default_factory=list)
    failed: list[FileNote] = field(default_factory=list)
    repeated: list[FileNote] = field(default_factory=list)
    corrected: list[FileNote] = field(default_factory=list)
    held_files: list[FileNote] = field(default_factory=list)
    rolled_back: list[FileNote] = field(default_factory=list)
    withdrawn: list[FileNote] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    closings: list[ChangedClosing] = field(default_factory=list)
    is_moved_known: bool = True
    currency: str = ""
    abandoned: list[FileNote] = field(default_factory=list)
    unclaimed: list[str] = field(default_factory=list)
    unready: list[str] = field(default_factory=list)
    left: list[FileNote] = field(default_factory=list)
    changed: list[FileNote] = field(default_factory=list)
    unmoved: list[FileNote] = field(default_factory=list)
    staying: dict[str, str] = field(default_factory=dict)
    unreadable: list[FileNote] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    resumed: int = 0
    released: int = 0
    learnt: Learnt = field(default_factory=Learnt)
    displaced: list[DisplacedSales] = field(default_factory=list)
    warnings: list[FeedWarning] = field(default_factory=list)
    rules: Summary = field(default_factory=dict)
    months: list[date] = field(default_factory=list)
    held: list[HeldRate] = field(default_factory=list)
    provisional: list[date] = field(default_factory=list)
    repriced: list[date] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @property
    def is_nothing_new(self) -> bool:
        """Says whether the run found nothing to do."""
        return self.run_id is None

    @property
    def exit_code(self) -> int:
        """0, or 1 where something was refused, held or not readable."""
        return 0 if self.outcome == "done" else 1


class Progress(Protocol):
    """Receives the progress of a run while it works."""

    def stage(self, name: str, total_bytes: int) -> None:
        """A stage begins, with the bytes of landing files that it has before it."""

    def advance(self, *, bytes_done: int, rows_done: int = 0) -> None:
        """Some bytes and rows of the stage are done."""


class Silent:
    """Tells nothing."""

    def stage(self, name: str, total_bytes: int) -> None:
        """Does nothing."""

    def advance(self, *, bytes_done: int, rows_done: int = 0) -> None:
        """Does nothing."""


def notes(deliveries: Iterable[Delivery]) -> list[FileNote]:
    """A note for each delivery."""
    return [FileNote(delivery.path, delivery.reason or "") for delivery in deliveries]


def unreadable(found: Mapping[str, str]) -> list[FileNote]:
    """A note for each file or folder that cannot be read, of its path and why."""
    do = "Do: let the user of this run read it; the next run takes it"
    return [FileNote(path, f"cannot be read: {why}. {do}") for path, why in found.items()]
