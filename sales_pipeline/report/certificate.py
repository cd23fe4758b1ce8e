"""A certificate that two engines agree, as text and as a JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.printable import printable
from sales_pipeline.report.document import timestamp
from sales_pipeline.report.figures import moment
from sales_pipeline.report.layout import cell, new_table

if TYPE_CHECKING:
    from sales_pipeline.certify.certificate import Certificate


def certificate_text(found: Certificate) -> RenderableType:
    """Returns versions, seconds and what differs, a short page to keep."""
    table = new_table()
    table.add_column("Engine")
    table.add_column("Seconds", justify="right")
    table.add_column("Versions", overflow="fold")
    for each in found.sides:
        versions = ", ".join(f"{name} {version}" for name, version in each.versions.items())
        table.add_row(cell(each.engine), f"{each.seconds:,.1f}", cell(versions))
    rows, tables = counted(sum(found.rows.values()), "row"), counted(len(found.rows), "table")
    files = counted(found.files, "file")
    differences = [f"  {printable(each)}" for each in found.differences]
    lines = [
        f"{files} taken in by both, {rows} of {tables} compared.",
        f"What differed: {'something.' if differences else 'nothing.'}",
        *differences,
        f"sales-pipeline {found.version}, {moment(found.at)} UTC",
    ]
    return Group(table, *(Text(line) for line in lines))


def certificate_document(found: Certificate) -> dict[str, Any]:
    """Returns the same as plain values."""
    return {
        "at": timestamp(found.at),
        "version": found.version,
        "files": found.files,
        "rows": dict(found.rows),
        "engines": [
            {
                "engine": each.engine,
                "seconds": round(each.seconds, 3),
                "versions": dict(each.versions),
            }
            for each in found.sides
        ],
        "differences": list(found.differences),
    }
