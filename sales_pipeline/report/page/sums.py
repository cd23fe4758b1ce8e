"""Adds up what a page holds, and cuts it to the size that a mail allows.

The page of a large retailer would be too large. Then small stores and products are added up as
one, so that totals stay whole; `Limits` says how many are kept apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sales_pipeline.analysis.like_for_like import TradingDays
from sales_pipeline.analysis.measures import NONE, Cell, Measures
from sales_pipeline.analysis.periods import Period, months_later
from sales_pipeline.analysis.sales_of_run import SalesOfRun
from sales_pipeline.config.stores import Store
from sales_pipeline.report.page.sold import (
    Closed,
    ProductOfPage,
    Scales,
    Sold,
    SoldByProduct,
    SoldByStore,
    StoreOfPage,
)

_RATE_DECIMALS = 14
"""The decimals of a rate in `silver.exchange_rates`."""


@dataclass(frozen=True)
class Limits:
    """What a page keeps apart.

    Attributes:
        stores: How many stores; all if None.
        products: How many products; all if None.
        products_by_store: Whether products are kept by store, or over all stores only.
    """

    stores: int | None = None
    products: int | None = None
    products_by_store: bool = True


@dataclass(frozen=True)
class SoldCells:
    """The sums of the spans of a page, before they are cut to its size.

    Attributes:
        sales: The sales of the run.
        days: When the stores were open.
        declared: The declared stores.
        periods: The spans.
        by_store: The place of a span, with its sums by store and currency.
        by_product: The place of a span, with its sums by store, product and category.
    """

    sales: SalesOfRun
    days: TradingDays
    declared: Mapping[str, Store]
    periods: Sequence[Period]
    by_store: Sequence[tuple[int, Cell]]
    by_product: Sequence[tuple[int, Cell]]

    @classmethod
    def read(
        cls,
        sales: SalesOfRun,
        days: TradingDays,
        periods: Sequence[Period],
        declared: Mapping[str, Store],
    ) -> SoldCells:
        """Adds up the sales of some days; the spans may have days in common."""
        by_store, by_product = [], []
        for place, period in enumerate(periods):
            of_stores = sales.sums([period], "store", "currency")
            by_store += [(place, cell) for cell in of_stores]
            of_products = sales.sums([period], "store", "product", "category")
            by_product += [(place, cell) for cell in of_products]
        return cls(sales, days, declared, periods, by_store, by_product)

    def cut(self, limits: Limits) -> Sold:
        """Returns the sums as a page holds them."""
        stores, store_at = self._stores(limits.stores)
        products, product_at = self._products(limits.products)
        currencies = sorted({cell.values[1] for _, cell in self.by_store})
        currency_at = {currency: at for at, currency in enumerate(currencies)}
        sums = _added(
            ((span, store_at[cell.values[0]], currency_at[cell.values[1]]), cell.measures)
            for span, cell in self.by_store
        )
        of_products = _added(
            (
                (
                    span,
                    store_at[cell.values[0]] if limits.products_by_store else 0,
                    product_at[cell.values[1]],
                ),
                cell.measures,
            )
            for span, cell in self.by_product
        )
        every = [*sums.values(), *of_products.values()]
        scales = Scales(
            _decimals(each.units for each in every),
            _decimals(each.amount for each in every),
            _decimals(figure for each in every for figure in (each.revenue, each.revenue_returned)),
        )
        return Sold(
            scales, stores, products, tuple(currencies), _by_store(sums, scales),
            _by_product(of_products, scales), limits.products_by_store,
            self._day_rates(currencies),
        )  # fmt: skip

    def _stores(self, limit: int | None) -> tuple[tuple[StoreOfPage, ...], dict[str, int]]:
        """The stores, and the place of each; what never opened or closed may be added up."""
        revenues = _totals((cell.values[0], cell.measures.revenue) for _, cell in self.by_store)
        by_revenue = sorted(revenues, key=lambda store: (-revenues[store], store))
        stores = {store: self._store(store) for store in sorted(revenues)}
        steady = [
            store
            for store in by_revenue
            if not (stores[store].opened or stores[store].closed or stores[store].closures)
        ]
        added_up = set() if limit is None else {*steady[limit:]}
        kept = [stores[store] for store in stores if store not in added_up]
        places = {store.id: at for at, store in enumerate(kept)}
        if added_up:
            kept.append(StoreOfPage("", f"{len(added_up):,} other stores", "", len(added_up)))
        return tuple(kept), places | dict.fromkeys(added_up, len(kept) - 1)

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
                Closed(each.start, each.end, each.why)
                for each in (declared.closures if declared else ())
            ),
        )

    def _products(self, limit: int | None) -> tuple[tuple[ProductOfPage, ...], dict[str, int]]:
        """The products, and the place of each; those that sell best by either measure stay."""
        units = _totals((cell.values[1], cell.measures.units) for _, cell in self.by_product)
        revenues = _totals((cell.values[1], cell.measures.revenue) for _, cell in self.by_product)
        categories: dict[str, str] = {}
        for _, cell in self.by_product:
            name, category = cell.values[1], cell.values[2] or NONE
            categories[name] = max(categories.get(name, NONE), category)
        best = _best_of_both(units, revenues)
        names = sorted(best[:limit])
        kept = [ProductOfPage(name, categories[name]) for name in names]
        places = {name: at for at, name in enumerate(names)}
        others = [] if limit is None else best[limit:]
        if others:
            kept.append(ProductOfPage(f"{len(others):,} other products", "", len(others)))
        return tuple(kept), places | dict.fromkeys(others, len(kept) - 1)

    def _day_rates(self, currencies: Iterable[str]) -> dict[str, dict[int, str]]:
        rates: dict[str, dict[int, str]] = {}
        for currency in currencies:
            rates[currency] = {}
            for at, period in enumerate(self.periods):
                average = self.sales.average_rate(currency, period)
                if average is not None:
                    total = average * period.days * 10**_RATE_DECIMALS
                    rates[currency][at] = str(total.numerator)
        return rates


def _best_of_both(units: Mapping[str, Fraction], revenues: Mapping[str, Fraction]) -> list[str]:
    """Names by the better of their two places, by units and by revenue."""
    places: dict[str, int] = {}
    for figures in (units, revenues):
        for place, name in enumerate(sorted(figures, key=lambda name: (-figures[name], name))):
            places[name] = min(places.get(name, place), place)
    return sorted(places, key=lambda name: (places[name], name))


def _totals(figures: Iterable[tuple[str, Decimal]]) -> dict[str, Fraction]:
    totals: dict[str, Fraction] = {}
    for name, figure in figures:
        totals[name] = totals.get(name, Fraction(0)) + Fraction(figure)
    return totals


_Place = tuple[int, int, int]


def _added(cells: Iterable[tuple[_Place, Measures]]) -> dict[_Place, Measures]:
    """The sums of each place, in order."""
    sums: dict[_Place, Measures] = {}
    for place, measures in cells:
        sums[place] = sums[place].plus(measures) if place in sums else measures
    return dict(sorted(sums.items()))


def _decimals(figures: Iterable[Decimal]) -> int:
    """How many decimals the figures need, without zeros at their end."""
    return max((_needed(figure) for figure in figures), default=0)


def _needed(figure: Decimal) -> int:
    text = f"{figure:f}"
    return len(text.partition(".")[2].rstrip("0"))


def _packed(figures: Iterable[Decimal | int], decimals: int = 0) -> str:
    return " ".join(str(int(Fraction(figure) * 10**decimals)) for figure in figures)


def _by_store(sums: Mapping[_Place, Measures], scales: Scales) -> SoldByStore:
    span, store, currency = ([place[at] for place in sums] for at in range(3))
    every = list(sums.values())
    return SoldByStore(
        _packed(span), _packed(store), _packed(currency),
        _packed(each.sales for each in every),
        _packed((each.units for each in every), scales.units),
        _packed((each.amount for each in every), scales.amount),
        _packed((each.revenue for each in every), scales.revenue),
        _packed((each.revenue_returned for each in every), scales.revenue),
    )  # fmt: skip


def _by_product(sums: Mapping[_Place, Measures], scales: Scales) -> SoldByProduct:
    span, store, product = ([place[at] for place in sums] for at in range(3))
    every = list(sums.values())
    return SoldByProduct(
        _packed(span), _packed(store), _packed(product),
        _packed((each.units for each in every), scales.units),
        _packed((each.revenue for each in every), scales.revenue),
    )  # fmt: skip
