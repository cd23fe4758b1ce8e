"""Recorded runs as a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from sales_pipeline.lakehouse.runs import RunRecord
from sales_pipeline.report.figures import moment
from sales_pipeline.report.tables import new_table, titled


def runs_table(runs: Sequence[RunRecord], *, title: str = "Last runs", remark: str = "") -> Group:
    """Returns runs, one a line, in the order given."""
    table = new_table()
    for header in ("Run", "What", "Finished (UTC)", "Outcome"):
        table.add_column(header, overflow="fold")
    for header in ("Files", "Rows", "Seconds"):
        table.add_column(header, justify="right")
    for each in runs:
        outcome = Text(each.outcome, style="" if each.outcome == "done" else "bold red")
        figures = (f"{each.files:,}", f"{each.rows:,}", f"{each.seconds:.2f}")
        what = f"{each.verb} to {each.to_run}" if each.to_run else each.verb
        table.add_row(each.run_id, what, moment(each.finished_at), outcome, *figures)
    return titled(title, table, remark=remark)
