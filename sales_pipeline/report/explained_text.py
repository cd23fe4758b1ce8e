"""A figure unfolded: its files and what was left out of them as tables, its records as CSV.

The tables have 80 columns. A line of the CSV is a record with its file, its rate and its revenue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from typing import Any

from rich.console import Group, RenderableType

from sales_pipeline.analysis.figure_records import LeftOut
from sales_pipeline.analysis.measures import row_values
from sales_pipeline.analysis.records_of_run import RecordsOfRun
from sales_pipeline.analysis.sales_of_run import sales_of_run
from sales_pipeline.config.model import Declaration
from sales_pipeline.exact import EXACT
from sales_pipeline.report.closed_months import closing_lines
from sales_pipeline.report.document import csv_rows
from sales_pipeline.report.explained import (
    AskedFigure,
    Explained,
    FilePart,
    asked_gold,
    figure_records,
)
from sales_pipeline.report.figures import grouped, money, quantity, without_end_zeros
from sales_pipeline.report.layout import cell, new_table, titled
from sales_pipeline.report.tax_basis import basis_lines, tax_basis

_SHOWN = 30
_ON_HOLD = "on hold"
_SIX_DIGITS = Context(prec=6, rounding=ROUND_HALF_UP)
"""Rates have 14 decimals, which a table has no place for; JSON and CSV have them all."""


def explained_text(figure: Explained) -> RenderableType:
    """Returns the files of a figure with their amounts, rates and revenue; and what is left out."""
    left_out = [_left_out(figure)] if figure.left_out else []
    closings = closing_lines(figure.closings, figure.currency, as_closed=figure.as_closed)
    return Group(_files(figure), *left_out, *closings, *basis_lines(figure.tax))


def _files(figure: Explained) -> RenderableType:
    revenue = f"Revenue {figure.currency}"
    figures = ("Records", "Units", "Amount", "Rate", revenue)
    table = new_table("File", *figures, right=figures, fold=["File"])
    for part in figure.files[:_SHOWN]:
        table.add_row(
            cell(part.file),
            f"{part.records:,}",
            quantity(part.units),
            money(part.amount, part.currency),
            _rate(part),
            _ON_HOLD if part.revenue is None else grouped(part.revenue),
        )
    further = figure.files[_SHOWN:]
    if further:
        table.add_row(f"{len(further):,} more", *_sums(further))
    if figure.not_in_gold is not None:
        row = ("gold differs, a month is on hold", "", "", "", "", grouped(figure.not_in_gold))
        table.add_row(*row)
    table.add_section()
    records = sum(part.records for part in figure.files)
    units = quantity(figure.units)
    table.add_row("Total", f"{records:,}", units, "", "", grouped(figure.revenue))
    chosen = filter(None, (figure.period.name, figure.store, figure.product))
    return titled(f"Revenue of {', '.join(chosen)}", table, remark=_method(figure))


def _sums(parts: Sequence[FilePart]) -> tuple[str, ...]:
    """Records, units and revenue of several files; their amounts are of several currencies."""
    records = sum(part.records for part in parts)
    units = sum((part.units for part in parts), Decimal(0))
    revenue = sum((part.revenue or Decimal(0) for part in parts), Decimal(0))
    return f"{records:,}", quantity(units), "", "", grouped(revenue)


def _rate(part: FilePart) -> str:
    if part.lowest_rate is None or part.highest_rate is None:
        return ""
    if part.lowest_rate == part.highest_rate:
        return _digits(part.lowest_rate)
    return f"{_digits(part.lowest_rate)}\nto {_digits(part.highest_rate)}"


def _digits(rate: Decimal) -> str:
    return f"{without_end_zeros(_SIX_DIGITS.plus(rate)):f}"


def _method(figure: Explained) -> str:
    lines = ["Revenue is amount x rate of the day; --csv has every record."]
    if not figure.files:
        lines.insert(0, "No record counts here.")
    return "\n".join(lines)


def _left_out(figure: Explained) -> RenderableType:
    right = ("Records", "Amount")
    table = new_table("File", "Why it does not count", *right, right=right, fold=["File"])
    for part in figure.left_out[:_SHOWN]:
        amount = money(part.amount, part.currency) if part.amount and part.currency else ""
        table.add_row(cell(part.file), cell(_why(part)), f"{part.records:,}", amount)
    more = len(figure.left_out) - _SHOWN
    meanings = {_why(part): part.meaning for part in figure.left_out[:_SHOWN]}
    lines = [f"{why}: {meaning}" for why, meaning in meanings.items() if meaning]
    if more > 0:
        lines.append(f"... and {more:,} more; --json has them")
    return titled("Left out of these files", table, remark="\n".join(lines))


def _why(part: LeftOut) -> str:
    why = ", ".join(part.reasons) or part.status
    doubts = [
        doubt
        for doubt, is_known in (
            ("day unknown", part.day_is_known), ("product unknown", part.product_is_known),
        )
        if not is_known
    ]  # fmt: skip
    return f"{why} ({', '.join(doubts)})" if doubts else why


_ROWS_AT_ONCE = 20_000


def explained_csv(
    declaration: Declaration, asked: AskedFigure, *, run: str | None = None
) -> Iterator[str]:
    """Yields the records that a figure counts as CSV, piece by piece, unrounded.

    Raises:
        UsageError: As `explained`.
    """
    with asked_gold(declaration, asked, run=run) as (gold, _):
        figure = figure_records(gold, sales_of_run(gold), asked)
        tax = cache(lambda store: tax_basis(declaration, gold.run, store=store).in_a_word)
        yield csv_rows([_HEADER])
        for rows in figure.rows():
            for start in range(0, rows.num_rows, _ROWS_AT_ONCE):
                piece = rows.slice(start, _ROWS_AT_ONCE)
                yield csv_rows(_csv_row(figure.records, tax, *row) for row in row_values(piece))


_HEADER = (
    "file", "row", "store", "day", "product", "quantity", "amount", "currency", "rate", "revenue",
    "revenue_currency", "tax",
)  # fmt: skip


def _csv_row(
    records: RecordsOfRun, tax: Callable[[str], str], file_id: int, row: int, *values: Any
) -> list[Any]:
    store, day, product, quantity, amount, currency = values
    rate = records.rates.rate(currency, day)
    revenue = None if rate is None else EXACT.multiply(amount, rate)
    exact = (None if figure is None else _plain(figure) for figure in (rate, revenue))
    own = (records.path(file_id), row, store, day.isoformat(), product)
    figures = (_plain(quantity), f"{amount:f}", currency, *exact)
    return [*own, *figures, records.gold.declaration.base_currency, tax(store)]


def _plain(figure: Decimal) -> str:
    return f"{without_end_zeros(figure):f}"
