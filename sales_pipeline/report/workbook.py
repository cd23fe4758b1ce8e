"""The answers as a workbook for a spreadsheet: a sheet for each, numbers as numbers.

A text is always written as text, so no name runs as a formula; one that looks like a formula also
keeps the mark of a text when somebody edits it. A spreadsheet holds 15 digits of a number, so a
longer figure is written as text rather than rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.errors import ExtraMissing, UsageError
from sales_pipeline.printable import spreadsheet_text
from sales_pipeline.report.answers import (
    Answers,
    Before,
    PeriodRevenue,
    ProductByValue,
    ProductByVolume,
)
from sales_pipeline.report.closed_months import ClosedMonth
from sales_pipeline.report.figures import moment, rounded
from sales_pipeline.report.sheet import Column, Money, Sheet

_MOST_ROWS = 1_048_575
"""The rows of a sheet of Excel, below its header."""
_MOST_DIGITS = 15
_MOST_TEXT = 32_767
_WIDEST, _WIDEST_LONG = 40, 100
_PERCENT = "0.0%"
_MINOR_UNITS = sorted({*MINOR_UNITS.values()})


def workbook_writer() -> Any:
    """Returns the library that writes workbooks.

    Raises:
        ExtraMissing: The extra that the workbook needs is not installed.
    """
    try:
        import xlsxwriter
    except ImportError as error:
        raise ExtraMissing("report", "xlsxwriter", needed_by="the workbook") from error
    return xlsxwriter


def write_workbook(answers: Answers, path: Path, further: Sequence[Sheet] = ()) -> None:
    """Writes the answers into a workbook; a file that is there is replaced.

    Args:
        answers: The answers.
        path: The file.
        further: The sheets after the sheets of the answers.

    Raises:
        ExtraMissing: The extra that the workbook needs is not installed.
        UsageError: An answer has more rows than a sheet can hold.
    """
    xlsxwriter = workbook_writer()
    sheets = [*_sheets(answers), *further]
    for sheet in sheets:
        if len(sheet.rows) > _MOST_ROWS:
            raise UsageError(
                f"--xlsx: {sheet.name} has {len(sheet.rows):,} rows, and a sheet holds "
                f"{_MOST_ROWS:,}. Do: choose fewer months with --from and --to"
            )
    # Nothing is guessed from a text: neither a formula, nor a link, nor a number.
    guesses = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), guesses) as workbook:
        workbook.set_properties({"title": "Sales report", "comments": f"Run {answers.run_id}"})
        formats = _formats(workbook, answers)
        for sheet in sheets:
            _write(workbook.add_worksheet(sheet.name), sheet, formats)


def _formats(workbook: Any, answers: Answers) -> Mapping[str, Any]:
    """The format of each kind of column; `bold` before its name for the row of a total."""
    revenue = answers.total.revenue if answers.total else Decimal(0)
    exponent = revenue.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    numbers: dict[str, dict[str, object]] = {
        "text": {},
        "quoted": {"quote_prefix": True},
        "day": {"num_format": "yyyy-mm-dd", "align": "left"},
        "count": {"num_format": "#,##0"},
        "units": {"num_format": "#,##0.###"},
        "money": {"num_format": _with_decimals(decimals)},
        "share": {"num_format": _PERCENT},
        "rate": {"num_format": "#,##0.000000"},
        "long": {"text_wrap": True, "valign": "top"},
        **{f"money {places}": {"num_format": _with_decimals(places)} for places in _MINOR_UNITS},
    }
    bold = {f"bold {kind}": {**number, "bold": True, "top": 1} for kind, number in numbers.items()}
    header = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
    every = {**numbers, **bold, "header": header, "header right": {**header, "align": "right"}}
    return {name: workbook.add_format(properties) for name, properties in every.items()}


def _with_decimals(places: int) -> str:
    return f"#,##0.{'0' * places}" if places else "#,##0"


def _write(worksheet: Any, sheet: Sheet, formats: Mapping[str, Any]) -> None:
    worksheet.freeze_panes(1, 1)
    worksheet.repeat_rows(0)
    worksheet.set_landscape()
    worksheet.set_paper(9)  # A4
    worksheet.fit_to_pages(1, 0)
    for at, column in enumerate(sheet.columns):
        is_text = column.kind in ("text", "long", "day")
        name = "header" if is_text else "header right"
        worksheet.write_string(0, at, column.header, formats[name])
        longest = max((len(_text(row[at])) for row in sheet.rows), default=0)
        widest = _WIDEST_LONG if column.kind == "long" else _WIDEST
        worksheet.set_column(at, at, min(max(longest, len(column.header)) + 3, widest))
    for number, row in enumerate(sheet.rows, start=1):
        is_total = sheet.has_total and number == len(sheet.rows)
        for at, (column, value) in enumerate(zip(sheet.columns, row, strict=True)):
            _write_cell(worksheet, (number, at), value, _Format(column.kind, formats, is_total))
    if sheet.rows and len(sheet.columns) > 2:
        worksheet.autofilter(0, 0, len(sheet.rows) - int(sheet.has_total), len(sheet.columns) - 1)


@dataclass(frozen=True)
class _Format:
    """The formats of a column, in a total or above it."""

    kind: str
    formats: Mapping[str, Any]
    is_total: bool

    def of(self, kind: str) -> Any:
        return self.formats[f"bold {kind}" if self.is_total else kind]


def _write_cell(worksheet: Any, place: tuple[int, int], value: object, look: _Format) -> None:
    match value:
        case None:
            worksheet.write_blank(*place, None, look.of(look.kind))
        case Money():
            amount = rounded(value.amount, value.currency)
            kind = f"money {MINOR_UNITS.get(value.currency, 2)}"
            _write_cell(worksheet, place, amount, replace(look, kind=kind))
        case date():
            worksheet.write_datetime(*place, value, look.of("day"))
        case int() | Decimal() | Fraction() if _is_held(value):
            is_whole = look.kind == "units" and value == int(value)
            worksheet.write_number(*place, value, look.of("count" if is_whole else look.kind))
        case _:
            text = _text(value)
            is_formula = isinstance(value, str) and spreadsheet_text(text) != text
            kind = "long" if look.kind == "long" else "text"
            worksheet.write_string(*place, text, look.of("quoted" if is_formula else kind))


def _is_held(figure: int | Decimal | Fraction) -> bool:
    """True if a spreadsheet holds every digit; a share always has one decimal."""
    if isinstance(figure, Fraction):
        return True
    digits = f"{figure:f}" if isinstance(figure, Decimal) else str(figure)
    return len(digits.replace(".", "").lstrip("-0")) <= _MOST_DIGITS


def _text(value: object) -> str:
    if isinstance(value, Money):
        value = rounded(value.amount, value.currency)
    text = "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"


def _sheets(answers: Answers) -> Iterable[Sheet]:
    compared = (
        Column("Compared with"), Column("Before", "money"), Column("Change", "money"),
        Column("Change %", "share"), Column("Local growth", "money"),
        Column("Exchange rates", "money"), Column("Local growth %", "share"),
    )  # fmt: skip
    revenue = Column(f"Revenue {answers.currency}", "money")
    period = Column(str(answers.by or "period").capitalize())
    yield _about(answers)
    rows = [*answers.global_performance, *([answers.total] if answers.total else [])]
    yield Sheet(
        "Global performance",
        (period, Column("First day", "day"), Column("Last day", "day"), Column("Is over"),
         revenue, Column("Before returns", "money"), Column("Returns", "money"),
         Column("Units", "units"), Column("Sales", "count"), *compared),
        [_of_period(row, is_total=row is answers.total) for row in rows],
        has_total=answers.total is not None,
    )  # fmt: skip
    yield Sheet(
        "Stores",
        (period, Column("Store"), Column("Name"), Column("City"), Column("Country"),
         Column("Place", "count"), revenue, Column("Share", "share"), Column("Traded"),
         *compared),
        [
            (row.period, row.store, row.name, row.city, row.country, row.rank, row.revenue,
             row.share, row.trading, *_before(row.before))
            for row in answers.store_performance
        ],
    )  # fmt: skip
    places = (
        Column("Share", "share"), Column("Cumulative share", "share"), Column("Class"),
        Column("Place before", "count"),
    )  # fmt: skip
    product = (Column("Place", "count"), Column("Product"), Column("Category"))
    units, revenue_before = Column("Units", "units"), Column("Revenue before", "money")
    units_before = Column("Units before", "units")
    yield Sheet(
        "Best by volume",
        (*product, units, revenue, *places, units_before, revenue_before),
        [(*_place(row), row.units, row.revenue, *_shares(row), row.units_before,
          row.revenue_before) for row in answers.best_by_volume],
    )  # fmt: skip
    yield Sheet(
        "Best by value",
        (*product, revenue, units, *places, revenue_before, units_before),
        [(*_place(row), row.revenue, row.units, *_shares(row), row.revenue_before,
          row.units_before) for row in answers.best_by_value],
    )  # fmt: skip
    yield Sheet(
        "Like for like",
        (period, Column("Traded"), Column("Stores", "count"), revenue, *compared),
        [(row.period, row.trading, row.stores, row.revenue, *_before(row.before))
         for row in answers.like_for_like],
    )  # fmt: skip
    if answers.closings:
        yield Sheet(
            "Closed months",
            (Column("Month"), Column("Closed on", "day"),
             Column(f"Closed at {answers.currency}", "money"),
             Column(f"Now {answers.currency}", "money"), Column("Restated by", "money"),
             Column("Cause"), Column("Its part", "money")),
            [row for month in answers.closings for row in _of_closed(month)],
        )  # fmt: skip


def _of_closed(month: ClosedMonth) -> Iterable[Sequence[object]]:
    """A row for the month, and one for each cause of what came later."""
    figures = (month.revenue_closed, month.revenue, month.change)
    name = f"{month.month:%Y-%m}"
    yield (name, month.closed_at.date(), *figures, None, None)
    for part in month.reasons:
        yield (name, None, None, None, None, part.reason, part.change)


def _about(answers: Answers) -> Sheet:
    rates = [
        (f"Rate of {currency} at constant exchange rates", source)
        for currency, source in answers.constant_rates.items()
    ]
    rows = [
        ("Run", answers.run_id),
        ("Finished (UTC)", moment(answers.finished_at)),
        ("Currency", answers.currency),
        *([("Tax", answers.tax.note)] if answers.tax.note else []),
        ("From", answers.first_day),
        ("To", answers.last_day),
        ("Best sellers compared with", answers.compared_with),
        *_closings(answers),
        *rates,
    ]
    return Sheet("About", (Column("About"), Column("")), rows)


def _closings(answers: Answers) -> Iterable[Sequence[object]]:
    if answers.closings:
        yield "Closed months", "as they were closed" if answers.as_closed else "as they are now"


def _of_period(row: PeriodRevenue, *, is_total: bool) -> Sequence[object]:
    return (
        "Total" if is_total else row.period, row.first_day, row.last_day,
        "yes" if row.is_over else "no", row.revenue, row.gross, row.returns, row.units, row.sales,
        *_before(row.before),
    )  # fmt: skip


def _before(before: Before | None) -> Sequence[object]:
    if before is None:
        return (None,) * 7
    return (
        before.period, before.revenue, before.change, before.growth, before.local_growth,
        before.currency_effect, before.constant_growth,
    )  # fmt: skip


def _place(row: ProductByVolume | ProductByValue) -> Sequence[object]:
    return row.rank, row.product, row.category


def _shares(row: ProductByVolume | ProductByValue) -> Sequence[object]:
    return row.share, row.cumulative_share, row.abc, row.rank_before
