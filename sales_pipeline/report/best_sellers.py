"""The best sellers of a range of days, by units and by revenue, as the answers show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sales_pipeline.analysis.comparison import Pair
from sales_pipeline.analysis.parts import half_up
from sales_pipeline.analysis.ranking import Kind, Measure, Ranked, Ranking
from sales_pipeline.analysis.sales_of_run import Choice, SalesOfRun
from sales_pipeline.config.model import Declaration
from sales_pipeline.report.answers import ProductByValue, ProductByVolume


@dataclass(frozen=True)
class Rankings:
    """The two rankings, under the names that they have in `Answers`."""

    best_by_volume: tuple[ProductByVolume, ...]
    best_by_value: tuple[ProductByValue, ...]
    left: tuple[ProductByValue, ...]
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
        sold = [row for row in value if not row.has_left]
        return Rankings(
            tuple(self._by_volume(row) for row in self._cut(volume[: len(sold)])),
            tuple(self._by_value(row) for row in self._cut(sold)),
            tuple(self._by_value(row) for row in value if row.has_left),
            len(sold),
        )

    def _ranked(
        self, measure: Measure, sales: SalesOfRun, pair: Pair, choice: Choice
    ) -> list[Ranked]:
        classes, minor_units = self.declaration.classes, self.declaration.minor_units
        return Ranking(measure, minor_units, self.kind, classes).ranked(sales, pair, choice)

    def _cut(self, rows: Sequence[Ranked]) -> Sequence[Ranked]:
        return rows[: self.top] if self.bottom is None else rows[-self.bottom :]

    def _by_volume(self, row: Ranked) -> ProductByVolume:
        return ProductByVolume(**self._product(row))

    def _by_value(self, row: Ranked) -> ProductByValue:
        return ProductByValue(**self._product(row))

    def _product(self, row: Ranked) -> dict[str, Any]:
        before = row.before
        return {
            "rank": row.rank,
            "product": row.name,
            "category": row.category,
            "units": row.now.units,
            "revenue": self._shown(row.now.revenue),
            "share": row.share,
            "cumulative_share": row.cumulative_share,
            "abc": row.abc,
            "rank_before": row.rank_before,
            "units_before": before and before.units,
            "revenue_before": before and self._shown(before.revenue),
        }

    def _shown(self, revenue: Decimal) -> Decimal:
        return half_up(Fraction(revenue), self.declaration.minor_units)
