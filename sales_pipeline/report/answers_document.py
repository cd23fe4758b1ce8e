"""The four answers as JSON and as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sales_pipeline.analysis.periods import By, Compare
from sales_pipeline.analysis.ranking import Kind
from sales_pipeline.report.answers import (
    KINDS,
    Answers,
    PeriodRevenue,
    ProductByValue,
    ProductByVolume,
    RankingTotal,
    TradingRevenue,
)
from sales_pipeline.report.closed_months import ClosedMonth
from sales_pipeline.report.document import Moment, View, csv_text, json_object, json_objects
from sales_pipeline.report.questions import Question
from sales_pipeline.report.tax_basis import TaxBasis


class _Head(View):
    run_id: str
    finished_at: Moment
    currency: str
    by: By | None
    compare: Compare
    period: str | None
    first_day: date | None
    last_day: date | None
    is_over: bool
    compared_with: str | None
    store: str | None
    category: str | None
    kind: Kind
    constant_rates: dict[str, str]
    as_closed: bool
    closings: list[ClosedMonth]
    tax: TaxBasis


def answers_document(
    answers: Answers, questions: Sequence[Question], *, like_for_like: bool = False
) -> dict[str, Any]:
    """Returns the answers to some questions, ready for JSON; every figure is exact and text.

    The groups of stores stand beside stores, and if they are asked for.
    """
    document = json_object(_Head, answers)
    for question in questions:
        document[str(question)] = json_objects(KINDS[question], answers.rows(question))
        document |= _beside(answers, question)
    if like_for_like or Question.STORES in questions:
        document["like_for_like"] = json_objects(TradingRevenue, answers.like_for_like)
        document["like_for_like_total"] = _total(PeriodRevenue, answers.like_for_like_total)
    return document


def _beside(answers: Answers, question: Question) -> dict[str, Any]:
    """The totals of one answer, and rows beside its own."""
    left = json_objects(ProductByValue, answers.left)
    match question:
        case Question.GLOBAL:
            to_date = json_objects(PeriodRevenue, answers.to_date)
            return {"total": _total(PeriodRevenue, answers.total), "to_date": to_date}
        case Question.STORES:
            return {"stores_total": _total(PeriodRevenue, answers.stores_total)}
        case Question.VOLUME:
            by_volume = json_objects(ProductByVolume, answers.left_by_volume)
            total = _total(RankingTotal, answers.volume_total)
            return {"volume_total": total, "left": left, "left_by_volume": by_volume}
        case Question.VALUE:
            return {"value_total": _total(RankingTotal, answers.value_total), "left": left}


def _total(kind: type, total: object | None) -> dict[str, Any] | None:
    return None if total is None else json_object(kind, total)


def answer_csv(answers: Answers, question: Question) -> str:
    """Returns the answer to one question as CSV in the figures' full precision.

    Only rows that add up are in it: no total, and no year to date. After a whole ranking stands,
    without a rank, what sold in the compared range only. Text that a spreadsheet would run as a
    formula gets a leading `'`; figures stay figures.
    """
    return _csv(answers, KINDS[question], answers.all_rows(question))


def like_for_like_csv(answers: Answers) -> str:
    """Returns the groups of stores that traded alike as CSV, as `answer_csv` does."""
    return _csv(answers, TradingRevenue, answers.like_for_like)


def _csv(answers: Answers, kind: type, rows: Sequence[object]) -> str:
    names = [field.name for field in fields(kind)]
    compared = _COMPARED_COLUMNS if "before" in names else {}
    own = [name for name in names if name != "before"]
    of_all: dict[str, Any] = {} if "is_over" in names else {"is_over": answers.is_over}
    of_all |= {"currency": answers.currency, "tax": answers.tax.in_a_word}
    lines = []
    for row in json_objects(kind, rows):
        before = row.get("before") or {}
        cells = [row[name] for name in own]
        lines.append([*cells, *map(before.get, compared.values()), *of_all.values()])
    return csv_text([*own, *compared, *of_all], lines)


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
