"""Reads the four answers that a finished run left, over everything or for a month or a store.

Over everything they are the four gold tables. For one month, one store, or both they are computed
from `gold.sales_cube`: exact to the end, rounded half up once to the minor unit of the base
currency (P6), and ranked by the shown figure, then by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

import pyarrow.compute as pc

from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, did_you_mean, examples
from sales_pipeline.gold.gold_set import GoldSet, gold_set
from sales_pipeline.report.answers import (
    Answers,
    MonthRevenue,
    ProductByValue,
    ProductByVolume,
    StoreRevenue,
)
from sales_pipeline.report.figures import exact_sum, rounded

_Product = TypeVar("_Product", ProductByVolume, ProductByValue)
_CubeRow = dict[str, Any]


def answers(
    declaration: Declaration,
    *,
    month: date | None = None,
    store: str | None = None,
    top: int | None = None,
    run: str | None = None,
) -> Answers:
    """Returns the four answers, over everything or for one month, one store, or both.

    Args:
        declaration: What the retailer declares.
        month: The first day of the only month to count.
        store: The id of the only store to count.
        top: How many products the two rankings hold; all without it.
        run: The finished run that left them; the last one without it.

    Raises:
        UsageError: No run has finished yet, or there is no such run or are no such sales; says
            what there is.
    """
    with gold_set(declaration, run=run) as gold:
        return _answers(gold, month, store, top)


def _answers(gold: GoldSet, month: date | None, store: str | None, top: int | None) -> Answers:
    declaration = gold.declaration
    stores = _store_performance(gold)
    volume: Sequence[ProductByVolume]
    value: Sequence[ProductByValue]
    if month is None and store is None:
        months = _global_performance(gold)
        volume = _products(gold, "gold.top_selling_products", ProductByVolume)
        value = _products(gold, "gold.top_selling_products_by_revenue", ProductByValue)
    else:
        _check_choice(declaration, stores, month=month, store=store)
        chosen = _ChosenSales(gold, month, store)
        months, stores = chosen.global_performance(), chosen.store_performance(stores)
        volume, value = chosen.best_by_volume(), chosen.best_by_value()
    return Answers(
        run_id=gold.run.run_id,
        finished_at=gold.run.finished_at,
        currency=declaration.base_currency,
        month=month,
        store=store,
        global_performance=tuple(months),
        store_performance=tuple(stores),
        best_by_volume=tuple(volume[:top]),
        best_by_value=tuple(value[:top]),
        products=len(volume),
    )


def _global_performance(gold: GoldSet) -> list[MonthRevenue]:
    rows = gold.read("gold.revenue_per_month").to_pylist()
    return [MonthRevenue(_first_day(row), row["revenue"]) for row in rows]


def _store_performance(gold: GoldSet) -> list[StoreRevenue]:
    rows = gold.read("gold.revenue_per_month_and_shop").to_pylist()
    stores = [
        StoreRevenue(
            month=_first_day(row),
            store=row["store"],
            name=row["shop"],
            city=row["city"],
            country=row["country"],
            revenue=row["revenue"],
            rank=row["rank"],
        )
        for row in rows
    ]
    return sorted(stores, key=lambda row: (row.month, row.rank))


def _products(gold: GoldSet, table: str, kind: type[_Product]) -> list[_Product]:
    figures = [each.name for each in fields(kind)]
    return [kind(**row) for row in gold.read(table).select(figures).to_pylist()]


def _first_day(row: dict[str, Any]) -> date:
    return date(row["year"], row["month"], 1)


@dataclass(frozen=True)
class _ChosenSales:
    """The sales of one month, one store, or both.

    Attributes:
        gold: The gold tables of one run.
        month: The month to count, or None for all.
        store: The store to count, or None for all.
    """

    gold: GoldSet
    month: date | None
    store: str | None

    def global_performance(self) -> list[MonthRevenue]:
        """The revenue of each month, the earliest first."""
        by_month = _grouped(self._rows, "month")
        return [MonthRevenue(month, self._revenue(rows)) for (month,), rows in by_month]

    def store_performance(self, compared: Iterable[StoreRevenue]) -> list[StoreRevenue]:
        """The revenue per month and store, each with its rank among all stores of the month.

        Args:
            compared: The answer over everything, which holds names and ranks.
        """
        rows = dict(_grouped(self._rows, "month", "store"))
        return [
            replace(place, revenue=self._revenue(rows[place.month, place.store]))
            for place in compared
            if _is_chosen(place, self.month, self.store)
        ]

    def best_by_volume(self) -> list[ProductByVolume]:
        """The products by units, then by name."""
        ranked = sorted(self._sums, key=lambda row: (row.units.copy_negate(), row.product))
        return [replace(row, rank=rank) for rank, row in enumerate(ranked, start=1)]

    def best_by_value(self) -> list[ProductByValue]:
        """The products by shown revenue, then by name."""
        ranked = sorted(self._sums, key=lambda row: (row.revenue.copy_negate(), row.product))
        return [
            ProductByValue(rank, row.product, row.category, row.revenue, row.units)
            for rank, row in enumerate(ranked, start=1)
        ]

    @cached_property
    def _rows(self) -> list[_CubeRow]:
        cube = self.gold.cube()
        if self.month is not None:
            cube = cube.filter(pc.equal(cube["month"], self.month))
        if self.store is not None:
            cube = cube.filter(pc.equal(cube["store"], self.store))
        rows: list[_CubeRow] = cube.to_pylist()
        return rows

    @cached_property
    def _sums(self) -> list[ProductByVolume]:
        """The products, still without their ranks; their revenue is rounded."""
        return [self._sum(name, rows) for (name,), rows in _grouped(self._rows, "product")]

    def _sum(self, name: str, rows: Sequence[_CubeRow]) -> ProductByVolume:
        categories = [row["category"] for row in rows if row["category"] is not None]
        units = exact_sum(row["units"] for row in rows)
        return ProductByVolume(0, name, max(categories, default=None), units, self._revenue(rows))

    def _revenue(self, rows: Iterable[_CubeRow]) -> Decimal:
        exact = exact_sum(row["revenue"] for row in rows)
        return rounded(exact, self.gold.declaration.base_currency)


def _grouped(
    rows: Iterable[_CubeRow], *columns: str
) -> list[tuple[tuple[Any, ...], list[_CubeRow]]]:
    """The rows by their values in some columns, in the order of those values."""
    groups: dict[tuple[Any, ...], list[_CubeRow]] = {}
    for row in rows:
        groups.setdefault(tuple(row[column] for column in columns), []).append(row)
    return sorted(groups.items(), key=lambda group: group[0])


def _is_chosen(place: StoreRevenue, month: date | None, store: str | None) -> bool:
    return month in (None, place.month) and store in (None, place.store)


def _check_choice(
    declaration: Declaration,
    places: Sequence[StoreRevenue],
    *,
    month: date | None,
    store: str | None,
) -> None:
    """Checks that there are sales of a month and a store; declared stores count as known.

    Raises:
        UsageError: There are none; the message says what there is.
    """
    stores = sorted({place.store for place in places})
    known = {*stores, *declaration.stores}
    if store is not None and store not in known:
        raise UsageError(_no_such_store(store, sorted(known)))
    of_store = [place for place in places if _is_chosen(place, None, store)]
    if not any(_is_chosen(place, month, None) for place in of_store):
        raise UsageError(_no_such_sales(sorted({place.month for place in of_store}), month, store))


def _no_such_store(store: str, stores: Sequence[str]) -> str:
    meant = did_you_mean(store, stores)
    return f"--store: no such store, got {store!r}.{meant} The stores are {examples(stores)}."


def _no_such_sales(months: Sequence[date], month: date | None, store: str | None) -> str:
    whose = f" of {store}" if store else ""
    if not months:
        return f"--{'store' if store else 'month'}: there are no sales{whose} yet"
    first, last = months[0], months[-1]
    return (
        f"--month: no sales{whose} in {month:%Y-%m}; "
        f"there are sales in {len(months):,} months from {first:%Y-%m} to {last:%Y-%m}"
    )
