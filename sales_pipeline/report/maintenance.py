"""What maintenance does, or did, as text and as a JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.operations.maintenance import bytes_of
from sales_pipeline.report.figures import size
from sales_pipeline.report.tables import cell, new_table, titled

if TYPE_CHECKING:
    from sales_pipeline.engines.engine import DataFile
    from sales_pipeline.operations.maintenance import Maintenance


def maintenance_text(found: Maintenance) -> RenderableType:
    """Returns what is merged and removed, table by table, and what that frees."""
    days = counted(found.keep_days, "day")
    if not found.tables and not found.left_behind:
        return Text(f"Nothing to do: no small files, and nothing older than {days}.")
    table = new_table()
    table.add_column("Table")
    for header in ("Small files", "Files no version needs", "Bytes"):
        table.add_column(header, justify="right")
    for each in found.tables:
        table.add_row(cell(each.table), f"{len(each.small):,}", *_freed(each.unneeded))
    if found.left_behind:
        table.add_row("left behind", "", *_freed(found.left_behind))
    remark = f"Kept is what the last finished run left, and every version of the last {days}."
    return Group(titled("Maintenance", table, remark=remark), Text(_last_line(found)))


def _freed(files: Sequence[DataFile]) -> tuple[str, str]:
    total = bytes_of(files)
    return f"{len(files):,}", "" if total is None else size(total)


def _last_line(found: Maintenance) -> str:
    merged = counted(sum(len(each.small) for each in found.tables), "small file")
    freed = "what they take" if found.freed_bytes is None else size(found.freed_bytes)
    if not found.is_done:
        do = "Do: sales-pipeline maintain --yes"
        return f"It would merge {merged} and free {freed}. Nothing was changed. {do}"
    recorded = f" Recorded as run {found.run_id}." if found.run_id else ""
    return f"It merged {merged} and freed {freed}.{recorded}"


def maintenance_document(found: Maintenance) -> dict[str, Any]:
    """Returns the same as plain values, with the names of the files."""
    return {
        "is_done": found.is_done,
        "run_id": found.run_id,
        "keep_days": found.keep_days,
        "freed_bytes": found.freed_bytes,
        "tables": [
            {
                "table": each.table,
                "small_files": [file.path for file in each.small],
                "unneeded_files": [file.path for file in each.unneeded],
                "freed_bytes": bytes_of(each.unneeded),
            }
            for each in found.tables
        ],
        "left_behind": [file.path for file in found.left_behind],
    }
