"""Two finished runs compared, and figures that moved in general, as data, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, counted
from sales_pipeline.exact import exact_sum
from sales_pipeline.gold.changes import Moved, moved_between
from sales_pipeline.gold.gold_set import gold_set
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.lakehouse.runs import KEEPS_FIGURES, RunRecord, finished_runs
from sales_pipeline.report.document import (
    Exact,
    Moment,
    Month,
    Units,
    View,
    json_object,
    json_objects,
)
from sales_pipeline.report.figures import grouped, money, month_text, quantity, rounded
from sales_pipeline.report.layout import cell, new_table, titled
from sales_pipeline.report.tax_basis import TaxBasis, basis_lines, basis_of_two

_SHOWN = 12


@dataclass(frozen=True)
class ComparedRuns:
    """The figures that moved from one finished run to another.

    Attributes:
        currency: The base currency; every revenue is in it, unrounded.
        earlier: The run on the left side.
        later: The run on the right side.
        moved: The months, stores and products whose figures differ, in that order.
        tax: What the revenue is with regard to tax.
    """

    currency: str
    earlier: RunRecord
    later: RunRecord
    moved: tuple[Moved, ...]
    tax: TaxBasis

    @property
    def units_more(self) -> Decimal:
        """The growth of units, over all that moved."""
        return exact_sum(row.units_after - row.units_before for row in self.moved)

    @property
    def revenue_more(self) -> Decimal:
        """The growth of revenue, unrounded."""
        before = exact_sum(row.revenue_before for row in self.moved)
        return exact_sum([*(row.revenue_after for row in self.moved), before.copy_negate()])


def compared_runs(
    declaration: Declaration, earlier: str | None = None, later: str | None = None
) -> ComparedRuns:
    """Compares what two finished runs left, by month, store and product; no session starts.

    Args:
        declaration: What the retailer declares.
        earlier: The id of a run; the one before the last without it.
        later: The id of another run; the last one without it.

    Raises:
        UsageError: There is no such run, there are not two, or what one left is not kept any more.
    """
    with (
        gold_set(declaration, run=earlier or _before_the_last(declaration)) as left,
        gold_set(declaration, run=later) as right,
    ):
        moved = moved_between(left.cube(), right.cube(), by=("month", "store", "product"))
    tax = basis_of_two(declaration, left.run, right.run)
    return ComparedRuns(declaration.base_currency, left.run, right.run, tuple(moved), tax)


def _before_the_last(declaration: Declaration) -> str:
    with made_lakehouse(declaration) as lakehouse:
        # Maintenance and closings change no figure, so they are compared only if named.
        runs = [run for run in finished_runs(lakehouse) if run.verb not in KEEPS_FIGURES]
    if len(runs) < 2:
        raise UsageError(
            "diff: compares two finished runs, and there is only one. Do: sales-pipeline show"
        )
    return runs[-2].run_id


class RunView(View):
    """The keys of a run that figures are of."""

    run_id: str
    finished_at: Moment


class _Compared(View):
    earlier: RunView
    later: RunView
    currency: str
    units_more: Units
    revenue_more: Exact
    tax: TaxBasis


def compared_runs_document(compared: ComparedRuns) -> dict[str, Any]:
    """Returns all that moved between two runs, ready for JSON; revenue at the minor unit."""
    document = json_object(_Compared, compared)
    revenue = rounded(compared.revenue_more, compared.currency)
    moved = moved_document(compared.moved, compared.currency)
    return document | {"revenue_more": f"{revenue:f}", "moved": moved}


def compared_runs_text(compared: ComparedRuns) -> RenderableType:
    """Returns the first of what moved between two runs, and by how much in all."""
    names = f"{compared.earlier.run_id} and {compared.later.run_id}"
    if not compared.moved:
        return Text(f"Nothing moved between {names}.")
    units = quantity(compared.units_more)
    revenue = money(compared.revenue_more, compared.currency)
    figures = counted(len(compared.moved), "figure")
    heading = f"Between {names}\n{figures} moved, by {units} units and {revenue} in all."
    table = moved_table(compared.moved, compared.currency)
    return Group(Text(heading), Text(), table, *basis_lines(compared.tax))


class _Moved(View):
    month: Month
    store: str
    product: str | None
    units_before: Units
    units_after: Units
    revenue_before: Exact
    revenue_after: Exact


def moved_document(moved: Sequence[Moved], currency: str) -> list[dict[str, Any]]:
    """Returns figures that moved, ready for JSON: revenue at the minor unit, products if known."""
    shown = [
        replace(
            row,
            revenue_before=rounded(row.revenue_before, currency),
            revenue_after=rounded(row.revenue_after, currency),
        )
        for row in moved
    ]
    rows = json_objects(_Moved, shown)
    for row in rows:
        if row["product"] is None:
            del row["product"]
    return rows


def moved_table(moved: Sequence[Moved], currency: str) -> RenderableType:
    """Returns the first of the months and stores whose figures moved, and how many more."""
    has_products = any(row.product is not None for row in moved)
    figures = ("Units before", "after", f"{currency} before", "after")
    names = ("Month", "Store", "Product") if has_products else ("Month", "Store")
    table = new_table(*names, *figures, right=figures, fold=["Product"])
    for row in moved[:_SHOWN]:
        units = (row.units_before, row.units_after)
        revenues = (row.revenue_before, row.revenue_after)
        table.add_row(
            month_text(row.month),
            cell(row.store),
            *([cell(row.product)] if has_products else []),
            *(quantity(figure) for figure in units),
            *(grouped(rounded(figure, currency)) for figure in revenues),
        )
    more = len(moved) - _SHOWN
    return titled("What moved", table, remark=f"... and {more:,} more" if more > 0 else "")
