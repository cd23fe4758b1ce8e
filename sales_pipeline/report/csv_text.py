"""Rows as CSV for a spreadsheet: text stays text, figures stay figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from sales_pipeline.report.plain_text import spreadsheet_text

Cell = str | int | Decimal | date | None


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    r"""Returns rows below their header; a text that looks like a formula gets a leading `'`.

    >>> csv_text(["name", "records"], [["=1+1", -2]])
    "name,records\n'=1+1,-2\n"
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_plain(each) for each in row] for row in rows)
    return out.getvalue()


def _plain(value: Cell) -> str | int:
    match value:
        case None:
            return ""
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case str():
            return spreadsheet_text(value)
    return value
