"""The four answers of a finished run, with the compared figures; as JSON and as CSV.

Every revenue is in the base currency, rounded half up once; docs/figures.md has the formulas.
`answers_of_run` reads them, `answers_text` shows them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

from sales_pipeline.analysis.periods import By, Compare
from sales_pipeline.analysis.ranking import Kind
from sales_pipeline.report.closed_months import ClosedMonth
from sales_pipeline.report.document import (
    Exact,
    Moment,
    Month,
    Ratio,
    Units,
    View,
    csv_text,
    json_object,
    json_objects,
)
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
    units: Units
    sales: int
    before: Before | None


@dataclass(frozen=True)
class StoreRevenue:
    """The revenue of one store in one period; `rank` is among all stores of the period."""

    month: Month | None
    period: str
    store: str
    name: str | None
    city: str | None
    country: str | None
    revenue: Exact
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
    revenue: Exact
    before: Before | None


@dataclass(frozen=True)
class ProductByVolume:
    """One product or category, ranked by units sold; `rank` is None if it sold before only."""

    rank: int | None
    product: str
    category: str | None
    units: Units
    revenue: Exact
    share: Ratio | None
    cumulative_share: Ratio | None
    abc: str
    rank_before: int | None
    units_before: Units | None
    revenue_before: Exact | None


@dataclass(frozen=True)
class ProductByValue:
    """One product or category, ranked by revenue; `rank` is None if it sold before only."""

    rank: int | None
    product: str
    category: str | None
    revenue: Exact
    units: Units
    share: Ratio | None
    cumulative_share: Ratio | None
    abc: str
    rank_before: int | None
    revenue_before: Exact | None
    units_before: Units | None


Row = PeriodRevenue | StoreRevenue | ProductByVolume | ProductByValue
_KINDS: dict[Question, type[Row]] = {
    Question.GLOBAL: PeriodRevenue,
    Question.STORES: StoreRevenue,
    Question.VOLUME: ProductByVolume,
    Question.VALUE: ProductByValue,
}


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
        like_for_like: Revenue of comparable, new, closed and interrupted stores, by period.
        best_by_volume: Products by units, then by name.
        best_by_value: Products by shown revenue, then by name.
        left: Products that sold in the compared range only, by value.
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
    like_for_like: tuple[TradingRevenue, ...] = ()
    best_by_volume: tuple[ProductByVolume, ...] = ()
    best_by_value: tuple[ProductByValue, ...] = ()
    left: tuple[ProductByValue, ...] = ()
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


class _Head(View):
    run_id: str
    finished_at: Moment
    currency: str
    by: By | None
    compare: Compare
    period: str | None
    first_day: date | None
    last_day: date | None
    compared_with: str | None
    store: str | None
    category: str | None
    kind: Kind
    constant_rates: dict[str, str]
    as_closed: bool
    closings: list[ClosedMonth]
    tax: TaxBasis


def answers_document(answers: Answers, questions: Sequence[Question]) -> dict[str, Any]:
    """Returns the answers to some questions, ready for JSON; every figure is exact and text."""
    document = json_object(_Head, answers)
    for question in questions:
        document[str(question)] = _plain_rows(answers, question)
        if question is Question.GLOBAL:
            totals = [answers.total] if answers.total else []
            document["total"] = next(iter(json_objects(PeriodRevenue, totals)), None)
            document["to_date"] = json_objects(PeriodRevenue, answers.to_date)
        elif question is Question.STORES:
            document["like_for_like"] = json_objects(TradingRevenue, answers.like_for_like)
        else:
            document["left"] = json_objects(ProductByValue, answers.left)
    return document


def _plain_rows(answers: Answers, question: Question) -> list[dict[str, Any]]:
    return json_objects(_KINDS[question], answers.rows(question))


def answer_csv(answers: Answers, question: Question) -> str:
    """Returns the answer to one question as CSV in the figures' full precision.

    Text that a spreadsheet would run as a formula gets a leading `'`; figures stay figures.
    """
    names = [field.name for field in fields(_KINDS[question])]
    compared = _COMPARED_COLUMNS if "before" in names else {}
    own = [name for name in names if name != "before"]
    of_all = [answers.currency, answers.tax.in_a_word]
    rows = []
    for row in _plain_rows(answers, question):
        before = row.get("before") or {}
        rows.append([*(row[name] for name in own), *map(before.get, compared.values()), *of_all])
    return csv_text([*own, *compared, "currency", "tax"], rows)


_COMPARED_COLUMNS = {
    "compared_with": "period",
    "revenue_before": "revenue",
    "change": "change",
    "growth": "growth",
    "local_growth": "local_growth",
    "currency_effect": "currency_effect",
    "constant_growth": "constant_growth",
}
"""Column of the CSV -> attribute of `Before`."""
