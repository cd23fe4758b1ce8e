"""The page, the workbook and `why` show what a month was closed at, and what came later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from sales_pipeline.analysis.asked_sales import AskedPeriod
from sales_pipeline.analysis.periods import Compare
from sales_pipeline.analysis.sales_of_run import Choice
from sales_pipeline.report.answers_of_run import Asked, answers
from sales_pipeline.report.page.contents import page_of
from sales_pipeline.report.page.html import page_html
from sales_pipeline.report.why_moved import AskedChange, why_moved
from sales_pipeline.report.workbook import workbook_bytes
from tests.report.page.chromium import Browser
from tests.report.page.reading import Reader
from tests.retailer import Retailer, sale


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer with two closed months, one of which was restated."""
    retailer = Retailer(tmp_path_factory.mktemp("closed"))
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-01-16"), sale("3", "2025-02-03"))
    retailer.run()
    retailer.close("2025-01", "2025-02")
    retailer.deliver("lyon/late.csv", sale("4", "2025-01-20", total="12.00"))
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", total="7.00"), sale("3", "2025-02-03"))
    retailer.run()
    return retailer


@pytest.mark.parametrize(
    ("as_closed", "revenue", "note"),
    [
        (False, "29.00", "This page shows the closed months as they are now."),
        (True, "20.00", "This page shows the closed months as they were closed."),
    ],
)
def test_the_page_lists_closed_months_with_their_causes(
    chromium: Browser, closed: Retailer, tmp_path: Path, *, as_closed: bool, revenue: str, note: str
) -> None:
    page = page_of(closed.declaration, as_closed=as_closed)
    file = tmp_path / "report.html"
    file.write_bytes(page_html(page).encode())
    reader = Reader(chromium)
    reader.open(file)
    february, january = reader.table("closings")
    assert (february[0], february[2:5]) == ("2025-02", ["10.00", "10.00", ""])
    assert (january[0], january[2:5]) == ("2025-01", ["20.00", "29.00", "+9.00"])
    assert "corrections -3.00" in "".join(reader.texts("#closings tbody tr td:last-child"))
    assert note in "".join(reader.texts("#closings"))
    assert ["2025-01", revenue] in [row[:2] for row in reader.table("periods")]


def test_a_page_without_closed_months_says_so(chromium: Browser, closed: Retailer) -> None:
    page = page_of(closed.declaration, run=closed.run_ids()[0])
    assert page.closings.rows == ()
    assert page.closings.note == "None of these months is closed."


def test_the_workbook_has_a_sheet_of_closed_months(closed: Retailer, tmp_path: Path) -> None:
    (tmp_path / "sales.xlsx").write_bytes(
        workbook_bytes(answers(closed.declaration, Asked(as_closed=True)))
    )
    book = openpyxl.load_workbook(tmp_path / "sales.xlsx")
    rows = [[cell.value for cell in row] for row in book["Closed months"].rows]
    assert rows[0][2:4] == ["Closed at EUR", "Now EUR"]
    assert isinstance(rows[1][1], datetime)
    assert [row[:1] + row[2:] for row in rows[1:4]] == [
        ["2025-01", 20, 29, 9, None, None],
        ["2025-01", None, None, None, "corrections", -3],
        ["2025-01", None, None, None, "late files", 12],
    ]
    about = {row[0].value: row[1].value for row in book["About"].rows}
    assert about["Closed months"] == "as they were closed"


def test_why_lists_the_closed_months_of_both_periods(closed: Retailer) -> None:
    asked = AskedChange(AskedPeriod("2025-02"), Compare.PERIOD)
    why = why_moved(closed.declaration, asked)
    assert [(each.month, each.change) for each in why.closings] == [
        (date(2025, 1, 1), Decimal(9)),
        (date(2025, 2, 1), Decimal(0)),
    ]
    of_category = why_moved(closed.declaration, replace(asked, choice=Choice(category="Home")))
    assert [each.reasons for each in of_category.closings] == [(), ()]
