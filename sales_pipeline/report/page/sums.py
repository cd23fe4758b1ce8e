"""Adds up what a page holds, and cuts it to the size that a mail allows.

The page of a large retailer would be too large. Then small stores and products are added up as
one, so that totals stay whole; `Limits` says how many are kept apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.analysis.like_for_like import TradingDays
from sales_pipeline.analysis.measures import NONE, Cell, Measures
from sales_pipeline.analysis.periods import Period, months_later, span
from sales_pipeline.analysis.records_of_run import RATE_DECIMALS
from sales_pipeline.analysis.sales_of_run import SalesOfRun
from sales_pipeline.config.stores import Store
from sales_pipeline.report.page.sold import (
    Closed,
    ProductOfPage,
    Sold,
    SoldByProduct,
    SoldByStore,
    StoreOfPage,
    packed_sums,
    placed,
    scales_of,
)


@dataclass(frozen=True)
class Limits:
    """Limits of a page: how many stores and products it shows one by one.

    Attributes:
        stores: How many stores; all if None.
        products: How many products; all if None.
        products_by_store: Whether products are kept by store, or over all stores only.
        categories: Whether the products that are added up are told apart by category.
    """

    stores: int | None = None
    products: int | None = None
    products_by_store: bool = True
    categories: bool = True


@dataclass(frozen=True)
class SalesOfPage:
    """The sales that a page adds up.

    Attributes:
        sales: The sales of the run.
        days: When the stores were open.
        declared: The declared stores.
        periods: The days of each span, in order; they may have days in common.
    """

    sales: SalesOfRun
    days: TradingDays
    declared: Mapping[str, Store]
    periods: Sequence[Period]

    def least_rows(self, limits: Limits) -> int:
        """Returns about how many sums a page has at least, without adding up."""
        if not limits.products_by_store:
            return 0
        months = pc.and_(
            pc.greater_equal(self.sales.cube["month"], self.whole.first),
            pc.less_equal(self.sales.cube["month"], self.whole.last),
        )
        if limits.products is not None:
            months = pc.and_(months, _is_in(self.sales.cube["product"], self._best(limits)))
        count: int = pc.sum(months).as_py() or 0
        return count

    def cut(self, limits: Limits) -> Sold:
        """Returns the sums as a page holds them."""
        stores, products = self._kept_stores(limits), self._best(limits)
        cut = partial(_cut, stores=stores, products=products, has_categories=limits.categories)
        merged = replace(
            self.sales,
            daily=_merged(self.sales.daily, "store", stores),
            cube=cut(self.sales.cube),
            product_days=lambda first, last: cut(self.sales.product_days(first, last)),
        )
        currencies = [*self.sales.daily["currency"].unique().sort().to_pylist()]
        by_store = merged.sums(self.periods, "store", "currency")
        by = ("store", "product", "category") if limits.products_by_store else _ENTRY
        by_product = merged.sums(self.periods, *by)
        entries = sorted({_entry(cell) for cell in by_product}, key=_others_last)
        sold = placed(by_store, stores, currencies, lambda cell: cell.values[1])
        known = stores if limits.products_by_store else []
        of_products = placed(by_product, known, entries, _entry)
        every = [*sold.values(), *of_products.values()]
        scales = scales_of(every, sold.values())
        return Sold(
            scales, self._stores(stores),
            tuple(ProductOfPage(name or "", category) for name, category in entries),
            len({name for name, _, _ in self._by_product}) - len(products),
            tuple(sorted({category for _, category in entries})), limits.categories,
            tuple(currencies), packed_sums(SoldByStore, sold, scales),
            packed_sums(SoldByProduct, of_products, scales),
            limits.products_by_store, self._day_rates(currencies),
        )  # fmt: skip

    @cached_property
    def whole(self) -> Period:
        """All days of the spans."""
        return span(self.periods[0].first, max(period.last for period in self.periods))

    @cached_property
    def _by_store(self) -> dict[str, Measures]:
        """Store -> its sales in all spans, stores in order."""
        return {cell.values[0]: cell.measures for cell in self._in_all("store")}

    @cached_property
    def _by_product(self) -> list[tuple[str, str, Measures]]:
        """Product, category and their sales in all spans."""
        cells = self._in_all("product", "category")
        return [(cell.values[0], cell.values[1] or NONE, cell.measures) for cell in cells]

    def _in_all(self, *by: str) -> Sequence[Cell]:
        return self.sales.sums([self.whole], *by)

    def _kept_stores(self, limits: Limits) -> list[str]:
        """The ids of stores that stay apart; what never opened or closed may be added up."""
        sold = self._by_store
        by_revenue = sorted(sold, key=lambda store: (-sold[store].revenue, store))
        moving = {store for store in sold if _has_moved(self._store(store))}
        steady = [store for store in by_revenue if store not in moving]
        return sorted({*moving, *steady[: limits.stores]})

    def _stores(self, kept: Sequence[str]) -> tuple[StoreOfPage, ...]:
        stores = [self._store(store) for store in kept]
        if others := len(self._by_store) - len(kept):
            stores.append(StoreOfPage("", f"{others:,} other stores", "", others))
        return tuple(stores)

    def _store(self, store: str) -> StoreOfPage:
        declared = self.declared.get(store)
        opened = self.days.opened(store)
        months = self.days.after_months
        return StoreOfPage(
            id=store,
            name=declared.name if declared else store,
            place=f"{declared.city}, {declared.country}" if declared else "",
            opened=opened,
            comparable_from=opened and months_later(opened, months),
            closed=declared.closed if declared else None,
            closures=tuple(
                Closed(closure.start, closure.end, closure.why)
                for closure in (declared.closures if declared else ())
            ),
        )

    def _best(self, limits: Limits) -> list[str]:
        """The products that the page shows one by one: the best sellers of either measure."""
        return sorted(self._by_either_measure[: limits.products])

    @cached_property
    def _by_either_measure(self) -> list[str]:
        """Products by the better of their two places, by units and by revenue."""
        places: dict[str, int] = {}
        for measure in ("units", "revenue"):
            figures: dict[str, Fraction] = {}
            for name, _, sold in self._by_product:
                figures[name] = figures.get(name, Fraction(0)) + Fraction(getattr(sold, measure))
            order = sorted(figures, key=lambda name: (-figures[name], name))
            for place, name in enumerate(order):
                places[name] = min(places.get(name, place), place)
        return sorted(places, key=lambda name: (places[name], name))

    def _day_rates(self, currencies: Iterable[str]) -> dict[str, dict[int, str]]:
        rates: dict[str, dict[int, str]] = {}
        for currency in currencies:
            rates[currency] = {}
            for at, period in enumerate(self.periods):
                average = self.sales.average_rate(currency, period)
                if average is not None:
                    total = average * period.days * 10**RATE_DECIMALS
                    rates[currency][at] = str(total.numerator)
        return rates


def _has_moved(store: StoreOfPage) -> bool:
    return bool(store.opened or store.closed or store.closures)


def _is_in(column: pa.ChunkedArray, names: Sequence[str]) -> pa.ChunkedArray:
    return pc.is_in(column, pa.array(names, pa.string()))


_Entry = tuple[str | None, str]
"""A product and its category; without a product, all other ones of the category."""
_ENTRY = ("product", "category")


def _entry(cell: Cell) -> _Entry:
    return cell.values[-2], cell.values[-1] or NONE


def _others_last(entry: _Entry) -> tuple[bool, str, str]:
    return entry[0] is None, entry[0] or "", entry[1]


def _merged(table: pa.Table, column: str, kept: Sequence[str]) -> pa.Table:
    """A table in which all other values of a column are one: null."""
    values = table[column].cast(pa.string())
    return _with(table, column, _or_null(_is_in(values, kept), values))


def _cut(
    cube: pa.Table, *, stores: Sequence[str], products: Sequence[str], has_categories: bool
) -> pa.Table:
    """A cube in which all other stores are one, and all other products of a category, or of all."""
    cube = _merged(_merged(cube, "store", stores), "product", products)
    if has_categories:
        return cube
    categories = cube["category"].cast(pa.string())
    return _with(cube, "category", _or_null(pc.is_valid(cube["product"]), categories))


def _or_null(condition: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(condition, values, pa.scalar(None, pa.string()))


def _with(table: pa.Table, column: str, values: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.schema.get_field_index(column), column, values)
