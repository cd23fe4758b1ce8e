"""What changed of what was there before, by month, store and, where given, product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType

from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.report.figures import grouped, money, month_text, rounded, without_end_zeros
from sales_pipeline.report.tables import cell, new_table, titled

if TYPE_CHECKING:
    from sales_pipeline.gold.changes import Moved

SHOWN = 12


def moved_table(moved: Sequence[Moved], currency: str) -> RenderableType:
    """Returns the first of the months and stores whose figures changed, and how many more."""
    table = new_table()
    table.add_column("Month")
    table.add_column("Store")
    products = any(each.product is not None for each in moved)
    if products:
        table.add_column("Product", overflow="fold")
    for header in ("Units before", "after", f"{currency} before", "after"):
        table.add_column(header, justify="right")
    for each in moved[:SHOWN]:
        units = (each.units_before, each.units_after)
        revenues = (each.revenue_before, each.revenue_after)
        table.add_row(
            month_text(each.month),
            cell(each.store),
            *([cell(each.product)] if products else []),
            *(grouped(without_end_zeros(figure)) for figure in units),
            *(money(figure, currency).removesuffix(f" {currency}") for figure in revenues),
        )
    rest = len(moved) - SHOWN
    return titled("What moved", table, remark=f"... and {rest:,} more" if rest > 0 else "")


def moved_document(moved: Sequence[Moved], currency: str) -> list[dict[str, Any]]:
    """Returns all of them as plain values, revenue at the minor unit."""
    minor_units = MINOR_UNITS.get(currency, 2)
    return [
        {
            "month": month_text(each.month),
            "store": each.store,
            **({} if each.product is None else {"product": each.product}),
            "units_before": str(without_end_zeros(each.units_before)),
            "units_after": str(without_end_zeros(each.units_after)),
            "revenue_before": str(rounded(each.revenue_before, minor_units)),
            "revenue_after": str(rounded(each.revenue_after, minor_units)),
        }
        for each in moved
    ]
