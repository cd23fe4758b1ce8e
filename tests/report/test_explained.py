"""A figure unfolded into files, records and rates; and what was left out of them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from rich.console import RenderableType

from sales_pipeline.analysis.asked_sales import AskedPeriod
from sales_pipeline.analysis.records_of_run import RecordsOfRun
from sales_pipeline.errors import UsageError
from sales_pipeline.exact import half_up
from sales_pipeline.report.explained import (
    AskedFigure,
    Explained,
    explained,
    explained_document,
)
from sales_pipeline.report.explained_text import explained_csv, explained_text
from tests.replacements import Replacements
from tests.report.conftest import CATALOGUE, HOSTILE
from tests.retailer import Retailer, sale

Rendered = Callable[[RenderableType], list[str]]
RATES = "Date,USD\n2025-01-10,1.60\n2025-01-15,1.25\n"


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """Files with everything that a figure may leave out, rates by day, and a month on hold."""
    retailer = Retailer(tmp_path_factory.mktemp("sold"))
    retailer.declared["rates"] = {"policy": "daily", "landing": "rates/*.csv"}
    lyon = retailer.declared["feeds"]["lyon"]
    lyon["exclude_when"] = "product = 'Cancelled'"
    lyon |= {"unknown_products": "pass", "ignore_case": True}
    retailer.deliver_catalogue(CATALOGUE)
    retailer.deliver_text("rates/a.csv", RATES)
    retailer.deliver(
        "lyon/a.csv",
        sale("1", "2025-01-10", total="10.00"),
        sale("2", "2025-01-31", "Piège", units="2.5", total="3.335"),
        sale("3", "2025-02-01", total="40.00"),
        sale("4", "2025-01-11", "lamp", total="1.11"),
        sale("5", "2025-01-12", "LAMP", total="2.22"),
        sale("6", "2025-01-12", "LAMP", total="4.44"),
    )
    retailer.deliver(
        "lyon/b.csv",
        sale("1", "2025-01-10", total="12.00"),
        sale("2", "2025-01-31", "Piège", units="2.5", total="3.335"),
        sale("7", "2025-01-13", "Cancelled", total="9.00"),
        sale("8", "2025-01-13", units="x", total="8.00"),
        sale("9", "2025-01-32", total="7.00"),
    )
    retailer.deliver(
        "boston/a.csv",
        sale("1", "2025-01-10", total="11.11"),
        sale("2", "2025-01-15", total="11.11"),
        sale("3", "2025-01-16", units="-1", total="-1.00"),
        sale("4", "2025-01-16", "Nobody knows", total="5.00"),
    )
    retailer.run()
    retailer.deliver("boston/late.csv", sale("9", "2025-01-30", total="1.00"))
    retailer.deliver("lyon/late.csv", sale("10", "2025-01-30", total="1.50"))
    retailer.run()
    return retailer


def _figure(retailer: Retailer, name: str = "2025-01", *, run: int = 0, **chosen: Any) -> Explained:
    run_id = retailer.run_ids()[run]
    return explained(retailer.declaration, AskedFigure(AskedPeriod(name), **chosen), run=run_id)


def _records(retailer: Retailer, name: str = "2025-01", **chosen: Any) -> list[dict[str, Any]]:
    asked = AskedFigure(AskedPeriod(name), **chosen)
    run = retailer.run_ids()[0]
    return list(
        csv.DictReader("".join(explained_csv(retailer.declaration, asked, run=run)).splitlines())
    )


def _files(figure: Explained) -> dict[str, tuple[int, str, str | None]]:
    return {
        part.file: (part.records, f"{part.amount:f}", f"{part.revenue}") for part in figure.files
    }


def test_records_of_a_period_far_longer_than_its_sales_are_looked_for_in_months_with_sales(
    sold: Retailer, replaced: Replacements
) -> None:
    def records(last: date) -> str:
        asked = AskedFigure(AskedPeriod(first=date(2025, 1, 1), last=last))
        return "".join(explained_csv(sold.declaration, asked, run=sold.run_ids()[0]))

    reads = replaced(RecordsOfRun, "read")
    of_a_year = records(date(2025, 12, 31))
    reads.clear()
    assert records(date(2999, 12, 31)) == of_a_year
    assert len(reads) < 12
    assert of_a_year.count("2025-01-") >= len(_records(sold))


def test_a_figure_is_its_files_records_and_rates(sold: Retailer) -> None:
    figure = _figure(sold)
    # 10.105 + 7.77 EUR, 15.335 EUR, and 11.11 / 1.6 + (11.11 - 1) / 1.25 USD.
    exact = [
        Fraction("7.77"),
        Fraction("15.335"),
        Fraction("11.11") / Fraction("1.6") + Fraction("8.088"),
    ]
    assert figure.revenue == half_up(sum(exact, Fraction(0)), 2)
    assert _files(figure) == {
        "lyon/a.csv": (3, "7.7700", "7.77"),
        "lyon/b.csv": (2, "15.3350", "15.34"),
        "boston/a.csv": (3, "21.2200", "15.03"),
    }
    assert sum(part.revenue or 0 for part in figure.files) == figure.revenue == Decimal("38.14")
    assert sum(part.units for part in figure.files) == figure.units == Decimal("7.5")
    [boston] = [part for part in figure.files if part.feed == "boston"]
    assert (boston.lowest_rate, boston.highest_rate) == (Decimal("0.625"), Decimal("0.8"))
    assert figure.not_in_gold is None


def test_its_records_add_up_to_it_unrounded(sold: Retailer) -> None:
    rows = _records(sold)
    assert len(rows) == 8
    for row in rows:
        assert Fraction(row["amount"]) * Fraction(row["rate"]) == Fraction(row["revenue"])
    by_file: dict[str, Fraction] = {}
    for row in rows:
        by_file[row["file"]] = by_file.get(row["file"], Fraction(0)) + Fraction(row["revenue"])
    assert half_up(sum(by_file.values(), Fraction(0)), 2) == Decimal("38.14")
    assert by_file["lyon/b.csv"] == Fraction("15.335")
    assert rows[-1] == {
        "file": "boston/a.csv",
        "row": "3",
        "store": "boston",
        "day": "2025-01-16",
        "product": "Vase",
        "quantity": "-1",
        "amount": "-1.0000",
        "currency": "USD",
        "rate": "0.8",
        "revenue": "-0.8",
        "revenue_currency": "EUR",
        "tax": "not declared",
    }
    [hostile] = [row for row in rows if "HYPERLINK" in row["product"]]
    assert hostile["product"].startswith("'=")
    assert "\x1b" not in hostile["product"]


def test_what_was_left_out_has_its_reason_and_money(sold: Retailer) -> None:
    found = [
        (each.file, each.status, each.reasons, each.day_is_known, each.records, each.amount)
        for each in _figure(sold, store="lyon").left_out
    ]
    assert found == [
        ("lyon/a.csv", "displaced", (), True, 1, Decimal("10.0000")),
        ("lyon/a.csv", "duplicate", (), True, 1, Decimal("3.3350")),
        ("lyon/b.csv", "excluded", (), True, 1, Decimal("9.0000")),
        ("lyon/b.csv", "quarantined", ("date_unreadable",), False, 1, Decimal("7.0000")),
        ("lyon/b.csv", "quarantined", ("quantity_unreadable",), True, 1, Decimal("8.0000")),
    ]
    [boston] = _figure(sold, store="boston").left_out
    assert boston.meaning.startswith("The catalogue does not know the product")
    assert boston.product_is_known
    # The record that nobody knows may be of any product.
    [unknown] = _figure(sold, store="boston", product="Vase").left_out
    assert not unknown.product_is_known


def test_a_product_has_all_its_spellings_and_a_store_its_own(sold: Retailer) -> None:
    figure = _figure(sold, product="LAMP")
    assert _files(figure) == {"lyon/a.csv": (3, "7.7700", "7.77")}
    assert {row["product"] for row in _records(sold, product="LAMP")} == {"LAMP", "lamp"}
    assert _files(_figure(sold, product=HOSTILE)) == {"lyon/b.csv": (1, "3.3350", "3.34")}
    day = _figure(sold, "2025-01-10", store="lyon")
    assert (day.revenue, [part.file for part in day.files]) == (Decimal("12.00"), ["lyon/b.csv"])
    quarter = _figure(sold, "2025-Q1", store="lyon")
    assert _files(quarter)["lyon/a.csv"] == (4, "47.7700", "47.77")
    with pytest.raises(UsageError, match="Did you mean 'LAMP'"):
        _figure(sold, product="LAMPE")
    with pytest.raises(UsageError, match="write one such as 2025-02, 2025-Q1, 2025"):
        _figure(sold, "2025-13")


def test_a_month_on_hold_says_what_gold_does_not_show(sold: Retailer, rendered: Rendered) -> None:
    figure = _figure(sold, run=1)
    assert figure.revenue == Decimal("38.14")
    assert _files(figure)["boston/late.csv"] == (1, "1.0000", "None")
    # Silver has 1.50 EUR that gold does not show yet.
    assert figure.not_in_gold == Decimal("-1.50")
    assert sum(part.revenue or 0 for part in figure.files) - Decimal("1.50") == figure.revenue
    lines = rendered(explained_text(figure))
    assert [line.split()[-1] for line in lines if "a month is on hold" in line] == ["-1.50"]


def test_the_tables_fit_and_the_document_is_plain(sold: Retailer, rendered: Rendered) -> None:
    lines = rendered(explained_text(_figure(sold)))
    assert max(map(len, lines)) <= 100
    text = "\n".join(lines)
    assert "Revenue of 2025-01" in text
    assert [line.split()[-1] for line in lines if line.startswith("Total")] == ["38.14"]
    assert "date_unreadable (day unknown)" in text
    document = explained_document(_figure(sold))
    assert document["files"][0] == {
        "file": "lyon/a.csv",
        "file_id": document["files"][0]["file_id"],
        "feed": "lyon",
        "currency": "EUR",
        "records": 3,
        "units": "3",
        "amount": "7.7700",
        "lowest_rate": "1",
        "highest_rate": "1",
        "revenue": "7.77",
    }
