"""The state of a lakehouse: deliveries, runs, quarantine, landing folder.

As data, as text and as JSON.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.bronze.archived_files import unknown_files
from sales_pipeline.bronze.claiming import (
    CORRECTION,
    HELD,
    NEW,
    REJECTED,
    REPEAT,
    LandedFile,
    landed_files,
)
from sales_pipeline.bronze.feed_files import find_files, folders_of, landing_patterns
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.closings import Closing, closings_now
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State, claim_times
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.runs import RunRecord, recorded_runs
from sales_pipeline.printable import printable
from sales_pipeline.report.closing_reports import closing_document, closings_lines
from sales_pipeline.report.displaced import Displaced, displaced_lines
from sales_pipeline.report.document import Moment, View, json_object, read_from
from sales_pipeline.report.figures import moment
from sales_pipeline.report.history import RecordedRun, runs_table
from sales_pipeline.report.layout import (
    WORTH_A_LOOK,
    about_file,
    cell,
    listed,
    money_lines,
    new_table,
    titled,
)
from sales_pipeline.report.quarantine import (
    NOTHING_WAITS,
    Waiting,
    total_line,
    waiting_in_quarantine,
)
from sales_pipeline.run_report import FileNote, unreadable
from sales_pipeline.silver.balance import recorded
from sales_pipeline.silver.displaced import DisplacedSales, displaced_sales

SHOWN_RUNS = 5
_BECOMES = {
    NEW: "new",
    CORRECTION: "corrections of earlier ones",
    REPEAT: "repeats, not to be counted",
    HELD: "to be held, until accepted",
    REJECTED: "to be rejected",
}


@dataclass(frozen=True)
class FeedStanding:
    """The deliveries of one feed.

    Attributes:
        feed: The feed.
        states: State of a delivery -> number of deliveries in it.
        last_name: The file that was delivered last, or None if nothing ever was.
        last_at: When it was claimed, UTC.
    """

    feed: str
    states: dict[State, int]
    last_name: str | None
    last_at: datetime | None


@dataclass(frozen=True)
class Status:
    """The state of a lakehouse.

    Attributes:
        lakehouse: Its folder.
        is_made: Whether a run ever made it.
        feeds: Every declared feed, the catalogue first, then other feeds of the ledger.
        runs: The last runs, the latest first.
        rolling_back_to: The run that an interrupted rollback goes back to; the next run ends it.
        waiting: Records in quarantine, by feed and reason.
        displaced: Sales that later deliveries displaced by another day or amount.
        landed: Files that a feed claims, in the order of claiming.
        unclaimed: Files that no feed claims.
        unready: Temporary files.
        left: Files that are still being written, or no regular files, and why they are left.
        unreadable: Files and folders that cannot be read, and why.
        links: Symbolic links, which are not followed.
        staying: Files in the landing folder that were taken in, and stay there as declared.
        unknown: Archived files that the ledger does not know, as paths.
        closings: The closed months, in order.
        currency: The base currency.
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
    staying: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    closings: tuple[Closing, ...] = ()
    currency: str = ""


def status(declaration: Declaration) -> Status:
    """Returns the state of a lakehouse; starts no Spark session and changes nothing.

    Raises:
        LakehouseMismatch: The lakehouse does not fit the declaration.
    """
    patterns = landing_patterns(declaration)
    with opened_lakehouse(declaration) as lakehouse:
        ledger = Ledger(lakehouse)
        folders = folders_of(declaration)
        discovery = find_files(declaration, ledger, folders)
        landed = landed_files(declaration, ledger, discovery)
        news = {file.path for file in landed}
        runs = recorded_runs(lakehouse)
        return Status(
            lakehouse=declaration.lakehouse,
            is_made=lakehouse.exists(),
            feeds=tuple(_feeds(patterns, list(ledger))),
            runs=tuple(reversed([run for run in runs if run.is_finished][-SHOWN_RUNS:])),
            rolling_back_to=next((run.to_run for run in runs if not run.is_finished), None),
            waiting=waiting_in_quarantine(lakehouse),
            displaced=tuple(
                displaced_sales(lakehouse, recorded(lakehouse), runs=claim_times(ledger))
            ),
            landed=tuple(landed),
            unclaimed=tuple(discovery.unclaimed),
            unready=tuple(discovery.unready),
            left=tuple(FileNote(path, why) for path, why in discovery.left.items()),
            unreadable=tuple(unreadable(discovery.unreadable)),
            links=tuple(discovery.links),
            staying=tuple(
                file.path
                for file in discovery.files
                if file.feed in folders.left and file.path not in news
            ),
            unknown=tuple(str(file.place) for file in unknown_files(ledger, folders, declaration)),
            closings=tuple(closings_now(lakehouse).values()),
            currency=declaration.base_currency,
        )


def _feeds(declared: Iterable[str], deliveries: Sequence[Delivery]) -> list[FeedStanding]:
    of_feed: dict[str, list[Delivery]] = {name: [] for name in declared}
    for delivery in deliveries:
        of_feed.setdefault(delivery.feed, []).append(delivery)
    return [_feed(name, own) for name, own in of_feed.items()]


