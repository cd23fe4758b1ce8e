"""The four answers, or one of them, as one JSON document with stable keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from sales_pipeline.report.answer_rows import Row
from sales_pipeline.report.answers import Answers
from sales_pipeline.report.figures import month_text, without_end_zeros
from sales_pipeline.report.json_text import timestamp
from sales_pipeline.report.questions import Question


def answers_document(found: Answers, questions: Sequence[Question]) -> dict[str, Any]:
    """Returns the answers to some questions as plain values.

    Every amount is text, in the currency that the document names; every figure is exact.
    """
    head: dict[str, Any] = {
        "run_id": found.run_id,
        "finished_at": timestamp(found.finished_at),
        "currency": found.currency,
        "month": None if found.month is None else month_text(found.month),
        "store": found.store,
    }
    return head | {
        str(question): [plain_row(row) for row in found.rows(question)] for question in questions
    }


def plain_row(row: Row) -> dict[str, Any]:
    """Returns the fields of a row, in order: figures and months as text, ranks as numbers."""
    return {each.name: _plain(each.name, getattr(row, each.name)) for each in fields(row)}


def _plain(name: str, value: Any) -> str | int | None:
    if isinstance(value, date):
        return month_text(value)
    if isinstance(value, Decimal):
        return f"{without_end_zeros(value) if name == 'units' else value:f}"
    found: str | int | None = value
    return found
