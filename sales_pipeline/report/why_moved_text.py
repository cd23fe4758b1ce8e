"""Why revenue moved between two periods, as a table of 80 columns."""

from __future__ import annotations

from fractions import Fraction

from rich.console import Group, RenderableType

from sales_pipeline.analysis.parts import adding_up
from sales_pipeline.exact import half_up
from sales_pipeline.report.closed_months import closing_lines
from sales_pipeline.report.figures import grouped, percent, signed
from sales_pipeline.report.layout import cell, new_table, titled
from sales_pipeline.report.tax_basis import basis_lines
from sales_pipeline.report.why_moved import WhyMoved


def why_moved_text(why: WhyMoved) -> RenderableType:
    """Returns the steps from the revenue before to the revenue now, a line for each cause."""
    name = why.pair.period.name
    figures = (f"Revenue {why.currency}", f"of {why.compared_with}")
    table = new_table("Cause", *figures, right=figures, fold=["Cause"])
    table.add_row(why.compared_with, grouped(why.revenue_before), "")
    table.add_section()
    for part, share in zip(why.causes, _percents(why), strict=True):
        table.add_row(part.cause, signed(part.change), share)
        for source in part.largest:
            line = (cell(f"  {source.name}", style="dim"), f"{signed(source.change)}  ", "")
            table.add_row(*line)
    table.add_section()
    table.add_row(name, grouped(why.revenue), percent(why.growth, sign=True))
    chosen = ", ".join(filter(None, ("Why revenue moved", why.store, why.category)))
    title = f"{chosen}: {name} beside {why.compared_with}"
    remark = [why.method]
    if not why.pair.is_over:
        days = f"{why.pair.period.first} to {why.pair.period.last}"
        remark.insert(0, f"{name} is not over: {days}, compared with the same days.")
    closings = closing_lines(why.closings, why.currency, as_closed=why.as_closed)
    return Group(titled(title, table, remark="\n".join(remark)), *closings, *basis_lines(why.tax))


def _percents(why: WhyMoved) -> list[str]:
    """The shares of the revenue before, as percentages that add up to the growth as shown."""
    shares = [part.of_before for part in why.causes]
    if why.growth is None or None in shares:
        return [""] * len(shares)
    exact = [Fraction(share or 0) * 100 for share in shares]
    total = half_up(why.growth * 100, 1)
    return [f"{signed(share)}%" for share in adding_up(exact, total, 1)]