def _feed(name: str, deliveries: Sequence[Delivery]) -> FeedStanding:
    counts = Counter(delivery.state for delivery in deliveries)
    states = {state: counts[state] for state in State if counts[state]}
    if not deliveries:
        return FeedStanding(name, states, None, None)
    return FeedStanding(name, states, deliveries[-1].name, deliveries[-1].claimed_at)


class _Feed(View):
    feed: str
    deliveries: dict[State, int] = read_from("states")
    last_file: str | None = read_from("last_name")
    last_at: Moment | None


class _Landing(View):
    files: list[LandedFile] = read_from("landed")
    unclaimed: list[str]
    unready: list[str]
    left: list[FileNote]
    unreadable: list[FileNote]
    links: list[str]
    staying: list[str]


class _Status(View):
    lakehouse: str
    is_made: bool
    feeds: list[_Feed]
    runs: list[RecordedRun]
    rolling_back_to: str | None
    quarantine: Waiting = read_from("waiting")
    displaced: list[Displaced]


def status_document(status: Status) -> dict[str, Any]:
    """Returns the state of a lakehouse, ready for JSON; amounts are text by currency."""
    return json_object(_Status, status) | {
        "landing": json_object(_Landing, status),
        "archive": {"unknown": list(status.unknown)},
        "closings": [closing_document(closing, status.currency) for closing in status.closings],
    }


def status_text(status: Status) -> RenderableType:
    """Returns the state of a lakehouse as text, part by part."""
    if not status.is_made:
        nothing = Text(f"No lakehouse at {printable(status.lakehouse)} yet: sales-pipeline run")
        return Group(nothing, Text(), *_landing(status))
    tables = (_deliveries(status.feeds), runs_table(status.runs), _waiting(status.waiting))
    sentences = [
        *_rolling_back(status),
        *displaced_lines(status.displaced),
        *closings_lines(status.closings, status.currency),
    ]
    return Group(*tables, *sentences, *([Text()] if sentences else []), *_landing(status))


def _rolling_back(status: Status) -> list[Text]:
    if status.rolling_back_to is None:
        return []
    run = printable(status.rolling_back_to)
    line = f"A rollback to run {run} was interrupted; the next run finishes it first."
    return [Text(line, style=WORTH_A_LOOK)]


def _deliveries(feeds: Sequence[FeedStanding]) -> Group:
    states = [state for state in State if any(state in feed.states for feed in feeds)]
    figures = [state.replace("_", " ").capitalize() for state in states]
    table = new_table("Feed", *figures, "Last delivery (UTC)", "File", right=figures, fold=["File"])
    for feed in feeds:
        counts = [f"{feed.states.get(state, 0):,}" for state in states]
        when = "never" if feed.last_at is None else moment(feed.last_at)
        style = WORTH_A_LOOK if feed.last_at is None else ""
        table.add_row(cell(feed.feed), *counts, Text(when, style=style), cell(feed.last_name))
    return titled("Deliveries", table)


def _waiting(waiting: Waiting) -> Group:
    if not waiting.rows:
        return Group(Text(NOTHING_WAITS), Text())
    figures = ("Rows", "Amount")
    table = new_table("Feed", "Reason", *figures, "What it means", right=figures)
    for group in waiting.by_reason:
        names = (cell(group.feed), cell(group.reason))
        amount = money_lines(group.amounts)
        table.add_row(*names, f"{group.rows:,}", amount, cell(group.meaning))
    return titled("Quarantine", table, remark=total_line(waiting.rows, waiting.amounts))


def _landing(status: Status) -> list[Text]:
    groups = {
        meaning: [
            about_file(file.path, file.reason) for file in status.landed if file.becomes == becomes
        ]
        for becomes, meaning in _BECOMES.items()
    }
    groups["claimed by no feed"] = list(status.unclaimed)
    groups["not ready yet"] = list(status.unready)
    groups["left"] = [about_file(note.path, note.reason) for note in status.left]
    groups["not readable"] = [about_file(note.path, note.reason) for note in status.unreadable]
    groups["symbolic links, not followed"] = list(status.links)
    groups["taken in, and staying here as declared"] = list(status.staying)
    lines = [
        line
        for meaning, files in groups.items()
        for line in listed(f"{meaning}: {counted(len(files), 'file')}", files, indent="  ")
    ]
    heading = "In the landing folder" if lines else "Nothing in the landing folder."
    landing = [Text(heading, style="bold"), *lines] if lines else [Text(heading)]
    return [*landing, *_unknown(status.unknown)]


def _unknown(places: Sequence[str]) -> list[Text]:
    """Archived files that no delivery of the ledger is, and what to do about them."""
    number = counted(len(places), "file")
    do = "To take one in, copy it to the landing folder."
    return listed(f"In the archive, and not known to the ledger: {number}. {do}", places)
