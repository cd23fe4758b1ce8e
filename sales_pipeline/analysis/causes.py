"""Why revenue changed between two periods, as causes that add up to the change exactly.

The sales of a store that was not open in the whole of both periods are a cause of their own, and
so are products that sold in one of the periods only. For the rest, what exchange rates changed is
`revenue now - amount now x rate before`. Everything else is at the rates of the compared period:
returns are the change of what was paid back, and the change of gross revenue is divided by the
usual price, volume and mix analysis, over each store, product and currency:

- volume: (units now - units before) x average price before
- mix: (units of the cell now - before) x (price of the cell before - average price before)
- price: units of the cell now x (price of the cell now - price of the cell before)

Prices are gross revenue by gross units. A cell that did not sell before has its price of now in
both places, so all of it is mix. Source: docs/figures.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import reduce

from sales_pipeline.analysis.comparison import ConstantRates, Pair, constant_rates
from sales_pipeline.analysis.like_for_like import Trading, TradingDays
from sales_pipeline.analysis.measures import Cell, Measures
from sales_pipeline.analysis.parts import Change, adding_up, half_up
from sales_pipeline.analysis.sales_of_run import ALL, Choice, SalesOfRun


class Cause(StrEnum):
    """A cause of a change of revenue."""

    VOLUME = "volume"
    PRICE = "price"
    MIX = "mix"
    CURRENCY = "currency"
    NEW_STORES = "new stores"
    CLOSED_STORES = "closed stores"
    INTERRUPTED_STORES = "interrupted stores"
    NEW_PRODUCTS = "new products"
    DISCONTINUED_PRODUCTS = "discontinued products"
    RETURNS = "returns"


_OF_STORES = {
    Trading.NEW: Cause.NEW_STORES,
    Trading.CLOSED: Cause.CLOSED_STORES,
    Trading.INTERRUPTED: Cause.INTERRUPTED_STORES,
}


@dataclass(frozen=True)
class RoundedCauses:
    """The causes of a change of revenue, rounded as they are shown.

    Attributes:
        now: The revenue of the period.
        before: The revenue of the compared period.
        parts: The causes that changed anything; their parts add up to `change`.
    """

    now: Decimal
    before: Decimal
    parts: Mapping[Cause, Decimal]

    @property
    def change(self) -> Decimal:
        """The revenue minus the revenue before, both as shown."""
        return self.now - self.before


@dataclass(frozen=True)
class Causes:
    """The causes of the change of revenue between two periods, unrounded.

    Attributes:
        pair: The two periods.
        change: The revenue of both, unrounded.
        parts: The part of each cause, in the base currency, unrounded; they add up to the change.
        sources: What each part comes from, by name: of currency its currencies, of new, closed and
            interrupted stores the stores, of all other causes the products. They add up to it.
        rates: The exchange rates that "at the rates of the compared period" means.
    """

    pair: Pair
    change: Change
    parts: Mapping[Cause, Fraction]
    sources: Mapping[Cause, Mapping[str, Fraction]]
    rates: ConstantRates

    def rounded(self, decimals: int) -> RoundedCauses:
        """Returns the causes rounded half up to some decimals, so that they add up as shown."""
        now, before = (
            half_up(Fraction(revenue), decimals)
            for revenue in (self.change.now, self.change.before)
        )
        exact = {cause: part for cause, part in self.parts.items() if part}
        shown = adding_up([*exact.values()], now - before, decimals) if exact else []
        return RoundedCauses(now, before, dict(zip(exact, shown, strict=True)))


@dataclass(frozen=True)
class _Goods:
    """Gross sales of one store, product and currency in both periods, at constant rates."""

    units: Fraction
    revenue: Fraction
    units_before: Fraction
    revenue_before: Fraction

    @property
    def price_before(self) -> Fraction:
        """Gross revenue per gross unit before; if nothing sold before, the present one."""
        if self.units_before:
            return self.revenue_before / self.units_before
        return self.revenue / self.units if self.units else Fraction(0)


_Place = tuple[str, str, str]
"""Store, product and currency."""
_Sold = dict[_Place, Measures]
_PRODUCT = 1
_SOURCE = {Cause.CURRENCY: 2, **dict.fromkeys(_OF_STORES.values(), 0)}
"""Cause -> which part of a place its sources are; products for the others."""


def causes_of_change(
    sales: SalesOfRun, days: TradingDays, pair: Pair, *, choice: Choice = ALL
) -> Causes:
    """Divides the change of revenue between two periods by its causes.

    Args:
        sales: The sales of a run.
        days: When the stores were open.
        pair: The two periods.
        choice: Which sales count.

    Raises:
        ValueError: The period is compared with none.
    """
    now, before, rates = _sold(sales, pair, choice)
    return _causes(days, pair, now, before, rates)


def causes_by_store(sales: SalesOfRun, days: TradingDays, pair: Pair) -> dict[str, Causes]:
    """Divides the change of each store that sold in one of two periods, each by itself.

    Args:
        sales: The sales of a run.
        days: When the stores were open.
        pair: The two periods.

    Raises:
        ValueError: The period is compared with none.
    """
    now, before, rates = _sold(sales, pair, ALL)
    of_stores: dict[str, tuple[_Sold, _Sold]] = {}
    for at, sold in enumerate((now, before)):
        for place, measures in sold.items():
            of_stores.setdefault(place[0], ({}, {}))[at][place] = measures
    return {store: _causes(days, pair, *own, rates) for store, own in sorted(of_stores.items())}


def _sold(sales: SalesOfRun, pair: Pair, choice: Choice) -> tuple[_Sold, _Sold, ConstantRates]:
    """The sales of both periods by place, and the exchange rates of the compared one."""
    if pair.before is None:
        raise ValueError(f"{pair.period.name}: is compared with no other period")
    by = ("store", "product", "currency")
    now = _measures(sales.sums([pair.period], *by, choice=choice))
    before = _measures(sales.sums([pair.before], *by, choice=choice))
    of_all = sales.sums([pair.before], "store", "currency")
    return now, before, constant_rates(sales, pair.before, of_all, {place[2] for place in now})


def _causes(
    days: TradingDays, pair: Pair, now: _Sold, before: _Sold, rates: ConstantRates
) -> Causes:
    products, products_before = _products(now, days, pair), _products(before, days, pair)
    goods: dict[_Place, _Goods] = {}
    sources: dict[Cause, dict[str, Fraction]] = {cause: {} for cause in Cause}

    def add(cause: Cause, place: _Place, part: Fraction) -> None:
        source = place[_SOURCE.get(cause, _PRODUCT)]
        sources[cause][source] = sources[cause].get(source, Fraction(0)) + part

    for place in sorted({*now, *before}):
        sold, earlier = now.get(place, Measures()), before.get(place, Measures())
        cause = _whole_cause(place, days, pair, products, products_before)
        if cause is not None:
            add(cause, place, Fraction(sold.revenue) - Fraction(earlier.revenue))
            continue
        rate = _rate(rates, place[2], sold)
        constant = Fraction(sold.amount) * rate
        returned = Fraction(sold.amount_returned) * rate
        add(Cause.CURRENCY, place, Fraction(sold.revenue) - constant)
        add(Cause.RETURNS, place, returned - Fraction(earlier.revenue_returned))
        goods[place] = _Goods(
            Fraction(sold.units) - Fraction(sold.units_returned),
            constant - returned,
            Fraction(earlier.units) - Fraction(earlier.units_returned),
            Fraction(earlier.gross),
        )
    for cause, place, part in _price_volume_mix(goods):
        add(cause, place, part)
    parts = {cause: sum(own.values(), Fraction(0)) for cause, own in sources.items()}
    change = Change(_revenue(now), _revenue(before))
    return Causes(pair, change, parts, sources, rates)


def _measures(cells: Iterable[Cell]) -> _Sold:
    return {(cell.values[0], cell.values[1], cell.values[2]): cell.measures for cell in cells}


def _products(places: Iterable[_Place], days: TradingDays, pair: Pair) -> set[str]:
    """The products that sold in comparable stores."""
    return {
        product for store, product, _ in places if days.trading(store, pair) is Trading.COMPARABLE
    }


def _whole_cause(
    place: _Place, days: TradingDays, pair: Pair, products: set[str], before: set[str]
) -> Cause | None:
    """The cause of the whole change of a place, if its store or its product explains it."""
    store, product, _ = place
    if (trading := days.trading(store, pair)) in _OF_STORES:
        return _OF_STORES[trading]
    if product not in before:
        return Cause.NEW_PRODUCTS
    return None if product in products else Cause.DISCONTINUED_PRODUCTS


def _rate(rates: ConstantRates, currency: str, sold: Measures) -> Fraction:
    """The rate of the compared period; if none is known, the one that the sales took."""
    if currency in rates.rates:
        return rates.rates[currency]
    return Fraction(sold.revenue) / Fraction(sold.amount) if sold.amount else Fraction(0)


def _price_volume_mix(goods: Mapping[_Place, _Goods]) -> Iterator[tuple[Cause, _Place, Fraction]]:
    """Divides the change of gross revenue of each place."""
    units_before = sum((sold.units_before for sold in goods.values()), Fraction(0))
    revenue_before = sum((sold.revenue_before for sold in goods.values()), Fraction(0))
    average = revenue_before / units_before if units_before else Fraction(0)
    for place, sold in goods.items():
        at_price_before = sold.units * sold.price_before
        volume = (sold.units - sold.units_before) * average
        yield Cause.VOLUME, place, volume
        yield Cause.MIX, place, at_price_before - sold.revenue_before - volume
        yield Cause.PRICE, place, sold.revenue - at_price_before


def _revenue(measures: Mapping[_Place, Measures]) -> Decimal:
    return reduce(Measures.plus, measures.values(), Measures()).revenue
