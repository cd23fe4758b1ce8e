"""How a lakehouse stands, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.bronze.landed import (
    CORRECTION,
    HELD,
    NEW,
    REJECTED,
    REPEAT,
    LandedFile,
)
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.ledger import State
from sales_pipeline.printable import printable
from sales_pipeline.report.displaced import displaced_lines
from sales_pipeline.report.figures import moment
from sales_pipeline.report.quarantine import Waiting
from sales_pipeline.report.quarantine_text import money_lines, total_line
from sales_pipeline.report.runs_text import runs_table
from sales_pipeline.report.sentences import about_file, few_lines
from sales_pipeline.report.status import FeedStanding, Status
from sales_pipeline.report.tables import cell, new_table, titled
from sales_pipeline.silver.validation.reasons import sentence_of

_WORTH_A_LOOK = "yellow"
_BECOMES = {
    NEW: "new",
    CORRECTION: "corrections of earlier ones",
    REPEAT: "repeats, not to be counted",
    HELD: "to be held, until accepted",
    REJECTED: "to be rejected",
}


def status_text(status: Status) -> RenderableType:
    """Returns how a lakehouse stands: deliveries, runs, quarantine, landing folder."""
    if not status.is_made:
        nothing = Text(f"No lakehouse at {printable(status.lakehouse)} yet: sales-pipeline run")
        return Group(nothing, Text(), *_landing(status))
    tables = (_deliveries(status.feeds), runs_table(status.runs), _waiting(status.waiting))
    sentences = [*_rolling_back(status), *displaced_lines(status.displaced)]
    return Group(*tables, *sentences, *([Text()] if sentences else []), *_landing(status))


def _rolling_back(status: Status) -> list[Text]:
    if status.rolling_back_to is None:
        return []
    which = printable(status.rolling_back_to)
    line = f"A rollback to run {which} was interrupted; the next run finishes it first."
    return [Text(line, style=_WORTH_A_LOOK)]


def _deliveries(feeds: Sequence[FeedStanding]) -> Group:
    states = [state for state in State if any(state in each.states for each in feeds)]
    table = new_table()
    table.add_column("Feed")
    for state in states:
        table.add_column(state.replace("_", " ").capitalize(), justify="right")
    table.add_column("Last delivery (UTC)")
    table.add_column("File", overflow="fold")
    for each in feeds:
        counts = [f"{each.states.get(state, 0):,}" for state in states]
        when = "never" if each.last_at is None else moment(each.last_at)
        style = _WORTH_A_LOOK if each.last_at is None else ""
        table.add_row(cell(each.feed), *counts, Text(when, style=style), cell(each.last_name))
    return titled("Deliveries", table)


def _waiting(waiting: Waiting) -> Group:
    if not waiting.rows:
        return Group(Text("Nothing waits in quarantine."), Text())
    table = new_table()
    for header in ("Feed", "Reason"):
        table.add_column(header)
    for header in ("Rows", "Amount"):
        table.add_column(header, justify="right")
    table.add_column("What it means")
    for each in waiting.by_reason:
        meaning = sentence_of(each.reason)
        figures = (f"{each.rows:,}", money_lines(each.amounts))
        table.add_row(cell(each.feed), cell(each.reason), *figures, meaning)
    return titled("Quarantine", table, remark=total_line(waiting.rows, waiting.amounts))


def _landing(status: Status) -> list[Text]:
    lines = [
        line
        for becomes, meaning in _BECOMES.items()
        for line in _files(meaning, [each for each in status.landed if each.becomes == becomes])
    ]
    lines += _paths("claimed by no feed", status.unclaimed)
    lines += _paths("not ready yet", status.unready)
    lines += _paths("left", [about_file(each.path, each.reason) for each in status.left])
    unreadable = [about_file(each.path, each.reason) for each in status.unreadable]
    lines += _paths("not readable", unreadable)
    lines += _paths("symbolic links, not followed", status.links)
    heading = "In the landing folder" if lines else "Nothing in the landing folder."
    return [Text(heading, style="bold"), *lines] if lines else [Text(heading)]


def _files(what: str, files: Sequence[LandedFile]) -> list[Text]:
    return _paths(what, [about_file(each.path, each.reason) for each in files])


def _paths(what: str, paths: Sequence[str]) -> list[Text]:
    if not paths:
        return []
    return [Text(f"  {what}: {counted(len(paths), 'file')}"), *few_lines(paths, indent="    ")]
