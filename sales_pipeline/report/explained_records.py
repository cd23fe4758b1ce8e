"""The records that a figure counts, as CSV: each with its file, its rate and its revenue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa

from sales_pipeline.analysis.records_of_run import (
    RecordsOfRun,
    amount_units,
    rate_units,
    revenue_of,
)
from sales_pipeline.analysis.sales_of_run import sales_of_run
from sales_pipeline.config.model import Declaration
from sales_pipeline.report.document import csv_rows
from sales_pipeline.report.explained import AskedFigure, asked_gold, figure_records
from sales_pipeline.report.figures import without_end_zeros
from sales_pipeline.report.tax_basis import tax_basis

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
                yield csv_rows(_csv_row(figure.records, tax, *row) for row in _python_rows(piece))


_HEADER = (
    "file", "row", "store", "day", "product", "quantity", "amount", "currency", "rate", "revenue",
    "revenue_currency", "tax",
)  # fmt: skip


def _python_rows(rows: pa.Table) -> Iterator[tuple[Any, ...]]:
    yield from zip(*(column.to_pylist() for column in rows.columns), strict=True)


def _csv_row(
    records: RecordsOfRun, tax: Callable[[str], str], file_id: int, row: int, *values: Any
) -> list[Any]:
    store, day, product, quantity, amount, currency = values
    rate = records.rates.rate(currency, day)
    revenue = None if rate is None else revenue_of(amount_units(amount) * rate_units(rate))
    exact = (None if figure is None else _plain(figure) for figure in (rate, revenue))
    own = (records.path(file_id), row, store, day.isoformat(), product)
    figures = (_plain(quantity), f"{amount:f}", currency, *exact)
    return [*own, *figures, records.gold.declaration.base_currency, tax(store)]


def _plain(figure: Decimal) -> str:
    return f"{without_end_zeros(figure):f}"
