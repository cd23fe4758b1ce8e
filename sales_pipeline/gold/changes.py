"""Changes of gold: before and after, by month and store, and by product where asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from sales_pipeline.errors import VersionGone
from sales_pipeline.lakehouse.declared_tables import SALES_CUBE
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.ops_tables import DELIVERIES
from sales_pipeline.lakehouse.runs import finished_runs

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
        rows: The months and stores whose figures differ, in order; none where the run only
            added what was not there before.
        is_known: Whether the earlier figures could still be read.
    """

    rows: tuple[Moved, ...] = ()
    is_known: bool = True


def what_moved(lakehouse: Lakehouse, ledger: Ledger) -> Moves:
    """Compares gold with the last finished run, where that was changed and not only added to.

    It asks the tables and not the run, so that a run that finishes the work of a killed one
    says what both did.

    Args:
        lakehouse: The tables.
        ledger: The deliveries as they stand.
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
    """Says whether anything that counted before counts otherwise now."""
    rows = lakehouse.rows(DELIVERIES.name, version=versions[DELIVERIES.name])
    now = {each.file_id: each for each in ledger}
    if any(_is_judged_again(row, now[row["_file_id"]]) for row in rows):
        return True
    earlier = lakehouse.rows(_RATES, version=versions[_RATES])
    return _are_corrected(earlier, lakehouse.rows(_RATES))


def _is_judged_again(row: Mapping[str, Any], now: Delivery) -> bool:
    counted = row["state"] == State.ARCHIVED
    return counted and (now.state in _GONE or now.run_id != row["run_id"])


def _are_corrected(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> bool:
    """Says whether a rate changed, vanished, or came late: before the last that was known."""
    known = {(row["currency"], row["date"]): row["rate"] for row in before}
    now = {(row["currency"], row["date"]): row["rate"] for row in after}
    latest: dict[str, date] = {}
    for currency, day in known:
        latest[currency] = max(day, latest.get(currency, day))
    return any(now.get(key) != rate for key, rate in known.items()) or any(
        day < latest.get(currency, day) for currency, day in now if (currency, day) not in known
    )


Figures = dict[tuple[Any, ...], tuple[Decimal, Decimal]]
"""Month and store, and product where asked for -> units and revenue."""


def _cube(lakehouse: Lakehouse, version: int | None = None) -> pa.Table:
    columns = ["month", "store", "units", "revenue"]
    return lakehouse.engine.read(SALES_CUBE.name, columns=columns, version=version)


def moved_between(before: pa.Table, after: pa.Table, *, by: Sequence[str]) -> list[Moved]:
    """The figures that differ between two cubes, in order.

    Args:
        before: The earlier cube; the columns of `by`, units and revenue.
        after: The later one.
        by: `month` and `store`, and `product` where figures are compared by product.
    """
    was, now = _figures(before, by), _figures(after, by)
    nothing = (_ZERO, _ZERO)
    differ = (key for key in {*was, *now} if was.get(key, nothing) != now.get(key, nothing))
    return [_moved(key, was.get(key, nothing), now.get(key, nothing)) for key in sorted(differ)]


def _moved(
    key: tuple[Any, ...], before: tuple[Decimal, Decimal], after: tuple[Decimal, Decimal]
) -> Moved:
    month, store, *product = key
    return Moved(month, store, before[0], after[0], before[1], after[1], *product)


def _figures(cube: pa.Table, by: Sequence[str]) -> Figures:
    # Sums of decimals keep their type, so it is made wide enough for all of them before.
    wide = {"units": pa.decimal256(60, 3), "revenue": pa.decimal256(60, 18)}
    chosen = cube.select([*by, *wide])
    fields = [each.with_type(wide.get(each.name, each.type)) for each in chosen.schema]
    summed = chosen.cast(pa.schema(fields)).group_by(list(by))
    rows = summed.aggregate([(name, "sum") for name in wide]).to_pylist()
    return {tuple(row[name] for name in by): (row["units_sum"], row["revenue_sum"]) for row in rows}
