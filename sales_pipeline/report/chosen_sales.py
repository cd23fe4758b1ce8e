"""The four answers for one month, one store, or both, computed from `gold.sales_cube`.

The cube is exact; what is shown is rounded half up once, to the minor unit of the base
currency (P6), and ranked by the shown figure, then by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import pyarrow.compute as pc

from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, examples
from sales_pipeline.gold.gold_set import GoldSet
from sales_pipeline.report.answer_rows import (
    MonthRevenue,
    ProductByValue,
    ProductByVolume,
    StoreRevenue,
)

_EXACT = Context(prec=76, rounding=ROUND_HALF_UP)
"""Wide enough for any sum of DECIMAL(38,18); the default of 28 digits would round."""


CubeRow = dict[str, Any]


@dataclass(frozen=True)
class _Product:
    """One product's sums, the revenue rounded."""

    name: str
    category: str | None
    units: Decimal
    revenue: Decimal


@dataclass(frozen=True)
class ChosenSales:
    """The sales of one month, one store, or both.

    Attributes:
        gold: The gold tables of one run.
        month: The only month to count, or None for all.
        store: The only store to count, or None for all.
    """

    gold: GoldSet
    month: date | None
    store: str | None

    def global_performance(self) -> list[MonthRevenue]:
        """The revenue of each month, the earliest first."""
        by_month = _grouped(self._rows, "month")
        return [MonthRevenue(month, self._revenue(rows)) for (month,), rows in by_month]

    def store_performance(self, compared: Iterable[StoreRevenue]) -> list[StoreRevenue]:
        """The revenue per month and store, each with its place among all stores of the month.

        Args:
            compared: The answer over everything, which holds names and places.
        """
        rows = dict(_grouped(self._rows, "month", "store"))
        return [
            replace(each, revenue=self._revenue(rows[each.month, each.store]))
            for each in compared
            if is_chosen(each, self.month, self.store)
        ]

    def best_by_volume(self) -> list[ProductByVolume]:
        """The products by units, then by name."""
        ranked = sorted(self._products, key=lambda each: (each.units.copy_negate(), each.name))
        return [
            ProductByVolume(rank, each.name, each.category, each.units, each.revenue)
            for rank, each in enumerate(ranked, start=1)
        ]

    def best_by_value(self) -> list[ProductByValue]:
        """The products by shown revenue, then by name."""
        ranked = sorted(self._products, key=lambda each: (each.revenue.copy_negate(), each.name))
        return [
            ProductByValue(rank, each.name, each.category, each.revenue, each.units)
            for rank, each in enumerate(ranked, start=1)
        ]

    @cached_property
    def _rows(self) -> list[CubeRow]:
        cube = self.gold.read("gold.sales_cube")
        if self.month is not None:
            cube = cube.filter(pc.equal(cube["month"], self.month))
        if self.store is not None:
            cube = cube.filter(pc.equal(cube["store"], self.store))
        rows: list[CubeRow] = cube.to_pylist()
        return rows

    @cached_property
    def _products(self) -> list[_Product]:
        return [self._product(name, rows) for (name,), rows in _grouped(self._rows, "product")]

    def _product(self, name: str, rows: Sequence[CubeRow]) -> _Product:
        categories = [row["category"] for row in rows if row["category"] is not None]
        units = exact_sum(row["units"] for row in rows)
        return _Product(name, max(categories, default=None), units, self._revenue(rows))

    def _revenue(self, rows: Iterable[CubeRow]) -> Decimal:
        exact = exact_sum(row["revenue"] for row in rows)
        minor_unit = Decimal(1).scaleb(-self.gold.declaration.minor_units)
        return exact.quantize(minor_unit, context=_EXACT)


def _grouped(rows: Iterable[CubeRow], *columns: str) -> list[tuple[tuple[Any, ...], list[CubeRow]]]:
    """The rows by their values in some columns, in the order of those values."""
    groups: dict[tuple[Any, ...], list[CubeRow]] = {}
    for row in rows:
        groups.setdefault(tuple(row[column] for column in columns), []).append(row)
    return sorted(groups.items(), key=lambda group: group[0])


def exact_sum(figures: Iterable[Decimal]) -> Decimal:
    """Returns a sum of which no digit is rounded away."""
    total = Decimal(0)
    for figure in figures:
        total = _EXACT.add(total, figure)
    return total


def is_chosen(place: StoreRevenue, month: date | None, store: str | None) -> bool:
    """Says whether a store's month is among the chosen sales."""
    return month in (None, place.month) and store in (None, place.store)


def check_choice(
    declaration: Declaration,
    places: Sequence[StoreRevenue],
    *,
    month: date | None,
    store: str | None,
) -> None:
    """Checks that there are sales of a month and a store.

    Args:
        declaration: What the retailer declares; its stores count as known.
        places: The store performance over everything.
        month: The month, or None for all.
        store: The store's id, or None for all.

    Raises:
        UsageError: There are none; the message says what there is.
    """
    stores = sorted({each.store for each in places})
    known = {*stores, *declaration.stores}
    if store is not None and store not in known:
        raise UsageError(_no_such_store(store, sorted(known)))
    of_store = [each for each in places if is_chosen(each, None, store)]
    if not any(is_chosen(each, month, None) for each in of_store):
        raise UsageError(_no_such_sales(sorted({each.month for each in of_store}), month, store))


def _no_such_store(store: str, stores: Sequence[str]) -> str:
    close = get_close_matches(store, stores, n=1)
    guess = f". Did you mean {close[0]!r}?" if close else "."
    return f"--store: no such store, got {store!r}{guess} The stores are {examples(stores)}."


def _no_such_sales(months: Sequence[date], month: date | None, store: str | None) -> str:
    whose = f" of {store}" if store else ""
    if not months:
        return f"--{'store' if store else 'month'}: there are no sales{whose} yet"
    first, last = months[0], months[-1]
    return (
        f"--month: no sales{whose} in {month:%Y-%m}; "
        f"there are sales in {len(months):,} months from {first:%Y-%m} to {last:%Y-%m}"
    )
