"""What a rollback did, as text and as a JSON document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.report.figures import moment
from sales_pipeline.report.json_text import timestamp
from sales_pipeline.report.moved import moved_document, moved_table
from sales_pipeline.report.sentences import few_lines

if TYPE_CHECKING:
    from sales_pipeline.lakehouse.ledger import Delivery
    from sales_pipeline.operations.rollback import Rollback

_HELD = "held until sales-pipeline release; their files stay where they are kept"
_BACK = "counts again"


def rollback_text(done: Rollback) -> RenderableType:
    """Returns what is held now, what counts again, and what moved by that."""
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
    parts += [Text(f"This is run {done.record.run_id}; it can be rolled back, too.")]
    return Group(*parts)


def rollback_document(done: Rollback) -> dict[str, Any]:
    """Returns the same as plain values, with all that moved."""
    return {
        "run_id": done.record.run_id,
        "outcome": done.record.outcome,
        "to_run": done.to.run_id,
        "finished_at": timestamp(done.record.finished_at),
        "held": _documents(done.held),
        "back": _documents(done.back),
        "currency": done.currency,
        "moved": moved_document(done.moved, done.currency) if done.is_moved_known else None,
    }


def _deliveries(what: str, deliveries: Sequence[Delivery]) -> list[Text]:
    if not deliveries:
        return []
    lines = [f"{each.path} ({counted(each.rows or 0, 'record')})" for each in deliveries]
    return [Text(f"{counted(len(lines), 'file')} {what}:"), *few_lines(lines, indent="  ")]


def _documents(deliveries: Iterable[Delivery]) -> list[dict[str, Any]]:
    return [
        {"path": each.path, "feed": each.feed, "_file_id": each.file_id, "rows": each.rows}
        for each in deliveries
    ]
