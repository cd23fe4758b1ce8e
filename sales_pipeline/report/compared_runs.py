"""Two finished runs compared: what moved between what they left."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError
from sales_pipeline.gold.changes import Moved, moved_between
from sales_pipeline.gold.gold_set import GoldSet, gold_set
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.lakehouse.runs import MAINTAIN, finished_runs
from sales_pipeline.report.chosen_sales import exact_sum

_CUBE = "gold.sales_cube"


@dataclass(frozen=True)
class ComparedRuns:
    """What moved from one finished run to another.

    Attributes:
        currency: The base currency; every revenue is in it, unrounded.
        earlier: The run on the left side.
        later: The run on the right side.
        moved: The months, stores and products whose figures differ, in that order.
    """

    currency: str
    earlier: GoldSet
    later: GoldSet
    moved: tuple[Moved, ...]

    @property
    def units_more(self) -> Decimal:
        """By how much the units grew, over all that moved."""
        return exact_sum(each.units_after - each.units_before for each in self.moved)

    @property
    def revenue_more(self) -> Decimal:
        """By how much the revenue grew, unrounded."""
        before = exact_sum(each.revenue_before for each in self.moved)
        return exact_sum([*(each.revenue_after for each in self.moved), before.copy_negate()])


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
        moved = moved_between(left.read(_CUBE), right.read(_CUBE), by=("month", "store", "product"))
    return ComparedRuns(declaration.base_currency, left, right, tuple(moved))


def _before_the_last(declaration: Declaration) -> str:
    with made_lakehouse(declaration) as lakehouse:
        # Maintenance changes no figure, so it is no side of a comparison unless it is named.
        runs = [each for each in finished_runs(lakehouse) if each.verb != MAINTAIN]
    if len(runs) < 2:
        raise UsageError(
            "diff: compares two finished runs, and there is only one. Do: sales-pipeline show"
        )
    return runs[-2].run_id
