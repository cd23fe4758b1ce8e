"""Sums of sales by period, exact to the last digit, from the tables that gold keeps.

`gold.daily_sales` answers for days and stores, `gold.sales_cube` for months and products. Both
have the same measures, so that sums of one equal sums of the other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from functools import reduce
from itertools import repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.analysis.periods import Period
from sales_pipeline.exact import EXACT

_MANY = 50_000
"""The rows from which on Arrow is faster, although it imports pandas."""
_EPOCH = np.datetime64("1970-01-01")


@dataclass(frozen=True)
class Measures:
    """The measures of some sales, which can be added up.

    Attributes:
        sales: The number of sales and returns.
        units: Units, net of returns.
        units_returned: Units that came back; negative or zero.
        amount: Money in the currency of the sales, net of returns.
        amount_returned: The part of it that was paid back; negative or zero.
        revenue: `amount` in the base currency, unrounded.
        revenue_returned: `amount_returned` in the base currency, unrounded.
    """

    sales: int = 0
    units: Decimal = Decimal(0)
    units_returned: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    amount_returned: Decimal = Decimal(0)
    revenue: Decimal = Decimal(0)
    revenue_returned: Decimal = Decimal(0)

    @property
    def gross(self) -> Decimal:
        """Revenue before returns, in the base currency, unrounded."""
        return EXACT.subtract(self.revenue, self.revenue_returned)

    def plus(self, other: Measures) -> Measures:
        """Returns the sum of both, without rounding."""
        figures = (EXACT.add(getattr(self, name), getattr(other, name)) for name in MEASURES[1:])
        return Measures(self.sales + other.sales, *figures)


NONE = ""
"""Stands for the category of products that have none."""
MEASURES = tuple(field.name for field in fields(Measures))
"""The columns of both tables that are added up."""


@dataclass(frozen=True)
class Cell:
    """The sales of one period for some column values, such as one store and one currency.

    Attributes:
        period: The place of the period among the periods asked for.
        values: The values of the columns that were asked for, in their order.
        measures: What was sold.
    """

    period: int
    values: tuple[Any, ...]
    measures: Measures

    def plus(self, other: Cell) -> Cell:
        """Returns the sum with a cell of the same period and values."""
        return replace(self, measures=self.measures.plus(other.measures))


def sums(table: pa.Table, periods: Sequence[Period], *, day: str, by: Sequence[str]) -> list[Cell]:
    """Adds up the measures of each period by the values of some columns.

    Args:
        table: Rows with a day, the columns of `by`, and the columns of `MEASURES`.
        periods: The periods; they may have days in common.
        day: The column that holds the day, or the first day of a month.
        by: The columns whose values are told apart.

    Returns:
        A cell for each period and values that have a row, by period and values.
    """
    add_up = _sums_here if table.num_rows <= _MANY else _sums_in_arrow
    cells = [
        Cell(places[at], values, Measures(*figures))
        for places in _without_overlap(periods)
        for (at, values), figures in add_up(table, [periods[place] for place in places], day, by)
    ]
    return sorted(cells, key=lambda cell: (cell.period, _in_order(cell.values)))


def _without_overlap(periods: Sequence[Period]) -> list[list[int]]:
    """The places of periods, in order and in groups in which no two have a day in common."""
    groups: list[list[int]] = []
    for place in sorted(range(len(periods)), key=lambda place: periods[place]):
        first = periods[place].first
        fitting = (group for group in groups if periods[group[-1]].last < first)
        if (group := next(fitting, None)) is not None:
            group.append(place)
        else:
            groups.append([place])
    return groups


_Sums = Iterable[tuple[tuple[int, tuple[Any, ...]], Sequence[Any]]]


def _sums_here(table: pa.Table, periods: Sequence[Period], day: str, by: Sequence[str]) -> _Sums:
    """Adds up in Python, because Arrow's own `group_by` imports pandas, half a second."""
    firsts = [period.first for period in periods]
    keys = row_values(table, *by) if by else repeat(())
    figures = row_values(table, *MEASURES)
    added: dict[tuple[int, tuple[Any, ...]], list[Any]] = {}
    for on, values, measures in zip(table[day].to_pylist(), keys, figures, strict=False):
        place = bisect_right(firsts, on) - 1
        if place < 0 or on > periods[place].last:
            continue
        known = added.get((place, values))
        if known is None:
            added[place, values] = list(measures)
        else:
            known[0] += measures[0]
            for at in range(1, len(MEASURES)):
                known[at] = EXACT.add(known[at], measures[at])
    return added.items()


def _in_order(values: tuple[Any, ...]) -> tuple[tuple[bool, str], ...]:
    """A key that sorts values, nulls last."""
    return tuple((value is None, value or "") for value in values)


def _sums_in_arrow(
    table: pa.Table, periods: Sequence[Period], day: str, by: Sequence[str]
) -> _Sums:
    keys = ["_period", *by]
    placed = _placed(table, periods, day)
    added = placed.group_by(keys).aggregate([(name, "sum") for name in MEASURES])
    rows = row_values(added, *keys, *(f"{name}_sum" for name in MEASURES))
    return [((row[0], row[1 : len(keys)]), row[len(keys) :]) for row in rows]


def _placed(table: pa.Table, periods: Sequence[Period], day: str) -> pa.Table:
    """The rows of the periods, each with the place of its own."""
    firsts = _numbers(period.first for period in periods)
    lasts = _numbers(period.last for period in periods)
    days = table[day].cast(pa.int32()).to_numpy()
    places = np.searchsorted(firsts, days, side="right") - 1
    is_inside = (places >= 0) & (days <= lasts[np.maximum(places, 0)])
    placed = table.append_column("_period", pa.array(places, pa.int64()))
    return placed.filter(pa.array(is_inside))


def _numbers(days: Iterable[Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Days as Arrow numbers them."""
    numbers = [np.datetime64(day) - _EPOCH for day in days]
    return np.array(numbers, dtype="timedelta64[D]").astype(np.int64)


def row_values(table: pa.Table, *names: str) -> Iterator[tuple[Any, ...]]:
    """Returns the rows of some columns as tuples; of all columns if none is named."""
    columns = (table[name].to_pylist() for name in names or table.column_names)
    return zip(*columns, strict=True)


def total(cells: Iterable[Cell]) -> Measures:
    """Returns the sum of cells, without rounding."""
    return reduce(Measures.plus, (cell.measures for cell in cells), Measures())


def chosen(table: pa.Table, **values: str | None) -> pa.Table:
    """Returns the rows whose columns have some values; a value of None chooses all."""
    for column, value in values.items():
        if value is not None:
            table = table.filter(pc.equal(table[column], pa.scalar(value, pa.string())))
    return table


def by_value(cells: Iterable[Cell]) -> Iterator[tuple[str, list[Cell]]]:
    """Yields the cells of each value of the first column, in the order of the values."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.values[0] or NONE, []).append(cell)
    yield from sorted(groups.items())
