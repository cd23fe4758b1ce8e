"""Results of `rollback`, `reset`, `restore` and `maintain`, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.engines.engine import DataFile
from sales_pipeline.errors import counted, examples
from sales_pipeline.lakehouse.ledger import Delivery, State
from sales_pipeline.operations.maintenance import Maintenance, bytes_of
from sales_pipeline.operations.reset import Reset
from sales_pipeline.operations.restore import Restored
from sales_pipeline.operations.rollback import Rollback
from sales_pipeline.printable import printable
from sales_pipeline.report.compared_runs import moved_document, moved_table
from sales_pipeline.report.document import Moment, View, json_object, read_from
from sales_pipeline.report.figures import moment, size
from sales_pipeline.report.layout import cell, listed_files, new_table, titled
from sales_pipeline.run_report import FileNote


def _paths(files: Sequence[DataFile]) -> list[str]:
    return [file.path for file in files]


Paths = Annotated[list[str], BeforeValidator(_paths)]


class _Table(View):
    table: str
    small_files: Paths = read_from("small")
    unneeded_files: Paths = read_from("unneeded")
    freed_bytes: Annotated[int | None, BeforeValidator(bytes_of)] = read_from("unneeded")


class _Maintenance(View):
    is_done: bool
    run_id: str | None
    keep_days: int
    freed_bytes: int | None
    tables: list[_Table]
    left_behind: Paths


def maintenance_document(maintenance: Maintenance) -> dict[str, Any]:
    """Returns what is merged and removed, ready for JSON, with the names of the files."""
    return json_object(_Maintenance, maintenance)


def maintenance_text(maintenance: Maintenance) -> RenderableType:
    """Returns what is merged and removed, table by table, and what that frees."""
    days = counted(maintenance.keep_days, "day")
    if not maintenance.tables and not maintenance.left_behind:
        return Text(f"Nothing to do: no small files, and nothing older than {days}.")
    figures = ("Small files", "Files no version needs", "Bytes")
    table = new_table("Table", *figures, right=figures)
    for work in maintenance.tables:
        table.add_row(cell(work.table), f"{len(work.small):,}", *_freed(work.unneeded))
    if maintenance.left_behind:
        table.add_row("left behind", "", *_freed(maintenance.left_behind))
    remark = f"Kept is what the last finished run left, and every version of the last {days}."
    return Group(titled("Maintenance", table, remark=remark), Text(_last_line(maintenance)))


def _freed(files: Sequence[DataFile]) -> tuple[str, str]:
    total = bytes_of(files)
    return f"{len(files):,}", "" if total is None else size(total)


def _last_line(maintenance: Maintenance) -> str:
    merged = counted(sum(len(work.small) for work in maintenance.tables), "small file")
    freed = "what they take" if maintenance.freed_bytes is None else size(maintenance.freed_bytes)
    if not maintenance.is_done:
        do = "Do: sales-pipeline maintain --yes"
        return f"It would merge {merged} and free {freed}. Nothing was changed. {do}"
    recorded = f" Recorded as run {maintenance.run_id}." if maintenance.run_id else ""
    return f"It merged {merged} and freed {freed}.{recorded}"


_HELD = "held until sales-pipeline release; their files stay where they are kept"
_BACK = "counts again"


class _Delivery(View):
    path: str
    feed: str
    file_id: int = Field(serialization_alias="_file_id")
    rows: int | None


class _Rollback(View):
    run_id: str = read_from("record.run_id")
    outcome: str = read_from("record.outcome")
    to_run: str = read_from("to.run_id")
    finished_at: Moment = read_from("record.finished_at")
    held: list[_Delivery]
    back: list[_Delivery]
    currency: str


def rollback_document(done: Rollback) -> dict[str, Any]:
    """Returns a rollback, ready for JSON, with all that moved."""
    moved = moved_document(done.moved, done.currency) if done.is_moved_known else None
    return json_object(_Rollback, done) | {"moved": moved}


def rollback_text(done: Rollback) -> RenderableType:
    """Returns what is held now, what counts again, and which figures moved."""
    to = f"run {done.to.run_id}, which finished {moment(done.to.finished_at)} UTC"
    parts: list[RenderableType] = [
        Text(f"Everything is as {to}, left it."),
        *_deliveries(_HELD, done.held),
        *_deliveries(_BACK, done.back),
    ]
    if not done.is_moved_known:
        parts.append(Text("What moved is not known: the figures before are not kept any more."))
    elif done.moved:
        parts += [Text(), moved_table(done.moved, done.currency)]
    else:
        parts.append(Text("No figure moved."))
    parts.append(Text(f"This is run {done.record.run_id}; it can be rolled back, too."))
    return Group(*parts)


def _deliveries(what: str, deliveries: Sequence[Delivery]) -> list[Text]:
    lines = [
        f"{delivery.path} ({counted(delivery.rows or 0, 'record')})" for delivery in deliveries
    ]
    return listed_files(f"{what}:", lines)


def reset_document(done: Reset) -> dict[str, Any]:
    """Returns a reset, ready for JSON."""
    return json_object(Reset, done)


def reset_text(done: Reset) -> RenderableType:
    """Returns which files were moved back, and which stay in the archive."""
    moved = [printable(path) for path in done.moved]
    kept = [printable(str(path)) for path in done.kept]
    lines = [f"The tables are removed; {counted(len(moved), 'file')} moved back{_named(moved)}."]
    if kept:
        stayed = f"{counted(len(kept), 'file')} stayed, because another is in its place"
        lines.append(f"{stayed}{_named(kept)}.")
    return Group(*(Text(line) for line in lines))


def _named(paths: list[str]) -> str:
    return f": {examples(paths)}" if paths else ""


def restored_text(restored: Restored) -> RenderableType:
    """Returns which tables are there again, and what could not be known."""
    lines = [f"Made again: {' and '.join(restored.tables)}."] if restored.tables else []
    if restored.opened:
        lost = examples(restored.opened)
        lines.append(f"Lost: {lost}. No month is closed any more. Do: sales-pipeline close MONTH")
    if restored.states:
        states = (f"{count:,} {state}" for state, count in sorted(restored.states.items()))
        number = counted(sum(restored.states.values()), "delivery")
        lines.append(f"{number} found in bronze and the archive: {', '.join(states)}.")
    lines += [f"held: {printable(note.path)}: {note.reason}" for note in restored.held]
    if restored.nameless:
        numbers = examples([str(number) for number in restored.nameless])
        lines.append(f"no archived file has the records of delivery {numbers} in bronze")
    if restored.unknown:
        places = examples([printable(place) for place in restored.unknown])
        number = counted(len(restored.unknown), "archived file")
        do = "Do: copy them to the landing folder, and the next run takes them in."
        lines.append(f"{number} not in bronze: {places}. {do}")
    if restored.states:
        lines.append(
            "Not known any more: earlier states, reasons, and which files were withdrawn; the "
            "time of a delivery is that of its move to the archive."
        )
    if restored.tables:
        lines.append("Do: sales-pipeline run, which makes silver and gold again from them.")
    return Group(*(Text(line) for line in lines))


class _Restored(View):
    tables: list[str]
    opened: list[str]
    states: dict[State, int]
    held: list[FileNote]
    nameless: list[int]
    unknown: list[str]


def restored_document(restored: Restored) -> dict[str, Any]:
    """Returns a restored ledger, ready for JSON."""
    return json_object(_Restored, restored)
