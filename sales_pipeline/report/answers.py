"""The four answers of a finished run, with the compared figures.

Every revenue is in the base currency, rounded half up once; docs/figures.md has the formulas.
`answers_of_run` reads them, `answers_text` shows them, `answers_document` writes JSON and CSV.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sales_pipeline.analysis.periods import By, Compare
from sales_pipeline.analysis.ranking import Kind
from sales_pipeline.report.closed_months import ClosedMonth
from sales_pipeline.report.document import Exact, Month, Ratio, Units
from sales_pipeline.report.questions import Question
from sales_pipeline.report.tax_basis import TaxBasis


@dataclass(frozen=True)
class Before:
    """The revenue of the compared period, and the change from it.

    Attributes:
        period: The compared period.
        revenue: The revenue in it.
        change: The revenue minus that one, both as shown.
        growth: The change as a share of the revenue before; None if that was not positive.
        local_growth: The part of the change at constant exchange rates.
        currency_effect: The rest of it, so that both add up to `change`.
        constant_growth: Growth at constant exchange rates, as a share.
    """

    period: str
    revenue: Exact
    change: Exact
    growth: Ratio | None
    local_growth: Exact
    currency_effect: Exact
    constant_growth: Ratio | None


@dataclass(frozen=True)
class PeriodRevenue:
    """The revenue of one period.

    Attributes:
        month: The month, where periods are months.
        period: Its name, such as `2025-12`, `2025-Q4` or `year to date`.
        first_day: Its first day.
        last_day: Its last day; of a period that is not over, the last day with sales.
        is_over: Whether it has ended.
        revenue: Net of returns.
        gross: Before returns.
        returns: What was paid back; negative.
        return_share: What was paid back as a share of gross; None if gross is not positive.
        units: Units, net of returns.
        sales: The number of sales and returns.
        before: What it is compared with, if there is anything.
    """

    month: Month | None
    period: str
    first_day: date
    last_day: date
    is_over: bool
    revenue: Exact
    gross: Exact
    returns: Exact
    return_share: Ratio | None
    units: Units
    sales: int
    before: Before | None


@dataclass(frozen=True)
class StoreRevenue:
    """The revenue of one store in one period.

    `rank` is among all stores of the period; None if the store sold in the compared one only.
    """

    month: Month | None
    period: str
    store: str
    name: str | None
    city: str | None
    country: str | None
    is_over: bool
    revenue: Exact
    gross: Exact
    returns: Exact
    rank: int | None
    share: Ratio | None
    trading: str | None
    before: Before | None


@dataclass(frozen=True)
class TradingRevenue:
    """The revenue of the stores that traded alike in a period and the compared one."""

    period: str
    trading: str
    stores: int
    is_over: bool
    revenue: Exact
    gross: Exact
    returns: Exact
    before: Before | None


@dataclass(frozen=True)
class ProductByVolume:
    """One product or category, ranked by units sold; `rank` is None if it sold before only.

    `change` and `growth` are those of the units.
    """

    rank: int | None
    product: str
    category: str | None
    units: Units
    revenue: Exact
    gross: Exact
    returns: Exact
    share: Ratio | None
    cumulative_share: Ratio | None
    abc: str
    rank_before: int | None
    units_before: Units | None
    revenue_before: Exact | None
    change: Units | None
    growth: Ratio | None


@dataclass(frozen=True)
class ProductByValue:
    """One product or category, ranked by revenue; `rank` is None if it sold before only.

    `change` and `growth` are those of the revenue.
    """

    rank: int | None
    product: str
    category: str | None
    revenue: Exact
    units: Units
    gross: Exact
    returns: Exact
    share: Ratio | None
    cumulative_share: Ratio | None
    abc: str
    rank_before: int | None
    revenue_before: Exact | None
    units_before: Units | None
    change: Exact | None
    growth: Ratio | None


@dataclass(frozen=True)
class RankingTotal:
    """All products or categories of a ranking together; sums of their figures as shown.

    Attributes:
        products: How many sold.
        units: Units, net of returns.
        revenue: Net of returns.
        gross: Before returns.
        returns: What was paid back; negative.
        return_share: What was paid back as a share of gross; None if gross is not positive.
        units_before: Units in the compared range, with products that sold only there.
        revenue_before: The same of revenue.
        change: The change of the figure that is ranked.
        growth: The change as a share of the figure before; None if that was not positive.
    """

    products: int
    units: Units
    revenue: Exact
    gross: Exact
    returns: Exact
    return_share: Ratio | None
    units_before: Units | None
    revenue_before: Exact | None
    change: Exact | None
    growth: Ratio | None


Line = PeriodRevenue | StoreRevenue | TradingRevenue
"""A line with the revenue of a period and of the compared one."""
Product = ProductByVolume | ProductByValue
Row = PeriodRevenue | StoreRevenue | Product
KINDS: dict[Question, type[Row]] = {
    Question.GLOBAL: PeriodRevenue,
    Question.STORES: StoreRevenue,
    Question.VOLUME: ProductByVolume,
    Question.VALUE: ProductByValue,
}
"""Question -> the rows that answer it."""


@dataclass(frozen=True)
class Answers:
    """The four answers of one finished run.

    Attributes:
        run_id: The run that left them.
        finished_at: When it finished, UTC.
        currency: The base currency; every revenue is in it.
        by: The length of the periods; None if all days are one period.
        compare: What they are compared with.
        period: The range that was asked for, or None for all.
        first_day: The first day that counts.
        last_day: The last day that counts.
        compared_with: The period that the whole range, and with it the rankings, are compared
            with, if there is one.
        store: The only store counted, or None for all.
        category: The only category counted, or None for all.
        kind: What the rankings rank.
        global_performance: Revenue by period, the earliest first.
        total: Revenue of all of them.
        to_date: Revenue of the year to date and of the last 12 months, up to the last day.
        store_performance: Revenue by period and store, the best store of a period first.
        stores_total: The sum of these lines.
        like_for_like: Revenue of comparable, new, closed and interrupted stores, by period.
        like_for_like_total: The sum of these lines; only of periods that have one before.
        best_by_volume: Products by units, then by name.
        best_by_value: Products by shown revenue, then by name.
        left: Products that sold in the compared range only, by value.
        left_by_volume: The same products, by units.
        volume_total: All products, whether the ranking holds them or not.
        value_total: The same, with the change of the revenue.
        products: Number of products there are; the two rankings may hold fewer.
        constant_rates: Currency -> where its rate for constant exchange rates comes from.
        as_closed: Whether closed months are as they were when these closed.
        closings: The closed months among the periods and the compared periods.
        tax: What the revenue is with regard to tax.
    """

    run_id: str
    finished_at: datetime
    currency: str
    by: By | None
    compare: Compare
    period: str | None
    first_day: date | None
    last_day: date | None
    compared_with: str | None
    store: str | None
    category: str | None
    kind: Kind = Kind.PRODUCT
    global_performance: tuple[PeriodRevenue, ...] = ()
    total: PeriodRevenue | None = None
    to_date: tuple[PeriodRevenue, ...] = ()
    store_performance: tuple[StoreRevenue, ...] = ()
    stores_total: PeriodRevenue | None = None
    like_for_like: tuple[TradingRevenue, ...] = ()
    like_for_like_total: PeriodRevenue | None = None
    best_by_volume: tuple[ProductByVolume, ...] = ()
    best_by_value: tuple[ProductByValue, ...] = ()
    left: tuple[ProductByValue, ...] = ()
    left_by_volume: tuple[ProductByVolume, ...] = ()
    volume_total: RankingTotal | None = None
    value_total: RankingTotal | None = None
    products: int = 0
    constant_rates: Mapping[str, str] = field(default_factory=dict)
    as_closed: bool = False
    closings: tuple[ClosedMonth, ...] = ()
    tax: TaxBasis = field(default_factory=TaxBasis)

    def rows(self, question: Question) -> Sequence[Row]:
        """The rows that answer one question."""
        by_question: dict[Question, Sequence[Row]] = {
            Question.GLOBAL: self.global_performance,
            Question.STORES: self.store_performance,
            Question.VOLUME: self.best_by_volume,
            Question.VALUE: self.best_by_value,
        }
        return by_question[question]

    def all_rows(self, question: Question) -> Sequence[Row]:
        """The rows, and after a whole ranking what sold in the compared range only."""
        rows = self.rows(question)
        left: dict[Question, Sequence[Row]] = {
            Question.VOLUME: self.left_by_volume,
            Question.VALUE: self.left,
        }
        return [*rows, *left.get(question, ())] if len(rows) == self.products else rows

    @property
    def is_over(self) -> bool:
        """True if all days that count are over."""
        return self.total is None or self.total.is_over
