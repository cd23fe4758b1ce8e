"""A finished run, as text and as JSON.

The text is one table, then a sentence for whatever needs one, then one line for grep.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator
from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted, examples
from sales_pipeline.gold.rate_book import HeldRate
from sales_pipeline.report.closing_reports import changed_closings_document, changed_closings_lines
from sales_pipeline.report.compared_runs import moved_document, moved_table
from sales_pipeline.report.displaced import Displaced, displaced_lines
from sales_pipeline.report.document import Exact, Month, Seconds, View, json_object, read_from
from sales_pipeline.report.figures import money, month_text
from sales_pipeline.report.layout import (
    TROUBLE,
    WORTH_A_LOOK,
    about_file,
    cell,
    few_lines,
    listed,
    listed_files,
    new_table,
    titled,
    warning_lines,
)
from sales_pipeline.run_report import FeedCounts, FileNote, RunReport
from sales_pipeline.silver.feed_warnings import FeedWarning
from sales_pipeline.silver.reference.learning import Learnt

_REJECTED = {
    "": "rejected, in rejected/ of the lakehouse",
    "archive": "rejected; they stay in the archive",
    "landing": "rejected; they stay in the landing folder",
}
"""Where rejected files lie now, as `RunReport.staying` says it -> how that is said."""
_WHAT_WOULD_READ = (
    "  Back in the landing folder: sales-pipeline check names the option that reads it, if any"
)
_ALWAYS = ("accepted", "quarantined", "duplicate")
_WHERE_ANY = ("displaced", "excluded", "superseded")


class _Feed(View):
    feed: str
    files: int
    delivered: int
    accepted: int = read_from("classes.accepted", default=0)
    quarantined: int = read_from("classes.quarantined", default=0)
    duplicate: int = read_from("classes.duplicate", default=0)
    displaced: int = read_from("classes.displaced", default=0)
    excluded: int = read_from("classes.excluded", default=0)
    superseded: int = read_from("classes.superseded", default=0)


class _OnHold(View):
    month: Month
    currency: str
    first_day: date
    last_day: date
    days: int
    amount: Exact
    is_too_large: bool


def _files_in(feeds: Iterable[FeedCounts]) -> int:
    return sum(feed.files for feed in feeds)


class _Run(View):
    run_id: str | None
    outcome: str
    exit_code: int
    files: Annotated[int, BeforeValidator(_files_in)] = read_from("feeds")
    rows: int
    bytes: int
    seconds: Seconds
    months: list[Month]
    provisional: list[Month]
    repriced: list[Month]
    held: list[_OnHold]
    resumed: int
    released: int
    learnt: Learnt
    rules: dict[str, dict[str, dict[str, int]]]
    displaced: list[Displaced]
    warnings: list[FeedWarning]
    feeds: list[_Feed]
    rejected: list[FileNote]
    failed: list[FileNote]
    abandoned: list[FileNote]
    corrected: list[FileNote]
    held_files: list[FileNote]
    rolled_back: list[FileNote]
    withdrawn: list[FileNote]
    repeated: list[FileNote]
    unclaimed: list[str]
    unready: list[str]
    left: list[FileNote]
    changed: list[FileNote]
    unmoved: list[FileNote]
    unreadable: list[FileNote]
    links: list[str]


def run_document(report: RunReport) -> dict[str, Any]:
    """Returns a run, ready for JSON: counts of records per feed, and every file with a reason."""
    moved = moved_document(report.moved, report.currency)
    closings = changed_closings_document(report.closings, report.currency)
    known = {"moved": moved, "is_moved_known": report.is_moved_known}
    return json_object(_Run, report) | known | {"closings": closings}


def run_text(report: RunReport) -> RenderableType:
    """Returns a run as text, its line for grep last."""
    parts: list[RenderableType] = []
    if report.is_nothing_new:
        parts.append(Text("Nothing new."))
    elif report.feeds:
        parts.append(_feed_table(report.feeds))
    elif report.months:
        months = counted(len(report.months), "month")
        parts.append(Text(f"No new files; gold made again for {months}."))
    else:
        parts.append(Text("No new files; gold stays as it is."))
    if report.moved:
        parts.append(moved_table(report.moved, report.currency))
    notes = run_notes(report)
    parts += [*notes, *([Text()] if notes else [])]
    return Group(*parts, Text(run_line(report), no_wrap=True, overflow="ignore"))


def run_line(report: RunReport) -> str:
    """Returns a run on one line of `key=value` pairs, for grep and for logs."""
    pairs = {
        "run": report.run_id or "none",
        "outcome": report.outcome,
        "files": _files_in(report.feeds),
        "rows": report.rows,
        **{name: _total(report.feeds, name) for name in _ALWAYS},
        "rejected": len(report.rejected),
        "months": len(report.months),
        "seconds": f"{report.seconds:.2f}",
    }
    return " ".join(f"{key}={value}" for key, value in pairs.items())


def run_notes(report: RunReport) -> list[Text]:
    """Returns the sentences on what the table of a run does not say; none if all is plain."""
    return [
        *_rejected(report),
        *_files("failed: taken out again", report.failed, TROUBLE),
        *_files("abandoned; the next run takes them as they are then", report.abandoned, TROUBLE),
        *_files("changed after a run had moved them", report.changed, TROUBLE),
        *_files("not moved", report.unmoved, TROUBLE),
        *_files("not readable; left for the next run", report.unreadable, TROUBLE),
        *_on_hold(report.held),
        *_months_with("made again because rates changed", report.repriced),
        *_months_with("provisional, until a later one has rates", report.provisional),
        *changed_closings_lines(report.closings, report.currency),
        *_files("held until somebody decides", report.held_files, WORTH_A_LOOK),
        *_files("held since a rollback; not counted", report.rolled_back, WORTH_A_LOOK),
        *_files("corrected", report.corrected),
        *_files("withdrawn", report.withdrawn),
        *_files("repeated; archived and not counted", report.repeated),
        *listed_files(
            "in the landing folder that no feed claims", report.unclaimed, style=WORTH_A_LOOK
        ),
        *listed_files("not ready; left for the next run", report.unready),
        *_files("left for the next run", report.left, WORTH_A_LOOK),
        *listed(
            f"{counted(len(report.links), 'symbolic link')}, not followed",
            report.links,
            style=WORTH_A_LOOK,
        ),
        *_resumed(report.resumed),
        *_learnt(report.learnt, report.released),
        *_unknown_before(report),
        *displaced_lines(report.displaced),
        *warning_lines(report.warnings),
    ]


def _rejected(report: RunReport) -> list[Text]:
    """The rejected files by where they lie now."""
    lines = []
    for place, what in _REJECTED.items():
        notes = [note for note in report.rejected if report.staying.get(note.path, "") == place]
        lines += _files(what, notes, TROUBLE)
    return [*lines, Text(_WHAT_WOULD_READ)] if lines else []


def _feed_table(feeds: Sequence[FeedCounts]) -> Group:
    classes = [*_ALWAYS, *(name for name in _WHERE_ANY if _total(feeds, name))]
    figures = [header.capitalize() for header in ("files", "delivered", *classes)]
    table = new_table("Feed", *figures, right=figures)
    for feed in feeds:
        table.add_row(cell(feed.feed), *_figures(feed, classes))
    if len(feeds) > 1:
        delivered = sum(feed.delivered for feed in feeds)
        totals = (_files_in(feeds), delivered, *(_total(feeds, name) for name in classes))
        table.add_row("all", *(f"{figure:,}" for figure in totals), style="bold")
    return titled("What came", table)


def _figures(feed: FeedCounts, classes: Iterable[str]) -> list[Text]:
    counts = [(name, feed.classes.get(name, 0)) for name in classes]
    styled = [
        Text(f"{count:,}", style=WORTH_A_LOOK if name == "quarantined" and count else "")
        for name, count in counts
    ]
    return [Text(f"{feed.files:,}"), Text(f"{feed.delivered:,}"), *styled]


def _total(feeds: Iterable[FeedCounts], name: str) -> int:
    return sum(feed.classes.get(name, 0) for feed in feeds)


def _files(what: str, notes: Sequence[FileNote], style: str = "") -> list[Text]:
    return listed_files(what, [about_file(note.path, note.reason) for note in notes], style=style)


def _on_hold(held: Sequence[HeldRate]) -> list[Text]:
    lines = [
        f"{month_text(rate.month)} {rate.currency}: {counted(rate.days, 'day')} "
        f"{'worth more than gold can hold' if rate.is_too_large else 'without a rate'}, "
        f"{_days(rate)}, {money(rate.amount, rate.currency)}"
        f"{'. Do: withdraw the file with wrong amounts' if rate.is_too_large else ''}"
        for rate in held
    ]
    months = counted(len({rate.month for rate in held}), "month")
    until = "can add it up" if any(rate.is_too_large for rate in held) else "finds the rates"
    heading = f"{months} on hold; gold stays as it was there until a run {until}"
    return listed(heading, lines, style=TROUBLE)


def _days(rate: HeldRate) -> str:
    first, last = rate.first_day, rate.last_day
    return f"on {first}" if first == last else f"from {first} to {last}"


def _months_with(what: str, months: Sequence[date]) -> list[Text]:
    if not months:
        return []
    named = examples([month_text(month) for month in months])
    return [Text(f"{counted(len(months), 'month')} {what}: {named}")]


def _learnt(learnt: Learnt, released: int) -> list[Text]:
    """Names that the catalogue learnt, and records that left quarantine."""
    changes = {
        f"{counted(learnt.learnt, 'name')} learnt": learnt.learnt,
        f"{learnt.renamed:,} renamed": learnt.renamed,
        f"{learnt.forgotten:,} forgotten": learnt.forgotten,
        f"{counted(learnt.prices, 'price')} changed": learnt.prices,
    }
    changed = ", ".join(change for change, count in changes.items() if count)
    left = f"{counted(released, 'record')} released from quarantine" if released else ""
    if changed and (learnt.known or released):
        sentence = "; ".join(filter(None, [f"catalogue: {changed}", left]))
        return [Text(sentence), *few_lines(learnt.renamings, indent="  ")]
    return [Text(left)] if left else []


def _unknown_before(report: RunReport) -> list[Text]:
    if report.is_moved_known:
        return []
    return [Text("What moved cannot be said: the earlier figures are not kept any more.")]


def _resumed(count: int) -> list[Text]:
    if not count:
        return []
    whose = counted(count, "delivery")
    return [Text(f"{whose} that an earlier run had left unfinished, brought to an end")]
