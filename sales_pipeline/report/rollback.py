"""Results of `rollback` and `reset`, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field
from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted, examples
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.operations.rebuild_and_reset import Reset
from sales_pipeline.operations.rollback import Rollback
from sales_pipeline.printable import printable
from sales_pipeline.report.compared_runs import moved_document, moved_table
from sales_pipeline.report.document import Moment, View, json_object, read_from
from sales_pipeline.report.figures import moment
from sales_pipeline.report.layout import listed_files

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


class _Reset(View):
    moved: list[str]
    kept: list[Path]


def reset_document(done: Reset) -> dict[str, Any]:
    """Returns a reset, ready for JSON."""
    return json_object(_Reset, done)


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
