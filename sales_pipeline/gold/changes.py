"""Compares gold with the last finished run, and closed months with what they closed with.

By month and store, and on request by product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from sales_pipeline.errors import VersionGone
from sales_pipeline.exact import EXACT, exact_sum
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.closings import Closings, closings_now
from sales_pipeline.lakehouse.declared_tables import DAILY_SALES, SALES_CUBE
from sales_pipeline.lakehouse.lakehouse import Lakehouse, in_months
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State, deliveries_by_id
from sales_pipeline.lakehouse.ops_tables import DELIVERIES
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


_RATES = "silver.exchange_rates"
_GONE = (State.SUPERSEDED, State.WITHDRAWN, State.REJECTED, State.FAILED)
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Moved:
    """The figures of a store in a month, or of one product there; revenue unrounded."""

    month: date
    store: str
    units_before: Decimal
    units_after: Decimal
    revenue_before: Decimal
    revenue_after: Decimal
    product: str | None = None


@dataclass(frozen=True)
class Moves:
    """Changes since the last finished run.

    Attributes:
        rows: The months and stores whose figures differ, in order; none if the run only
            added deliveries.
        is_known: True if the earlier figures could still be read.
    """

    rows: tuple[Moved, ...] = ()
    is_known: bool = True


def moves_since_last_run(lakehouse: Lakehouse, ledger: Ledger) -> Moves:
    """Compares gold with the last finished run, if figures changed and were not only added to.

    It reads the tables and not the run, so that a run that finishes the work of a killed one
    reports the changes of both.
    """
    runs = finished_runs(lakehouse)
    if not runs:
        return Moves()
    versions = runs[-1].version_of
    if versions[SALES_CUBE.name] == lakehouse.engine.version(SALES_CUBE.name):
        return Moves()
    try:
        if not _is_changed(lakehouse, ledger, versions):
            return Moves()
        before = _cube(lakehouse, versions[SALES_CUBE.name])
    except VersionGone:
        return Moves(is_known=False)
    return Moves(tuple(moved_between(before, _cube(lakehouse), by=("month", "store"))))


def _is_changed(lakehouse: Lakehouse, ledger: Ledger, versions: Mapping[str, int]) -> bool:
    """Returns whether a delivery or a rate that counted before counts otherwise now."""
    rows = lakehouse.rows(DELIVERIES.name, version=versions[DELIVERIES.name])
    deliveries = deliveries_by_id(ledger)
    if any(_is_judged_again(row, deliveries[row["_file_id"]]) for row in rows):
        return True
    earlier = lakehouse.rows(_RATES, version=versions[_RATES])
    return _are_corrected(earlier, lakehouse.rows(_RATES))


def _is_judged_again(row: Mapping[str, Any], delivery: Delivery) -> bool:
    counted = row["state"] == State.ARCHIVED
    return counted and (delivery.state in _GONE or delivery.run_id != row["run_id"])


def _are_corrected(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> bool:
    """Returns whether a rate changed, vanished, or came late: before the last one known then."""
    earlier = {(row["currency"], row["date"]): row["rate"] for row in before}
    current = {(row["currency"], row["date"]): row["rate"] for row in after}
    latest: dict[str, date] = {}
    for currency, day in earlier:
        latest[currency] = max(day, latest.get(currency, day))
    return any(current.get(key) != rate for key, rate in earlier.items()) or any(
        day < latest.get(currency, day)
        for currency, day in current
        if (currency, day) not in earlier
    )


Figures = dict[tuple[Any, ...], tuple[Decimal, Decimal]]
"""Month and store, and product on request -> units and revenue."""


def _cube(lakehouse: Lakehouse, version: int | None = None) -> pa.Table:
    columns = ["month", "store", "units", "revenue"]
    return lakehouse.engine.read(SALES_CUBE.name, columns=columns, version=version)


def moved_between(before: pa.Table, after: pa.Table, *, by: Sequence[str]) -> list[Moved]:
    """The figures that differ between two cubes, in order.

    Args:
        before: The earlier cube; the columns of `by`, units and revenue.
        after: The later one.
        by: `month` and `store`, and `product` if figures are compared by product.
    """
    figures_before, figures_after = _figures(before, by), _figures(after, by)
    nothing = (_ZERO, _ZERO)
    pairs = (
        (key, figures_before.get(key, nothing), figures_after.get(key, nothing))
        for key in {*figures_before, *figures_after}
    )
    differing = sorted((key, was, is_now) for key, was, is_now in pairs if was != is_now)
    return [
        Moved(month, store, was[0], is_now[0], was[1], is_now[1], *product)
        for (month, store, *product), was, is_now in differing
    ]


def _figures(cube: pa.Table, by: Sequence[str]) -> Figures:
    # Sums of decimals keep their type, so it is made wide enough for all of them before.
    wide = {"units": pa.decimal256(60, 3), "revenue": pa.decimal256(60, 18)}
    chosen = cube.select([*by, *wide])
    fields = [field.with_type(wide.get(field.name, field.type)) for field in chosen.schema]
    summed = chosen.cast(pa.schema(fields)).group_by(list(by))
    rows = summed.aggregate([(name, "sum") for name in wide]).to_pylist()
    return {tuple(row[name] for name in by): (row["units_sum"], row["revenue_sum"]) for row in rows}
