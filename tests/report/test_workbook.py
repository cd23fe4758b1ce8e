"""The workbook holds numbers as numbers, and no name is a formula."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from sales_pipeline.errors import ExtraMissing, UsageError
from sales_pipeline.report import workbook as module
from sales_pipeline.report.answers import Answers
from sales_pipeline.report.answers_of_run import answers
from sales_pipeline.report.workbook import workbook_bytes
from tests.retailer import Retailer


@pytest.fixture(scope="module")
def found(traded: Retailer) -> Answers:
    return answers(traded.declaration)


def test_every_answer_has_a_sheet_of_numbers_with_a_frozen_header(
    found: Answers, tmp_path: Path
) -> None:
    (tmp_path / "sales.xlsx").write_bytes(workbook_bytes(found))
    book = openpyxl.load_workbook(tmp_path / "sales.xlsx")
    assert book.sheetnames == [
        "About", "Global performance", "Stores", "Best by volume", "Best by value", "Like for like",
    ]  # fmt: skip
    assert {sheet.freeze_panes for sheet in book} == {"B2"}
    months = [[cell.value for cell in row][:10] for row in book["Global performance"].rows]
    january, february = datetime(2025, 1, 1), datetime(2025, 1, 31)  # noqa: DTZ001 -- a day
    assert months[1] == ["2025-01", january, february, "yes", 49.95, 49.95, 0, 0, 5, 3]
    assert [row[4] for row in months] == ["Revenue EUR", 49.95, 21.5, 71.45]
    revenue = book["Global performance"]["E2"]
    assert (revenue.data_type, revenue.number_format) == ("n", "#,##0.00")
    share = book["Stores"]["K2"]
    assert (share.value, share.number_format) == (pytest.approx(40 / 49.945), "0.0%")
    assert book["Stores"].column_dimensions["C"].width > len("boston store")


def test_a_name_that_looks_like_a_formula_is_text(found: Answers, tmp_path: Path) -> None:
    (tmp_path / "sales.xlsx").write_bytes(workbook_bytes(found))
    sheet = openpyxl.load_workbook(tmp_path / "sales.xlsx")["Best by value"]
    [cell] = [row[1] for row in sheet.rows if str(row[1].value).startswith("=")]
    assert (cell.data_type, cell.quotePrefix) == ("s", 1)
    assert not any(cell.data_type == "f" for row in sheet.rows for cell in row)


def test_a_figure_of_more_digits_than_a_spreadsheet_holds_is_text(
    found: Answers, tmp_path: Path
) -> None:
    huge = replace(found.best_by_value[0], revenue=Decimal("12345678901234567.89"))
    (tmp_path / "sales.xlsx").write_bytes(workbook_bytes(replace(found, best_by_value=(huge,))))
    sheet = openpyxl.load_workbook(tmp_path / "sales.xlsx")["Best by value"]
    assert (sheet["D2"].data_type, sheet["D2"].value) == ("s", "12345678901234567.89")


def test_more_rows_than_a_sheet_holds_are_refused(
    found: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_ROWS", 5)
    with pytest.raises(UsageError, match=r"About has 7 rows, and a sheet holds 5\. Do: choose"):
        (tmp_path / "sales.xlsx").write_bytes(workbook_bytes(found))


def test_without_the_extra_it_is_named(
    found: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(ExtraMissing, match=r"pip install 'sales-pipeline\[report\]'"):
        (tmp_path / "sales.xlsx").write_bytes(workbook_bytes(found))
