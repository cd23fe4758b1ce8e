"""Packs sums as a page holds them: columns of whole numbers, and places in lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sales_pipeline.analysis.measures import Cell, Measures
from sales_pipeline.exact import digits_of
from sales_pipeline.report.page.sold import Scales, SoldByStore

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


def packed_by_store(sums: Mapping[Place, Measures], scales: Scales) -> SoldByStore:
    """Returns the columns of sums by period, store and currency."""
    span, store, currency = ([place[at] for place in sums] for at in range(3))
    every = list(sums.values())
    return SoldByStore(
        packed(span), packed(store), packed(currency),
        packed(measures.sales for measures in every),
        packed((measures.units for measures in every), scales.units),
        packed((measures.amount for measures in every), scales.amount),
        packed((measures.revenue for measures in every), scales.revenue),
        packed((measures.revenue_returned for measures in every), scales.revenue),
    )  # fmt: skip
