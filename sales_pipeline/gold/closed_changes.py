"""Closed months whose figures a run changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sales_pipeline.errors import VersionGone
from sales_pipeline.exact import EXACT, exact_sum
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.closings import Closings, closings_now
from sales_pipeline.lakehouse.declared_tables import DAILY_SALES
from sales_pipeline.lakehouse.lakehouse import Lakehouse, in_months
from sales_pipeline.lakehouse.runs import finished_runs

_FIGURES = {"revenue": "revenue", "units": "units", "amount": "amount"}
_Sums = Mapping[date, Mapping[tuple[str, str], tuple[Decimal, ...]]]


@dataclass(frozen=True)
class ChangedClosing:
    """A closed month whose figures a run changed; revenue in the base currency, unrounded.

    Attributes:
        month: The month.
        closed: Its revenue when it was closed.
        before: Its revenue before the run.
        now: Its revenue after the run.
    """

    month: date
    closed: Decimal
    before: Decimal
    now: Decimal

    @property
    def change(self) -> Decimal:
        """The change of the revenue by the run."""
        return EXACT.subtract(self.now, self.before)

    @property
    def restated(self) -> Decimal:
        """The difference of the revenue from what it was closed at."""
        return EXACT.subtract(self.now, self.closed)


def changed_closings(lakehouse: Lakehouse) -> list[ChangedClosing]:
    """Returns the closed months in which a figure of a store changed since the last finished run.

    It asks the tables and not the run, so that a run that finishes the work of a killed one says
    what both did. It finds none if the earlier figures are not kept any more.

    Args:
        lakehouse: The tables; `gold.daily_sales` and `ops.closings` are read.
    """
    runs, closings = finished_runs(lakehouse), closings_now(lakehouse)
    if not runs or not closings:
        return []
    version = runs[-1].version_of.get(DAILY_SALES.name, -1)
    if version == lakehouse.engine.version(DAILY_SALES.name):
        return []
    try:
        before = _sums(lakehouse, closings, version)
    except VersionGone:
        return []
    now = _sums(lakehouse, closings, None)
    return [
        ChangedClosing(
            month, closing.revenue, _revenue(before.get(month, {})), _revenue(now.get(month, {}))
        )
        for month, closing in closings.items()
        if before.get(month) != now.get(month)
    ]


def _sums(lakehouse: Lakehouse, closings: Closings, version: int | None) -> _Sums:
    """Month -> store and currency -> revenue, units and amount."""
    rows = lakehouse.engine.totals(
        DAILY_SALES.name,
        by=["month", "store", "currency"],
        of=_FIGURES,
        where=in_months(closings),
        version=version,
    )
    sums: dict[date, dict[tuple[str, str], tuple[Decimal, ...]]] = {}
    for row in python_rows(rows):
        figures = tuple(row[name] for name in _FIGURES)
        sums.setdefault(row["month"], {})[row["store"], row["currency"]] = figures
    return sums


def _revenue(sums: Mapping[tuple[str, str], tuple[Decimal, ...]]) -> Decimal:
    return exact_sum(figures[0] for figures in sums.values())
