"""Maintenance that was done or would be, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator
from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.engines.engine import DataFile
from sales_pipeline.errors import counted
from sales_pipeline.operations.maintenance import Maintenance, bytes_of
from sales_pipeline.report.document import View, json_object, read_from
from sales_pipeline.report.figures import size
from sales_pipeline.report.layout import cell, new_table, titled


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
