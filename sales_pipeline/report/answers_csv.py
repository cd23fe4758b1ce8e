"""One of the four answers as CSV: a header, then plain figures; formulas are neutralised."""

from __future__ import annotations

import csv
import io
from dataclasses import fields

from sales_pipeline.report.answer_rows import (
    MonthRevenue,
    ProductByValue,
    ProductByVolume,
    Row,
    StoreRevenue,
)
from sales_pipeline.report.answers import Answers
from sales_pipeline.report.answers_json import plain_row
from sales_pipeline.report.plain_text import spreadsheet_text
from sales_pipeline.report.questions import Question

_ROWS: dict[Question, type[Row]] = {
    Question.GLOBAL: MonthRevenue,
    Question.STORES: StoreRevenue,
    Question.VOLUME: ProductByVolume,
    Question.VALUE: ProductByValue,
}
_TEXTS = ("store", "name", "city", "country", "product", "category")


def answer_csv(found: Answers, question: Question) -> str:
    """Returns the answer to one question as CSV in the figures' full precision.

    A cell of text that a spreadsheet would take for a formula gets a leading `'`; the
    figures are the pipeline's own, so a negative one stays a number.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*(each.name for each in fields(_ROWS[question])), "currency"])
    for row in found.rows(question):
        cells = [_cell(name, value) for name, value in plain_row(row).items()]
        writer.writerow([*cells, found.currency])
    return out.getvalue()


def _cell(name: str, value: str | int | None) -> str | int:
    if value is None:
        return ""
    return spreadsheet_text(str(value)) if name in _TEXTS else value
