"""A finished run as text: one table, then what needs a sentence, then one greppable line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted, examples
from sales_pipeline.report.displaced import displaced_lines
from sales_pipeline.report.figures import money, month_text
from sales_pipeline.report.moved import moved_table
from sales_pipeline.report.sentences import about_file, few_lines, warning_lines
from sales_pipeline.report.tables import cell, new_table, titled

if TYPE_CHECKING:
    from datetime import date

    from sales_pipeline.gold.rate_book import HeldRate
    from sales_pipeline.run_report import FeedCounts, FileNote, RunReport
    from sales_pipeline.silver.reference.learning import Learnt

_ALWAYS = ("accepted", "quarantined", "duplicate")
_WHERE_ANY = ("displaced", "excluded", "superseded")
_TROUBLE = "bold red"
_REJECTED = {
    "": "rejected, in rejected/ of the lakehouse",
    "archive": "rejected; they stay in the archive",
    "landing": "rejected; they stay in the landing folder",
}
_WORTH_A_LOOK = "yellow"


def run_text(report: RunReport) -> RenderableType:
    """Returns a run as text, its greppable line last."""
    parts: list[RenderableType] = []
    if report.is_nothing_new:
        parts.append(Text("Nothing new."))
    elif report.feeds:
        parts.append(_feed_table(report.feeds))
    elif report.months:
        parts.append(Text(f"No new files; gold made again for {_months(report)}."))
    else:
        parts.append(Text("No new files; gold stays as it is."))
    if report.moved:
        parts.append(moved_table(report.moved, report.currency))
    notes = run_notes(report)
    parts += [*notes, *([Text()] if notes else [])]
    return Group(*parts, Text(run_line(report), no_wrap=True, overflow="ignore"))


def run_line(report: RunReport) -> str:
    """Returns a run on one line of `key=value` pairs, for grep and for logs."""
    totals = {name: _total(report.feeds, name) for name in _ALWAYS}
    pairs = {
        "run": report.run_id or "none",
        "outcome": report.outcome,
        "files": sum(each.files for each in report.feeds),
        "rows": report.rows,
        **totals,
        "rejected": len(report.rejected),
        "months": len(report.months),
        "seconds": f"{report.seconds:.2f}",
    }
    return " ".join(f"{key}={value}" for key, value in pairs.items())


def run_notes(report: RunReport) -> list[Text]:
    """Returns the sentences of a run on what the table does not say; none where all is plain."""
    return [
        *_rejected(report),
        *_files("failed: taken out again", report.failed, _TROUBLE),
        *_files("abandoned; the next run takes them as they are then", report.abandoned, _TROUBLE),
        *_files("changed after a run had moved them", report.changed, _TROUBLE),
        *_files("not moved", report.unmoved, _TROUBLE),
        *_files("not readable; left for the next run", report.unreadable, _TROUBLE),
        *_held(report.held),
        *_months_with("made again because rates changed", report.repriced),
        *_months_with("provisional, until a later one has rates", report.provisional),
        *_files("held: what they would correct stays in force", report.held_files, _WORTH_A_LOOK),
        *_files("held since a rollback; not counted", report.rolled_back, _WORTH_A_LOOK),
        *_files("corrected", report.corrected),
        *_files("withdrawn", report.withdrawn),
        *_files("repeated; archived and not counted", report.repeated),
        *_paths("in the landing folder that no feed claims", report.unclaimed, _WORTH_A_LOOK),
        *_paths("not ready; left for the next run", report.unready),
        *_files("left for the next run", report.left, _WORTH_A_LOOK),
        *_links(report.links),
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
        notes = [each for each in report.rejected if report.staying.get(each.path, "") == place]
        lines += _files(what, notes, _TROUBLE)
    return lines


def _feed_table(feeds: Sequence[FeedCounts]) -> Group:
    classes = [*_ALWAYS, *(name for name in _WHERE_ANY if _total(feeds, name))]
    table = new_table()
    table.add_column("Feed")
    for header in ("files", "delivered", *classes):
        table.add_column(header.capitalize(), justify="right")
    for feed in feeds:
        table.add_row(cell(feed.feed), *_figures(feed, classes))
    if len(feeds) > 1:
        totals = (_total(feeds, name) for name in classes)
        figures = (_files_in(feeds), sum(each.delivered for each in feeds), *totals)
        table.add_row("all", *(f"{figure:,}" for figure in figures), style="bold")
    return titled("What came", table)


def _figures(feed: FeedCounts, classes: Iterable[str]) -> list[Text]:
    counts = [(name, feed.classes.get(name, 0)) for name in classes]
    styled = [
        Text(f"{count:,}", style=_WORTH_A_LOOK if name == "quarantined" and count else "")
        for name, count in counts
    ]
    return [Text(f"{feed.files:,}"), Text(f"{feed.delivered:,}"), *styled]


def _months(report: RunReport) -> str:
    return counted(len(report.months), "month")


def _total(feeds: Iterable[FeedCounts], name: str) -> int:
    return sum(each.classes.get(name, 0) for each in feeds)


def _files_in(feeds: Iterable[FeedCounts]) -> int:
    return sum(each.files for each in feeds)


def _files(what: str, notes: Sequence[FileNote], style: str = "") -> list[Text]:
    lines = [about_file(note.path, note.reason) for note in notes]
    return _listed(f"{counted(len(notes), 'file')} {what}", lines, style)


def _held(held: Sequence[HeldRate]) -> list[Text]:
    lines = [
        f"{month_text(each.month)} {each.currency}: {counted(each.days, 'day')} without a rate, "
        f"{_days(each)}, {money(each.amount, each.currency)}"
        for each in held
    ]
    months = counted(len({each.month for each in held}), "month")
    heading = f"{months} held; gold stays as it was there until a run finds the rates"
    return _listed(heading, lines, _TROUBLE)


def _days(held: HeldRate) -> str:
    first, last = held.first_day, held.last_day
    return f"on {first}" if first == last else f"from {first} to {last}"


def _months_with(what: str, months: Sequence[date]) -> list[Text]:
    if not months:
        return []
    named = examples([month_text(month) for month in months])
    return [Text(f"{counted(len(months), 'month')} {what}: {named}")]


def _paths(what: str, paths: Sequence[str], style: str = "") -> list[Text]:
    return _listed(f"{counted(len(paths), 'file')} {what}", paths, style)


def _links(links: Sequence[str]) -> list[Text]:
    return _listed(f"{counted(len(links), 'symbolic link')}, not followed", links, _WORTH_A_LOOK)


def _listed(heading: str, lines: Sequence[str], style: str) -> list[Text]:
    if not lines:
        return []
    return [Text(heading, style=style), *few_lines(lines, indent="  ")]


def _learnt(learnt: Learnt, released: int) -> list[Text]:
    """What the catalogue changed, and what left quarantine; the very first names are no news."""
    changes = {
        f"{counted(learnt.learnt, 'name')} learnt": learnt.learnt,
        f"{learnt.renamed:,} renamed": learnt.renamed,
        f"{learnt.forgotten:,} forgotten": learnt.forgotten,
        f"{counted(learnt.prices, 'price')} changed": learnt.prices,
    }
    said = ", ".join(change for change, count in changes.items() if count)
    left = f"{counted(released, 'record')} released from quarantine" if released else ""
    if said and (learnt.known or released):
        return [Text("; ".join(filter(None, [f"catalogue: {said}", left])))]
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
