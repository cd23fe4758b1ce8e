"""The four answers of a finished run: their rows, and they as tables, as JSON and as CSV.

Every revenue is in the base currency, rounded half up once. `answers_of_run` reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sales_pipeline.report.document import (
    Exact,
    Moment,
    Month,
    Units,
    View,
    csv_text,
    json_object,
    json_objects,
)
from sales_pipeline.report.figures import grouped, month_text, share_bar, without_end_zeros
from sales_pipeline.report.layout import cell, new_table, titled
from sales_pipeline.report.questions import Question

SHOWN_PRODUCTS = 10
"""How many products a ranking shows on a terminal, unless `--top` says otherwise."""


@dataclass(frozen=True)
class MonthRevenue:
    """The revenue of one month."""

    month: Month
    revenue: Exact


@dataclass(frozen=True)
class StoreRevenue:
    """The revenue of one store in one month; `rank` is among all stores of the month."""

    month: Month
    store: str
    name: str | None
    city: str | None
    country: str | None
    revenue: Exact
    rank: int


@dataclass(frozen=True)
class ProductByVolume:
    """One product, ranked by units sold."""

    rank: int
    product: str
    category: str | None
    units: Units
    revenue: Exact


@dataclass(frozen=True)
class ProductByValue:
    """One product, ranked by revenue."""

    rank: int
    product: str
    category: str | None
    revenue: Exact
    units: Units


Row = MonthRevenue | StoreRevenue | ProductByVolume | ProductByValue
_KINDS: dict[Question, type[Row]] = {
    Question.GLOBAL: MonthRevenue,
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
        month: The only month counted, or None for all.
        store: The only store counted, or None for all.
        global_performance: Revenue per month, the earliest first.
        store_performance: Revenue per month and store, the best store of a month first.
        best_by_volume: Products by units, then by name.
        best_by_value: Products by shown revenue, then by name.
        products: Number of products there are; the two rankings may hold fewer.
    """

    run_id: str
    finished_at: datetime
    currency: str
    month: date | None
    store: str | None
    global_performance: tuple[MonthRevenue, ...]
    store_performance: tuple[StoreRevenue, ...]
    best_by_volume: tuple[ProductByVolume, ...]
    best_by_value: tuple[ProductByValue, ...]
    products: int

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
    month: Month | None
    store: str | None


def answers_document(answers: Answers, questions: Sequence[Question]) -> dict[str, Any]:
    """Returns the answers to some questions, ready for JSON; every figure is exact and text."""
    head = json_object(_Head, answers)
    return head | {str(question): _plain_rows(answers, question) for question in questions}


def _plain_rows(answers: Answers, question: Question) -> list[dict[str, Any]]:
    return json_objects(_KINDS[question], answers.rows(question))


def answer_csv(answers: Answers, question: Question) -> str:
    """Returns the answer to one question as CSV in the figures' full precision.

    Text that a spreadsheet would run as a formula gets a leading `'`; figures stay figures.
    """
    header = [*(field.name for field in fields(_KINDS[question])), "currency"]
    rows = _plain_rows(answers, question)
    return csv_text(header, ([*row.values(), answers.currency] for row in rows))


def answers_text(answers: Answers, questions: Sequence[Question]) -> RenderableType:
    """Returns the answers to some questions, one table each."""
    if not answers.global_performance:
        return Text("No sales yet.")
    tables: dict[Question, Callable[[Answers], Group]] = {
        Question.GLOBAL: _global_performance,
        Question.STORES: _store_performance,
        Question.VOLUME: _best_by_volume,
        Question.VALUE: _best_by_value,
    }
    return Group(*(tables[question](answers) for question in questions))


def _global_performance(answers: Answers) -> Group:
    revenue = f"Revenue {answers.currency}"
    table = new_table("Month", revenue, right=[revenue])
    for row in answers.global_performance:
        table.add_row(month_text(row.month), grouped(row.revenue))
    return titled(_title(answers, Question.GLOBAL), table)


def _store_performance(answers: Answers) -> Group:
    revenue = f"Revenue {answers.currency}"
    headers = ("Month", "Rank", "Store", "City", revenue, "Share", "")
    table = new_table(*headers, right=["Rank", revenue, "Share"], fold=["Store", "City"])
    totals = _totals_per_month(answers)
    before: date | None = None
    for row in answers.store_performance:
        total = totals.get(row.month)
        share = None if total is None else row.revenue / total
        table.add_row(
            "" if row.month == before else month_text(row.month),
            str(row.rank),
            cell(row.name or row.store),
            cell(", ".join(part for part in (row.city, row.country) if part)),
            grouped(row.revenue),
            "" if share is None else f"{share:.1%}",
            "" if share is None else Text(share_bar(share), style="cyan"),
        )
        before = row.month
    return titled(_title(answers, Question.STORES), table)


def _best_by_volume(answers: Answers) -> Group:
    table = _ranking("Units", f"Revenue {answers.currency}")
    for row in answers.best_by_volume:
        table.add_row(*_product(row), _units(row.units), grouped(row.revenue))
    return titled(_title(answers, Question.VOLUME), table, remark=_remark(answers))


def _best_by_value(answers: Answers) -> Group:
    table = _ranking(f"Revenue {answers.currency}", "Units")
    for row in answers.best_by_value:
        table.add_row(*_product(row), grouped(row.revenue), _units(row.units))
    return titled(_title(answers, Question.VALUE), table, remark=_remark(answers))


def _ranking(*figures: str) -> Table:
    texts = ("Product", "Category")
    return new_table("Rank", *texts, *figures, right=["Rank", *figures], fold=texts)


def _product(row: ProductByVolume | ProductByValue) -> tuple[str, Text, Text]:
    return str(row.rank), cell(row.product), cell(row.category)


def _units(units: Decimal) -> str:
    return grouped(without_end_zeros(units))


def _remark(answers: Answers) -> str:
    shown = len(answers.best_by_volume)
    if shown == answers.products:
        return ""
    return f"{shown:,} of {answers.products:,} products; --top shows more."


def _title(answers: Answers, question: Question) -> str:
    month = None if answers.month is None else month_text(answers.month)
    return ", ".join(filter(None, (question.heading, answers.store, month)))


def _totals_per_month(answers: Answers) -> dict[date, Decimal]:
    """The shown revenue of each month over all stores; without months where it is no whole."""
    if answers.store is not None:
        return {}
    revenues: dict[date, list[Decimal]] = {}
    for row in answers.store_performance:
        revenues.setdefault(row.month, []).append(row.revenue)
    return {
        month: sum(revenues_of_stores, Decimal(0))
        for month, revenues_of_stores in revenues.items()
        if min(revenues_of_stores) >= 0 and any(revenues_of_stores)
    }
