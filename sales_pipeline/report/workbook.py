"""The answers as a workbook for a spreadsheet: a sheet for each, numbers as numbers.

A text is always written as text, so no name runs as a formula; one that looks like a formula also
keeps the mark of a text when somebody edits it. A spreadsheet holds 15 digits of a number, so a
longer figure is written as text rather than rounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from typing import Any

from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.errors import ExtraMissing, UsageError
from sales_pipeline.printable import spreadsheet_text
from sales_pipeline.report.answers import Answers
from sales_pipeline.report.figures import rounded
from sales_pipeline.report.sheets_of_answers import Money, Sheet, sheets_of_answers

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


def workbook_bytes(answers: Answers, further: Sequence[Sheet] = ()) -> bytes:
    """Returns the bytes of a workbook with the answers, and with further sheets after theirs.

    Raises:
        ExtraMissing: The extra that the workbook needs is not installed.
        UsageError: An answer has more rows than a sheet can hold.
    """
    xlsxwriter = workbook_writer()
    sheets = [*sheets_of_answers(answers), *further]
    for sheet in sheets:
        if len(sheet.rows) > _MOST_ROWS:
            raise UsageError(
                f"--xlsx: {sheet.name} has {len(sheet.rows):,} rows, and a sheet holds "
                f"{_MOST_ROWS:,}. Do: choose fewer months with --from and --to"
            )
    # Nothing is guessed from a text: neither a formula, nor a link, nor a number.
    guesses = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    content = BytesIO()
    with xlsxwriter.Workbook(content, guesses) as workbook:
        workbook.set_properties({"title": "Sales report", "comments": f"Run {answers.run_id}"})
        formats = _formats(workbook, answers)
        for sheet in sheets:
            _write(workbook.add_worksheet(sheet.name), sheet, formats)
    return content.getvalue()


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
