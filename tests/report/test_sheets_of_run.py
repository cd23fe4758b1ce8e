"""The workbook has what waits, the rates, the causes and the definitions of the page."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sales_pipeline.report.answers_of_run import answers
from sales_pipeline.report.page.contents import page_of
from sales_pipeline.report.sheets_of_answers import Sheet
from sales_pipeline.report.sheets_of_run import sheets_of_run
from sales_pipeline.report.workbook import workbook_bytes
from tests.report.conftest import HOSTILE
from tests.retailer import Retailer, sale

QUOTED = HOSTILE.replace('"', '""')
NAMES = [
    "Why the last month moved", "Quarantine", "Unknown names", "Rates used", "Definitions",
]  # fmt: skip


@pytest.fixture(scope="module")
def retailer(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer with two Januaries, another rate of the dollar, and records that wait."""
    retailer = Retailer(tmp_path_factory.mktemp("sheets"))
    rates = [{"rate": "0.80"}, {"rate": "0.90", "since": "2025-01-01"}]
    retailer.declared["rates"]["fixed"]["USD"] = rates
    retailer.deliver_catalogue()
    retailer.deliver(
        "lyon/a.csv",
        sale("1", "2024-01-10", total="100.00"),
        sale("2", "2025-01-10", total="110.00"),
        sale("3", "2025-01-10", f'"{QUOTED}"', total="7.50"),
        sale("4", "2025-01-10", "Inconnu", units="x", total="8.00"),
        sale("5", "2025-01-10", total="free"),
    )
    retailer.deliver(
        "boston/a.csv",
        sale("1", "2024-01-10", units="2.5", total="100.00"),
        sale("2", "2025-01-10", units="2.5", total="120.00"),
    )
    retailer.run()
    return retailer


@pytest.fixture(scope="module")
def sheets(retailer: Retailer) -> dict[str, Sheet]:
    return {sheet.name: sheet for sheet in sheets_of_run(retailer.declaration)}


@pytest.fixture(scope="module")
def book(retailer: Retailer, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path: Path = tmp_path_factory.mktemp("book") / "sales.xlsx"
    found = answers(retailer.declaration)
    path.write_bytes(workbook_bytes(found, sheets_of_run(retailer.declaration)))
    return openpyxl.load_workbook(path)


def _values(book: Any, name: str) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in book[name].rows]


def test_the_sheets_come_after_the_answers_with_a_frozen_header(book: Any) -> None:
    assert book.sheetnames[-5:] == NAMES
    assert {book[name].freeze_panes for name in NAMES} == {"B2"}


def test_the_causes_of_the_last_month_add_up_to_its_revenue(book: Any, retailer: Retailer) -> None:
    header, *rows = _values(book, "Why the last month moved")
    assert header == ["Cause", "That is", "Revenue EUR"]
    assert (rows[0][0], rows[0][2], rows[-1][0], rows[-1][2]) == ("2024-01", 180, "2025-01", 218)
    parts = {row[0]: row[2] for row in rows[1:-1]}
    assert parts == {"Price": 26, "Currency": 12}
    assert rows[0][2] + sum(parts.values()) == rows[-1][2]
    moved = page_of(retailer.declaration).moved
    assert moved is not None
    named = zip(moved.causes, moved.all.parts, strict=True)
    assert {cause.cause: part for cause, part in named if part} == parts
    assert book["Why the last month moved"]["C2"].number_format == "#,##0.00"
    assert book["Why the last month moved"]["C5"].font.bold


def test_what_waits_has_its_money_as_numbers(book: Any) -> None:
    header, *rows = _values(book, "Quarantine")
    assert header == ["Feed", "Reason", "What it means", "Records", "Amount", "Currency"]
    waiting = {row[1]: row for row in rows}
    assert waiting["product_unknown"][3:] == [2, 15.5, "EUR"]
    assert waiting["quantity_unreadable"][3:] == [1, 8, "EUR"]
    assert waiting["amount_unreadable"][3:] == [1, None, None]
    assert waiting["amount_unreadable"][2].startswith("The amount is no number")
    sheet = book["Quarantine"]
    assert (sheet["E2"].data_type, sheet["E2"].number_format) == ("n", "#,##0.00")
    assert sheet["C2"].alignment.wrap_text
    assert sheet.column_dimensions["C"].width > 40


def test_an_unknown_name_is_text_whatever_it_looks_like(book: Any) -> None:
    names = [row[1] for row in book["Unknown names"].rows]
    [hostile] = [cell for cell in names if str(cell.value).startswith("=")]
    assert (hostile.data_type, hostile.quotePrefix) == ("s", 1)
    assert all(cell.data_type != "f" for sheet in book for row in sheet.rows for cell in row)


def test_rates_have_their_change(book: Any) -> None:
    header, *rows = _values(book, "Rates used")
    assert header == ["Currency", "Sold", "2025-01", "2024-01", "Change"]
    assert rows == [["USD", 120, 0.9, 0.8, pytest.approx(0.125)]]
    sheet = book["Rates used"]
    formats = [sheet[cell].number_format for cell in ("B2", "C2", "E2")]
    assert formats == ["#,##0.00", "#,##0.000000", "0.0%"]


def test_definitions_are_those_of_the_page(book: Any, retailer: Retailer) -> None:
    _, *rows = _values(book, "Definitions")
    page = page_of(retailer.declaration)
    assert rows == [[each.term, each.meaning] for each in page.definitions]
    assert "Class A makes up the first 80.0% of the whole" in dict(map(tuple, rows))["Place, class"]


def test_where_nothing_waits_it_says_so(tmp_path: Path) -> None:
    retailer = Retailer(tmp_path)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    sheets = {sheet.name: sheet for sheet in sheets_of_run(retailer.declaration)}
    assert list(sheets) == NAMES[1:]
    assert sheets["Quarantine"].rows[0][0] == "Nothing waits in quarantine."
    assert sheets["Rates used"].rows == []


def test_yen_have_no_decimals_and_units_only_theirs(tmp_path: Path) -> None:
    retailer = Retailer(tmp_path)
    retailer.declared["feeds"]["boston"]["currency"] = "JPY"
    retailer.deliver_catalogue()
    retailer.deliver("boston/a.csv", sale("1", total="1200"), sale("2", units="?", total="1300"))
    retailer.deliver("lyon/a.csv", sale("1", units="2.5", item="Thé vert"))
    retailer.run()
    path = tmp_path / "sales.xlsx"
    found = answers(retailer.declaration)
    path.write_bytes(workbook_bytes(found, sheets_of_run(retailer.declaration)))
    book = openpyxl.load_workbook(path)
    amount = book["Quarantine"]["E2"]
    assert (amount.value, amount.number_format) == (1300, "#,##0")
    units = {row[3].value: row[3].number_format for row in book["Best by volume"].rows}
    assert (units[1], units[2.5]) == ("#,##0", "#,##0.###")
    assert found.total is not None
    assert found.total.revenue == Decimal("16.60")
