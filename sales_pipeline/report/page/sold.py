"""The sums that a page holds, exact and packed, so that it computes every choice without a server.

A figure is an integer: its decimals are the same in the whole page, see `Scales`. The columns of a
table are texts, their values apart by spaces. That is short and read at once by a browser, which
adds up integers of any length without rounding.

`sums` makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from sales_pipeline.analysis.measures import Cell, Measures
from sales_pipeline.exact import digits_of

Packed = TypeVar("Packed", "SoldByStore", "SoldByProduct")
Place = tuple[int, ...]
"""The places of a sum: of its period, its store, and a third value."""


def scales_of(every: Iterable[Measures], with_amounts: Iterable[Measures]) -> Scales:
    """Returns the decimals that some sums need; only some of them are shown with their amounts."""
    sums = list(every)
    return Scales(
        _decimals(measures.units for measures in sums),
        _decimals(measures.amount for measures in with_amounts),
        _decimals(
            figure for measures in sums for figure in (measures.revenue, measures.revenue_returned)
        ),
    )


def placed(
    cells: Iterable[Cell], stores: Sequence[str], values: Sequence[Any], of: Callable[[Cell], Any]
) -> dict[Place, Measures]:
    """Returns sums by the places of their period, store and value.

    Other stores have the last place; without stores, all have the first.
    """
    store_at = {store: place for place, store in enumerate(stores)}
    value_at = {value: place for place, value in enumerate(values)}
    sums: dict[Place, Measures] = {}
    for cell in cells:
        store = store_at.get(cell.values[0], len(stores)) if stores else 0
        place = (cell.period, store, value_at[of(cell)])
        sums[place] = sums.get(place, Measures()).plus(cell.measures)
    return dict(sorted(sums.items()))


def _decimals(figures: Iterable[Decimal]) -> int:
    """Number of decimals that the figures need, without zeros at their end."""
    return max((_needed(figure) for figure in figures), default=0)


def _needed(figure: Decimal) -> int:
    text = f"{figure:f}"
    return len(text.partition(".")[2].rstrip("0"))


def packed(figures: Iterable[Decimal | int], decimals: int = 0) -> str:
    """Returns a column: figures as whole numbers that count 1 / 10 ** decimals."""
    return " ".join(str(digits_of(Decimal(figure), decimals)) for figure in figures)


def packed_sums(kind: type[Packed], sums: Mapping[Place, Measures], scales: Scales) -> Packed:
    """Returns sums as columns: the three places of each, then the measures that the kind names."""
    decimals = {"sales": 0, **vars(scales), "revenue_returned": scales.revenue}
    places = [packed(place[at] for place in sums) for at in range(3)]
    measures = [
        packed((getattr(own, column.name) for own in sums.values()), decimals[column.name])
        for column in fields(kind)[3:]
    ]
    return kind(*places, *measures)


@dataclass(frozen=True)
class Scales:
    """The decimals of the figures of a page."""

    units: int
    amount: int
    revenue: int


@dataclass(frozen=True)
class Closed:
    """Some days on which a store was closed."""

    first: date
    last: date
    why: str | None


@dataclass(frozen=True)
class StoreOfPage:
    """A store of the page, or several small ones that are added up.

    Attributes:
        id: Its id; empty for several stores.
        name: The name to show.
        place: Its city and country.
        stores: The number of stores.
        opened: Its first day, if it was not open all the time.
        comparable_from: The first day from which it was open long enough, as declared.
        closed: The first day after it closed for good.
        closures: Days on which it was closed.
    """

    id: str
    name: str
    place: str
    stores: int = 1
    opened: date | None = None
    comparable_from: date | None = None
    closed: date | None = None
    closures: tuple[Closed, ...] = ()


@dataclass(frozen=True)
class ProductOfPage:
    """A product in a category, or several products of a category that are added up.

    Attributes:
        name: The name of the product; empty for several.
        category: Its category; empty if it has none, or if categories are not told apart.
    """

    name: str
    category: str


@dataclass(frozen=True)
class SoldByStore:
    """Columns of the sums by span, store and currency; the first three are places in lists."""

    span: str
    store: str
    currency: str
    sales: str
    units: str
    amount: str
    revenue: str
    revenue_returned: str


@dataclass(frozen=True)
class SoldByProduct:
    """Columns of the sums by span, store and product; without stores, all count as the first."""

    span: str
    store: str
    product: str
    units: str
    revenue: str


@dataclass(frozen=True)
class Sold:
    """The sales in the spans of a page.

    Attributes:
        scales: The decimals of all figures.
        stores: The stores, by id; the sum of the remaining ones comes last.
        products: The products, by name and category; the sums of the remaining ones come last.
        other_products: The number of the remaining products.
        categories: The categories, by name.
        has_categories: Whether the remaining products are told apart by category.
        currencies: The codes of the currencies.
        by_store: Sums by span, store and currency.
        by_product: Sums by span, store and product.
        products_by_store: Whether the latter tell stores apart.
        day_rates: Currency -> place of a span -> the rates of its days, added up, in
            1 / 10 ** 14; without spans that have a day without a rate.
    """

    scales: Scales
    stores: tuple[StoreOfPage, ...]
    products: tuple[ProductOfPage, ...]
    other_products: int
    categories: tuple[str, ...]
    has_categories: bool
    currencies: tuple[str, ...]
    by_store: SoldByStore
    by_product: SoldByProduct
    products_by_store: bool
    day_rates: Mapping[str, Mapping[int, str]]
