"""Every run of a retailer explained: its figures by file, and why they differ from those before."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from sales_pipeline.analysis.asked_sales import AskedPeriod
from sales_pipeline.report.explained import AskedFigure, explained
from sales_pipeline.report.why_restated import why_restated
from tests.retailer import Retailer


def unexplained(retailer: Retailer) -> str | None:
    """Says which change or figure is not the sum of its parts, or None."""
    runs = retailer.run_ids()
    months: set[str] = set()
    for before, now in [*pairwise(runs), (runs[0], runs[-1])]:
        # It raises an error for parts that are not the exact change.
        for month in why_restated(retailer.declaration, before, run=now).months:
            months.add(f"{month.month:%Y-%m}")
            if sum(part.change for part in month.reasons) != month.change:
                return f"{month.month}: not as shown between {before} and {now}"
    for name in sorted(months & {f"{year}-{month:02}" for year, month in retailer.revenue()}):
        figure = explained(retailer.declaration, AskedFigure(AskedPeriod(name)))
        parts = [*(part.revenue for part in figure.files), figure.not_in_gold]
        if sum((part for part in parts if part is not None), Decimal(0)) != figure.revenue:
            return f"{name}: its files are not its revenue"
    return None
