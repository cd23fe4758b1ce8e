"""The best sellers of a range of days, by units and by revenue, as the answers show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any

from sales_pipeline.analysis.comparison import Pair
from sales_pipeline.analysis.measures import Measures
from sales_pipeline.analysis.parts import growth
from sales_pipeline.analysis.ranking import Kind, Measure, Ranked, Ranking
from sales_pipeline.analysis.sales_of_run import Choice, SalesOfRun
from sales_pipeline.config.model import Declaration
from sales_pipeline.exact import exact_sum, half_up, share, shown_amounts
from sales_pipeline.report.answers import ProductByValue, ProductByVolume, RankingTotal


@dataclass(frozen=True)
class Rankings:
    """The two rankings, under the names that they have in `Answers`."""

    best_by_volume: tuple[ProductByVolume, ...]
    best_by_value: tuple[ProductByValue, ...]
    left: tuple[ProductByValue, ...]
    left_by_volume: tuple[ProductByVolume, ...]
    volume_total: RankingTotal
    value_total: RankingTotal
    products: int


@dataclass(frozen=True)
class BestSellers:
    """Ranks the best sellers and cuts the rankings to the wanted length.

    Attributes:
        declaration: What the retailer declares: the base currency, and the limits of the classes.
        kind: Products or categories.
        top: How many the rankings hold from the top; all if None.
        bottom: How many they hold from the bottom instead.
    """

    declaration: Declaration
    kind: Kind
    top: int | None
    bottom: int | None

    def rankings(self, sales: SalesOfRun, pair: Pair, choice: Choice) -> Rankings:
        """Ranks the chosen sales of a period, with their ranks in the compared period."""
        volume, value = (self._ranked(measure, sales, pair, choice) for measure in Measure)
        sold = sum(not row.has_left for row in value)
        return Rankings(
            tuple(self._by_volume(row) for row in self._cut(volume[:sold])),
            tuple(self._by_value(row) for row in self._cut(value[:sold])),
            tuple(map(self._by_value, value[sold:])),
            tuple(map(self._by_volume, volume[sold:])),
            self._total(Measure.VOLUME, volume),
            self._total(Measure.VALUE, value),
            sold,
        )

    def _ranked(
        self, measure: Measure, sales: SalesOfRun, pair: Pair, choice: Choice
    ) -> list[Ranked]:
        classes, minor_units = self.declaration.classes, self.declaration.minor_units
        return Ranking(measure, minor_units, self.kind, classes).ranked(sales, pair, choice)

    def _cut(self, rows: Sequence[Ranked]) -> Sequence[Ranked]:
        return rows[: self.top] if self.bottom is None else rows[-self.bottom :]

    def _by_volume(self, row: Ranked) -> ProductByVolume:
        return ProductByVolume(**self._product(row, Measure.VOLUME))

    def _by_value(self, row: Ranked) -> ProductByValue:
        return ProductByValue(**self._product(row, Measure.VALUE))

    def _product(self, row: Ranked, measure: Measure) -> dict[str, Any]:
        return {
            "rank": row.rank,
            "product": row.name,
            "category": row.category,
            "share": row.share,
            "cumulative_share": row.cumulative_share,
            "abc": row.abc,
            "rank_before": row.rank_before,
            **self._figures(row),
            **self._change(measure, [row]),
        }

    def _figures(self, row: Ranked) -> dict[str, Decimal]:
        """The figures of a product as shown, which can be added up."""
        sold, decimals = row.now, self.declaration.minor_units
        amounts = shown_amounts(sold.revenue, sold.revenue_returned, decimals)
        return {"units": sold.units, **amounts}

    def _change(self, measure: Measure, rows: Sequence[Ranked]) -> dict[str, Any]:
        """The figures of some products before, as shown, and the change of the ranked figure."""
        before = [row.before for row in rows if row.before is not None]
        if len(before) < len(rows) or not rows:
            return dict.fromkeys(("units_before", "revenue_before", "change", "growth"))
        units = exact_sum(measures.units for measures in before)
        revenue = exact_sum(self._shown(measures.revenue) for measures in before)
        if measure is Measure.VOLUME:
            change = exact_sum(row.now.units for row in rows) - units
        else:
            change = exact_sum(self._shown(row.now.revenue) for row in rows) - revenue
        return {
            "units_before": units,
            "revenue_before": revenue,
            "change": change,
            "growth": growth(_exact(measure, [row.now for row in rows]), _exact(measure, before)),
        }

    def _total(self, measure: Measure, rows: Sequence[Ranked]) -> RankingTotal:
        figures = [self._figures(row) for row in rows]
        sums: dict[str, Any] = {
            name: exact_sum(own[name] for own in figures)
            for name in ("units", "revenue", "gross", "returns")
        }
        sold = reduce(Measures.plus, (row.now for row in rows), Measures())
        return RankingTotal(
            products=sum(not row.has_left for row in rows),
            return_share=share(-sold.revenue_returned, sold.gross),
            **sums,
            **self._change(measure, rows),
        )

    def _shown(self, revenue: Decimal) -> Decimal:
        return half_up(revenue, self.declaration.minor_units)


def _exact(measure: Measure, sold: Sequence[Measures]) -> Decimal:
    """The ranked figure of some sales, unrounded."""
    added = reduce(Measures.plus, sold, Measures())
    return added.units if measure is Measure.VOLUME else added.revenue
