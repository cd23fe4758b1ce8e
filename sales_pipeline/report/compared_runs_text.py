"""Two compared runs, as a table for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted
from sales_pipeline.report.compared_runs import ComparedRuns
from sales_pipeline.report.figures import grouped, money, without_end_zeros
from sales_pipeline.report.moved import moved_table


def compared_runs_text(compared: ComparedRuns) -> RenderableType:
    """Returns the first of what moved between two runs, and by how much it all did."""
    names = f"{compared.earlier.run_id} and {compared.later.run_id}"
    if not compared.moved:
        return Text(f"Nothing moved between {names}.")
    units = grouped(without_end_zeros(compared.units_more))
    revenue = money(compared.revenue_more, compared.currency)
    figures = counted(len(compared.moved), "figure")
    heading = f"Between {names}\n{figures} moved, by {units} units and {revenue} in all."
    return Group(Text(heading), Text(), moved_table(compared.moved, compared.currency))
