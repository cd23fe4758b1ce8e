"""How a lakehouse stands: what was delivered, what waits, what the next run would find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sales_pipeline.bronze.feed_files import find_files, folders_of, landing_patterns
from sales_pipeline.bronze.landed import LandedFile, landed_files
from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State, claim_times
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.runs import RunRecord, recorded_runs
from sales_pipeline.report.quarantine import Waiting, waiting_in_quarantine
from sales_pipeline.run_report import FileNote, unreadable
from sales_pipeline.silver.balance import recorded
from sales_pipeline.silver.displaced import DisplacedSales
from sales_pipeline.silver.displacement import displaced_sales

SHOWN_RUNS = 5


@dataclass(frozen=True)
class FeedStanding:
    """What came from one feed.

    Attributes:
        feed: The feed.
        states: State of a delivery -> number of deliveries in it.
        last_name: The file that was delivered last, or None where nothing ever was.
        last_at: When it was claimed, UTC.
    """

    feed: str
    states: dict[State, int]
    last_name: str | None
    last_at: datetime | None


@dataclass(frozen=True)
class Status:
    """How a lakehouse stands.

    Attributes:
        lakehouse: Its folder.
        is_made: Whether a run ever made it.
        feeds: Every declared feed, the catalogue first, and those of the ledger besides.
        runs: The last runs, the latest first.
        rolling_back_to: The run that an interrupted rollback goes back to; the next run ends it.
        waiting: What waits in quarantine, by feed and reason.
        displaced: Sales that later deliveries displaced by another day or amount.
        landed: Files that a feed claims, in the order of claiming.
        unclaimed: Files that no feed claims.
        unready: Temporary files.
        left: Files that are still being written, or no regular files, and why they are left.
        unreadable: Files and folders that cannot be read, and why.
        links: Symbolic links, which are not followed.
    """

    lakehouse: str
    is_made: bool
    feeds: tuple[FeedStanding, ...]
    runs: tuple[RunRecord, ...]
    rolling_back_to: str | None
    waiting: Waiting
    displaced: tuple[DisplacedSales, ...]
    landed: tuple[LandedFile, ...]
    unclaimed: tuple[str, ...]
    unready: tuple[str, ...]
    left: tuple[FileNote, ...]
    unreadable: tuple[FileNote, ...]
    links: tuple[str, ...]


def status(declaration: Declaration) -> Status:
    """Returns how a lakehouse stands; starts no Spark session and changes nothing.

    Raises:
        LakehouseMismatch: The lakehouse does not fit the declaration.
    """
    patterns = landing_patterns(declaration)
    with opened_lakehouse(declaration) as lakehouse:
        ledger = Ledger(lakehouse)
        found = find_files(declaration, ledger, folders_of(declaration))
        runs = recorded_runs(lakehouse)
        return Status(
            lakehouse=declaration.lakehouse,
            is_made=lakehouse.exists(),
            feeds=tuple(_feeds(patterns, list(ledger))),
            runs=tuple(reversed([each for each in runs if each.is_finished][-SHOWN_RUNS:])),
            rolling_back_to=next((each.to_run for each in runs if not each.is_finished), None),
            waiting=waiting_in_quarantine(lakehouse),
            displaced=tuple(_displaced(lakehouse, ledger)),
            landed=tuple(landed_files(declaration, ledger, found)),
            unclaimed=tuple(found.unclaimed),
            unready=tuple(found.unready),
            left=tuple(FileNote(path, why) for path, why in found.left.items()),
            unreadable=tuple(unreadable(found.unreadable)),
            links=tuple(found.links),
        )


def _displaced(lakehouse: Lakehouse, ledger: Ledger) -> list[DisplacedSales]:
    return displaced_sales(lakehouse, recorded(lakehouse), runs=claim_times(ledger))


def _feeds(declared: Iterable[str], deliveries: Sequence[Delivery]) -> list[FeedStanding]:
    names = dict.fromkeys([*declared, *(each.feed for each in deliveries)])
    return [_feed(name, [each for each in deliveries if each.feed == name]) for name in names]


def _feed(name: str, deliveries: Sequence[Delivery]) -> FeedStanding:
    counts = Counter(each.state for each in deliveries)
    states = {state: counts[state] for state in State if counts[state]}
    last = deliveries[-1] if deliveries else None
    if last is None:
        return FeedStanding(name, states, None, None)
    return FeedStanding(name, states, last.name, last.claimed_at)
