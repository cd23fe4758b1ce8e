"""Runs, and versions of a table, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType

from sales_pipeline.lakehouse.runs import RunRecord
from sales_pipeline.report.figures import moment
from sales_pipeline.report.history import WrittenVersion
from sales_pipeline.report.runs_text import runs_table
from sales_pipeline.report.tables import cell, new_table, titled

SHOWN = 20
_ALL = "--json has all that are kept."


def runs_text(runs: Sequence[RunRecord], *, kept: int) -> RenderableType:
    """Returns the last of the runs, the latest first, and how many more there are.

    Args:
        runs: The runs.
        kept: How many of them can still be shown.
    """
    rest = len(runs) - SHOWN
    remarks = [f"... and {rest:,} earlier; {_ALL}"] if rest > 0 else []
    if kept < len(runs):
        earlier = " and earlier ones" if kept < len(runs) - 1 else ""
        left = f"What {runs[kept].run_id}{earlier} left"
        remarks.append(f"{left} is not kept any more (keep_days).")
    return runs_table(runs[:SHOWN], title="Runs", remark=" ".join(remarks))


def versions_text(table: str, versions: Sequence[WrittenVersion]) -> RenderableType:
    """Returns versions of a table, the latest first."""
    shown = new_table()
    for header in ("Version", "Rows", "Change", "Files"):
        shown.add_column(header, justify="right")
    for header in ("What", "At (UTC)", "Run"):
        shown.add_column(header)
    for each in versions:
        commit = each.commit
        shown.add_row(
            str(commit.version),
            "" if commit.rows is None else f"{commit.rows:,}",
            "" if each.rows_more is None else f"{each.rows_more:+,}",
            "" if commit.files is None else f"{commit.files:,}",
            cell(commit.operation),
            moment(commit.at),
            each.run_id or "not finished",
        )
    remark = ""
    if versions[-1].commit.version > 0:
        is_cut = len(versions) == SHOWN
        remark = (
            f"Earlier ones are not shown; {_ALL}"
            if is_cut
            else "Earlier ones are not kept any more (keep_days)."
        )
    return titled(f"Versions of {table}", shown, remark=remark)
