from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import RenderableType

from sales_pipeline.report.quarantine import Waiting, counted_by_reason
from sales_pipeline.report.status import Status, status, status_document, status_text
from sales_pipeline.silver.displaced import DisplacedSales
from tests.retailer import HEADER, Retailer, sale

Rendered = Callable[[RenderableType], list[str]]


@pytest.fixture(scope="module")
def found(traded: Retailer) -> Status:
    return status(traded.declaration)


def test_every_feed_is_shown_with_its_last_delivery(found: Status) -> None:
    assert [(each.feed, each.last_name) for each in found.feeds] == [
        ("catalogue", "catalogue.csv"),
        ("lyon", "january.csv"),
        ("boston", "january.csv"),
    ]


def test_what_waits_is_counted_by_feed_and_reason_with_its_money(found: Status) -> None:
    waiting = [(each.feed, each.reason, each.rows) for each in found.waiting.by_reason]
    assert waiting == [
        ("lyon", "date_unreadable", 1),
        ("lyon", "product_unknown", 1),
        ("lyon", "quantity_unreadable", 1),
    ]
    assert (found.waiting.rows, found.waiting.amounts) == (2, {"EUR": Decimal("15.0000")})


def test_the_text_tells_reasons_in_sentences(found: Status, rendered: Rendered) -> None:
    text = " ".join(rendered(status_text(found)))
    assert "The date is no day of the calendar" in text
    assert "2 records in all, 15.00 EUR; one may have several reasons." in text
    assert "Nothing in the landing folder." in text


def test_the_document_holds_amounts_as_text(found: Status) -> None:
    document = status_document(found)
    assert document["quarantine"]["amounts"] == {"EUR": "15.0000"}
    assert document["feeds"][1]["deliveries"] == {"archived": 1}
    assert document["runs"][0]["outcome"] == "done"


def test_displaced_sales_are_told_in_text_and_document(found: Status, rendered: Rendered) -> None:
    money = {"EUR": Decimal("10.0000")}
    displaced = replace(found, displaced=(DisplacedSales("lyon", None, 2, money, money),))
    line = "  lyon: 2 sales of 10.00 EUR; in force instead: 10.00 EUR"
    assert line in rendered(status_text(displaced))
    assert not any("displaced" in each for each in rendered(status_text(found)))
    assert status_document(displaced)["displaced"][0]["after"] == {"EUR": "10.0000"}
    assert status_document(found)["displaced"] == []


def test_before_the_first_run_the_landing_folder_is_looked_at(
    tmp_path: Path, rendered: Rendered
) -> None:
    retailer = Retailer(tmp_path)
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.deliver("lyon/b.csv", sale("1"))
    retailer.deliver_text("lyon/c.csv", "<html>")
    retailer.deliver_text("notes.txt", "x")
    retailer.deliver_text("lyon/d.csv.part", "x")
    found = status(retailer.declaration)
    assert not found.is_made
    assert {each.path: each.becomes for each in found.landed} == {
        "lyon/a.csv": "new",
        "lyon/b.csv": "repeat",
        "lyon/c.csv": "rejected",
    }
    lines = rendered(status_text(found))
    assert lines[0].startswith("No lakehouse at ")
    for line in ("new", "repeats, not to be counted", "to be rejected", "claimed by no feed"):
        assert f"  {line}: 1 file" in lines
    assert status_document(found)["landing"]["unready"] == ["lyon/d.csv.part"]


def test_looking_changes_nothing(tmp_path: Path) -> None:
    retailer = Retailer(tmp_path)
    retailer.deliver("lyon/a.csv", sale("1"))
    before = sorted(tmp_path.rglob("*"))
    status(retailer.declaration)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_corrected_file_and_a_feed_that_never_delivered_are_told(
    tmp_path: Path, rendered: Rendered
) -> None:
    retailer = Retailer(tmp_path)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="9.00"), header=HEADER)
    found = status(retailer.declaration)
    assert [each.becomes for each in found.landed] == ["correction"]
    text = "\n".join(rendered(status_text(found)))
    assert "Nothing waits in quarantine." in text
    assert "never" in text
    assert status_document(found)["feeds"][2]["last_at"] is None


def test_a_record_with_two_reasons_counts_under_both_and_once_in_all() -> None:
    quarantine = pa.table(
        {
            "feed": ["a", "a", "b"],
            "reasons": [["x", "y"], ["x"], ["x"]],
            "amount": pa.array([Decimal("1.5000"), None, Decimal(2)], pa.decimal128(18, 4)),
            "currency": ["EUR", "EUR", None],
        }
    )
    waiting = counted_by_reason(quarantine, {})
    rows = [(each.feed, each.reason, each.rows, each.amounts) for each in waiting.by_reason]
    assert rows == [
        ("a", "x", 2, {"EUR": Decimal("1.5")}),
        ("a", "y", 1, {"EUR": Decimal("1.5")}),
        ("b", "x", 1, {}),
    ]
    assert (waiting.rows, waiting.amounts) == (3, {"EUR": Decimal("1.5")})


def test_an_empty_quarantine_holds_nothing() -> None:
    empty = pa.schema(
        [
            ("feed", pa.string()),
            ("reasons", pa.list_(pa.string())),
            ("amount", pa.decimal128(18, 4)),
            ("currency", pa.string()),
        ]
    ).empty_table()
    assert counted_by_reason(empty, {}) == Waiting()
