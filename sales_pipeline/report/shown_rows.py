"""Rows of the answers: compared sales and best sellers as shown, each amount rounded once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any

from sales_pipeline.analysis.comparison import Compared, Pair
from sales_pipeline.analysis.like_for_like import TradingDays, like_for_like, trading_days
from sales_pipeline.analysis.measures import Measures
from sales_pipeline.analysis.parts import adding_up, growth
from sales_pipeline.analysis.ranking import Kind, Measure, Ranked, Ranking
from sales_pipeline.analysis.sales_of_run import Choice, SalesOfRun
from sales_pipeline.config.model import Declaration
from sales_pipeline.exact import exact_sum, half_up, share, shown_amounts, whole_of
from sales_pipeline.report.answers import (
    Before,
    PeriodRevenue,
    ProductByValue,
    ProductByVolume,
    RankingTotal,
    StoreRevenue,
    TradingRevenue,
)


@dataclass(frozen=True)
class ShownRows:
    """Makes the rows of periods, stores and groups of stores.

    Attributes:
        declaration: The stores, the base currency and its decimals.
        sales: The sales of the run, which know when stores sold first.
        store: The only store to show; all if None.
    """

    declaration: Declaration
    sales: SalesOfRun
    store: str | None = None

    def period(self, row: Compared) -> PeriodRevenue:
        """The revenue of one period."""
        period = row.pair.period
        return PeriodRevenue(
            month=self._month(row.pair),
            period=period.name,
            first_day=period.first,
            last_day=period.last,
            is_over=row.pair.is_over,
            **self._amounts(row.now),
            return_share=share(-row.now.revenue_returned, row.now.gross),
            units=row.now.units,
            sales=row.now.sales,
            before=self._before(row),
        )

    def _month(self, pair: Pair) -> date | None:
        first = pair.period.first
        return first if pair.period.name == f"{first:%Y-%m}" else None

    def _before(self, row: Compared, shown: tuple[Decimal, Decimal] | None = None) -> Before | None:
        """The compared figures; `shown` are both revenues if they are not rounded by themselves."""
        if row.pair.before is None or row.before is None:
            return None
        now, revenue = shown or (self._shown(row.now.revenue), self._shown(row.before.revenue))
        difference = now - revenue
        parts = [row.local_growth or Fraction(0), row.currency_effect or Fraction(0)]
        local_growth, effect = adding_up(parts, difference, self.declaration.minor_units)
        return Before(
            period=row.pair.before.name,
            revenue=revenue,
            change=difference,
            growth=row.growth,
            local_growth=local_growth,
            currency_effect=effect,
            constant_growth=row.constant_ratio,
        )

    def stores(self, rows: Sequence[Compared]) -> list[StoreRevenue]:
        """The stores of one period with their places among all, the best one first."""
        sold = [row for row in rows if row.now.sales]
        sold.sort(key=lambda row: (-self._shown(row.now.revenue), row.store or ""))
        total = whole_of([row.now.revenue for row in sold])
        ranked: list[tuple[int | None, Compared]] = [*enumerate(sold, start=1)]
        ranked += [(None, row) for row in rows if not row.now.sales and row.before]
        return [
            self._of_store(row, rank, None if rank is None else share(row.now.revenue, total))
            for rank, row in ranked
            if self._is_chosen(row.store)
        ]

    def _of_store(self, row: Compared, rank: int | None, of_total: Fraction | None) -> StoreRevenue:
        store = row.store or ""
        declared = self.declaration.stores.get(store)
        return StoreRevenue(
            month=self._month(row.pair),
            period=row.pair.period.name,
            store=store,
            name=declared.name if declared else None,
            city=declared.city if declared else None,
            country=declared.country if declared else None,
            is_over=row.pair.is_over,
            **self._amounts(row.now),
            rank=rank,
            share=of_total,
            trading=str(self._days.trading(store, row.pair)) if row.pair.before else None,
            before=self._before(row),
        )

    def groups(self, pair: Pair, rows: Iterable[Compared]) -> list[TradingRevenue]:
        """The chosen stores of one period by how they traded; they add up to it as shown."""
        if pair.before is None:
            return []
        chosen = [row for row in rows if self._is_chosen(row.store)]
        groups = like_for_like(self._days, pair, chosen)
        now = self._adding_up([group.compared.now.revenue for group in groups])
        returned = self._adding_up([group.compared.now.revenue_returned for group in groups])
        sold_before = [group.compared.before or Measures() for group in groups]
        before = self._adding_up([measures.revenue for measures in sold_before])
        return [
            TradingRevenue(
                period=pair.period.name,
                trading=str(group.trading),
                stores=group.stores,
                is_over=pair.is_over,
                revenue=revenue,
                gross=revenue - returns,
                returns=returns,
                before=self._before(group.compared, (revenue, revenue_before)),
            )
            for group, revenue, returns, revenue_before in zip(
                groups, now, returned, before, strict=True
            )
        ]

    def _adding_up(self, amounts: Sequence[Decimal]) -> list[Decimal]:
        """The amounts as shown, so that they add up to their rounded sum."""
        parts = [Fraction(amount) for amount in amounts]
        decimals = self.declaration.minor_units
        return adding_up(parts, half_up(sum(parts, Fraction(0)), decimals), decimals)

    @cached_property
    def _days(self) -> TradingDays:
        return trading_days(self.declaration, self.sales)

    def _is_chosen(self, store: str | None) -> bool:
        return self.store in (None, store)

    def _amounts(self, sold: Measures) -> dict[str, Decimal]:
        return shown_amounts(sold.revenue, sold.revenue_returned, self.declaration.minor_units)

    def _shown(self, revenue: Decimal) -> Decimal:
        return half_up(revenue, self.declaration.minor_units)


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
