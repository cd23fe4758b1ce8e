"""Best sellers of a period, by units or revenue: shares, classes, and their places before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from sales_pipeline.analysis.comparison import Pair
from sales_pipeline.analysis.measures import NONE, Cell, Measures, by_value, total
from sales_pipeline.analysis.periods import Period
from sales_pipeline.analysis.sales_of_run import Choice, SalesOfRun
from sales_pipeline.config.analysis import Classes
from sales_pipeline.exact import half_up, share


class Measure(StrEnum):
    """The measure by which products are ranked."""

    VOLUME = "volume"
    VALUE = "value"


class Kind(StrEnum):
    """The kind of thing that is ranked: products or categories."""

    PRODUCT = "product"
    CATEGORY = "category"


@dataclass(frozen=True)
class Ranked:
    """A product or a category among the best sellers.

    Attributes:
        rank: Its place in the period, 1 for the best; None if it did not sell there.
        name: The product or category; empty for products without a category.
        category: The category of a product, if it has one.
        now: What was sold of it in the period.
        before: What was sold of it in the compared period; None if there is none.
        rank_before: Its place there; None if it did not sell there.
        share: Its share of the units or the revenue of all; None if they are not positive.
        cumulative_share: Its share plus the shares of all before it.
        abc: Its class: A, B or C.
    """

    rank: int | None
    name: str
    category: str | None
    now: Measures
    before: Measures | None
    rank_before: int | None
    share: Fraction | None
    cumulative_share: Fraction | None
    abc: str

    @property
    def has_left(self) -> bool:
        """True if it sold in the compared period and not in this one."""
        return self.rank is None


@dataclass(frozen=True)
class Ranking:
    """Ranks products or categories by units or by revenue.

    Attributes:
        measure: By units or by revenue.
        minor_units: The decimals of a shown revenue, by which ranks go.
        kind: Products or categories.
        classes: The limits of the classes.
    """

    measure: Measure
    minor_units: int
    kind: Kind = Kind.PRODUCT
    classes: Classes = field(default_factory=Classes)

    def ranked(self, sales: SalesOfRun, pair: Pair, choice: Choice) -> list[Ranked]:
        """Ranks what sold in a period, and after it lists what sold only in the compared one."""
        cells = self._cells(sales, pair.period, choice)
        before = self._cells(sales, pair.before, choice) if pair.before else []
        now_by_name, before_by_name = dict(by_value(cells)), dict(by_value(before))
        ranks_before = {name: rank for rank, name, _ in self._in_order(before_by_name)}
        in_order = list(self._in_order(now_by_name))
        figures = [Fraction(self.figure(measures)) for _, _, measures in in_order]
        whole, so_far = sum(figures, Fraction(0)), Fraction(0)
        rows = []
        classes = self.classes.of_ranked(figures)
        for (rank, name, measures), figure, class_ in zip(in_order, figures, classes, strict=True):
            so_far += figure
            earlier = total(before_by_name.get(name, [])) if pair.before else None
            rows.append(
                Ranked(
                    rank, name, _category(now_by_name[name]), measures, earlier,
                    ranks_before.get(name), share(figure, whole), share(so_far, whole), class_,
                )
            )  # fmt: skip
        left = [
            Ranked(
                None, name, _category(before_by_name[name]), Measures(), measures, rank,
                None, None, "C",
            )
            for rank, name, measures in self._in_order(before_by_name)
            if name not in now_by_name
        ]  # fmt: skip
        return rows + left

    def figure(self, measures: Measures) -> Decimal:
        """The figure that ranks go by, as it is shown."""
        if self.measure is Measure.VOLUME:
            return measures.units
        return half_up(measures.revenue, self.minor_units)

    def _cells(self, sales: SalesOfRun, period: Period, choice: Choice) -> Sequence[Cell]:
        by = (self.kind, "category") if self.kind is Kind.PRODUCT else (self.kind,)
        return sales.sums([period], *by, choice=choice)

    def _in_order(
        self, by_name: Mapping[str, Sequence[Cell]]
    ) -> Iterable[tuple[int, str, Measures]]:
        """Rank, name and sales: by the shown figure descending, then by name."""
        sold = [(name, total(cells)) for name, cells in by_name.items()]
        sold.sort(key=lambda item: (-self.figure(item[1]), item[0]))
        return [(rank, name, measures) for rank, (name, measures) in enumerate(sold, start=1)]


def _category(cells: Iterable[Cell]) -> str | None:
    """The category of a product; the last by code point if it moved from one to another."""
    return max((cell.values[-1] or NONE for cell in cells), default=NONE) or None
