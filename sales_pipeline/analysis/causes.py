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
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import reduce

from sales_pipeline.analysis.comparison import ConstantRates, Pair, constant_rates
from sales_pipeline.analysis.like_for_like import Trading, TradingDays
from sales_pipeline.analysis.measures import Cell, Measures
from sales_pipeline.analysis.parts import FractionSum, adding_up
from sales_pipeline.analysis.sales_of_run import ALL, Choice, SalesOfRun
from sales_pipeline.exact import EXACT, exact_sum, half_up


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
        parts: The causes that changed anything; their parts add up to the change.
    """

    now: Decimal
    before: Decimal
    parts: Mapping[Cause, Decimal]


@dataclass(frozen=True)
class Causes:
    """The causes of the change of revenue between two periods, unrounded.

    Attributes:
        pair: The two periods.
        now: The revenue of the period, unrounded.
        before: The revenue of the compared period, unrounded.
        parts: The part of each cause, in the base currency, unrounded; they add up to the change.
        sources: What each part comes from, by name: of currency its currencies, of new, closed and
            interrupted stores the stores, of all other causes the products. They add up to it.
        rates: The exchange rates that "at the rates of the compared period" means.
    """

    pair: Pair
    now: Decimal
    before: Decimal
    parts: Mapping[Cause, Fraction]
    sources: Mapping[Cause, Mapping[str, Fraction]]
    rates: ConstantRates

    def rounded(self, decimals: int) -> RoundedCauses:
        """Returns the causes rounded half up to some decimals, so that they add up as shown."""
        now, before = half_up(self.now, decimals), half_up(self.before, decimals)
        exact = {cause: part for cause, part in self.parts.items() if part}
        shown = adding_up([*exact.values()], now - before, decimals) if exact else []
        return RoundedCauses(now, before, dict(zip(exact, shown, strict=True)))


@dataclass
class _Goods:
    """A product in one currency, over the comparable stores.

    Attributes:
        now: What was sold in the period.
        before: What was sold in the compared period.
        at_price_before: What the units of the period would have brought before returns, if each
            store had sold them at its price before.
    """

    now: Measures = field(default_factory=Measures)
    before: Measures = field(default_factory=Measures)
    at_price_before: FractionSum = field(default_factory=FractionSum)


_Place = tuple[str, str, str]
"""Store, product and currency."""
_Sold = dict[_Place, Measures]


def causes_of_change(
    sales: SalesOfRun, days: TradingDays, pair: Pair, *, choice: Choice = ALL
) -> Causes:
    """Divides the change of revenue between two periods by its causes.

    Raises:
        ValueError: The period is compared with none.
    """
    now, before, rates = _sold(sales, pair, choice)
    return _causes(days, pair, now, before, rates)


def causes_by_store(sales: SalesOfRun, days: TradingDays, pair: Pair) -> dict[str, Causes]:
    """Divides the change of each store that sold in one of two periods, each by itself.

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
    traded = {store: days.trading(store, pair) for store, _, _ in {**now, **before}}
    products, products_before = (_products(sold, traded) for sold in (now, before))
    goods: dict[tuple[str, str], _Goods] = {}
    sums: dict[Cause, dict[str, FractionSum]] = {cause: {} for cause in Cause}

    def add(cause: Cause, source: str, part: Fraction) -> None:
        sums[cause].setdefault(source, FractionSum()).add(part)

    for place in sorted({*now, *before}):
        store, product, currency = place
        sold, earlier = now.get(place, Measures()), before.get(place, Measures())
        change = Fraction(EXACT.subtract(sold.revenue, earlier.revenue))
        if traded[store] in _OF_STORES:
            add(_OF_STORES[traded[store]], store, change)
        elif product not in products_before:
            add(Cause.NEW_PRODUCTS, product, change)
        elif product not in products:
            add(Cause.DISCONTINUED_PRODUCTS, product, change)
        else:
            own = goods.setdefault((product, currency), _Goods())
            own.now, own.before = own.now.plus(sold), own.before.plus(earlier)
            rate = rates.rates.get(currency)
            own.at_price_before.add(_at_price_before(sold, earlier, rate))
    for cause, source, part in _causes_of_goods(goods, rates):
        add(cause, source, part)
    parts = {cause: _total(own.values()) for cause, own in sums.items()}
    sources = {
        cause: {source: own.total for source, own in of_cause.items()}
        for cause, of_cause in sums.items()
    }
    return Causes(pair, _revenue(now), _revenue(before), parts, sources, rates)


def _total(sums: Iterable[FractionSum]) -> Fraction:
    of_all = FractionSum()
    for own in sums:
        of_all.add_all(own)
    return of_all.total


def _measures(cells: Iterable[Cell]) -> _Sold:
    return {(cell.values[0], cell.values[1], cell.values[2]): cell.measures for cell in cells}


def _products(places: Iterable[_Place], traded: Mapping[str, Trading]) -> set[str]:
    """The products that sold in comparable stores."""
    return {product for store, product, _ in places if traded[store] is Trading.COMPARABLE}


def _at_rate(sold: Measures, rate: Fraction | None) -> tuple[Fraction, Fraction]:
    """Revenue, and the part of it that was paid back, at a rate; without one as they are."""
    if rate is None:
        return Fraction(sold.revenue), Fraction(sold.revenue_returned)
    return Fraction(sold.amount) * rate, Fraction(sold.amount_returned) * rate


def _gross_units(sold: Measures) -> Decimal:
    return EXACT.subtract(sold.units, sold.units_returned)


def _at_price_before(sold: Measures, earlier: Measures, rate: Fraction | None) -> Fraction:
    """The revenue of the units of a store at its price before, or else at the present one."""
    units, units_before = _gross_units(sold), _gross_units(earlier)
    if units_before:
        return Fraction(units) * Fraction(earlier.gross) / Fraction(units_before)
    revenue, returned = _at_rate(sold, rate)
    return revenue - returned if units else Fraction(0)


def _causes_of_goods(
    goods: Mapping[tuple[str, str], _Goods], rates: ConstantRates
) -> Iterator[tuple[Cause, str, Fraction]]:
    """Divides the change of each product and currency, with the source of each part."""
    units_before = exact_sum(_gross_units(own.before) for own in goods.values())
    revenue_before = exact_sum(own.before.gross for own in goods.values())
    average = Fraction(revenue_before) / Fraction(units_before) if units_before else Fraction(0)
    for (product, currency), own in goods.items():
        constant, returned = _at_rate(own.now, rates.rates.get(currency))
        yield Cause.CURRENCY, currency, Fraction(own.now.revenue) - constant
        yield Cause.RETURNS, product, returned - Fraction(own.before.revenue_returned)
        more = EXACT.subtract(_gross_units(own.now), _gross_units(own.before))
        volume, at_price_before = Fraction(more) * average, own.at_price_before.total
        yield Cause.VOLUME, product, volume
        yield Cause.MIX, product, at_price_before - Fraction(own.before.gross) - volume
        yield Cause.PRICE, product, constant - returned - at_price_before


def _revenue(measures: Mapping[_Place, Measures]) -> Decimal:
    return reduce(Measures.plus, measures.values(), Measures()).revenue
