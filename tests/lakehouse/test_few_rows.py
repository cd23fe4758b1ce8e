"""`Lakehouse.few_rows` reads what this process may hold; what it holds is written the same way."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

import sales_pipeline.lakehouse.lakehouse as module
from sales_pipeline.engines.folder import FolderEngine
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from tests.retailer import Retailer, sale

ALL = "true"


@pytest.fixture
def sold(retailer: Retailer) -> Retailer:
    """A retailer with three delivered records, of which one is quarantined."""
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", total="x"), sale("3"))
    assert retailer.run().outcome == "done"
    return retailer


def _holding(lakehouse: Lakehouse, rows: int) -> Lakehouse:
    lakehouse.engine.capabilities = replace(lakehouse.engine.capabilities, rows_held_here=rows)
    return lakehouse


def test_rows_are_held_up_to_the_number_that_the_engine_says(sold: Retailer) -> None:
    def checked(lakehouse: Lakehouse) -> None:
        held = _holding(lakehouse, 3).few_rows("bronze.sales", ALL)
        assert held is not None
        assert held.column_names == [each.name for each in lakehouse.columns("bronze.sales")]
        assert sorted(held["sale_id"].to_pylist()) == ["1", "2", "3"]
        assert _holding(lakehouse, 2).few_rows("bronze.sales", ALL) is None
        assert _holding(lakehouse, 2).few_rows("bronze.sales", "_row BETWEEN 1 AND 2") is not None
        assert _holding(lakehouse, 0).few_rows("bronze.sales", "false") is None

    sold.read(checked)


def test_rows_of_too_many_bytes_are_not_held(
    sold: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HELD_BYTES", 10)
    sold.read(lambda lakehouse: _nothing(_holding(lakehouse, 1_000)))


def _nothing(lakehouse: Lakehouse) -> None:
    assert lakehouse.few_rows("bronze.sales", ALL) is None


def test_a_view_shows_its_own_rows_and_a_condition_within_them(sold: Retailer) -> None:
    def checked(lakehouse: Lakehouse) -> None:
        _holding(lakehouse, 10)
        held = lakehouse.few_rows("silver.sales", "_row = 1 OR _row = 2", columns=["sale_id"])
        assert held is not None
        assert held.to_pydict() == {"sale_id": ["1"]}

    sold.read(checked)


def test_a_declared_column_that_the_table_does_not_have_yet_is_null(sold: Retailer) -> None:
    feed = sold.declared["feeds"]["lyon"]
    feed["columns"]["till"] = "caisse"
    feed["key"] = ["sale_id", "till"]

    def checked(lakehouse: Lakehouse) -> None:
        held = _holding(lakehouse, 10).few_rows("bronze.sales", ALL, columns=["sale_id", "till"])
        assert held is not None
        assert held["till"].to_pylist() == [None] * 3

    sold.read(checked)


@pytest.mark.parametrize("rows", [0, 1, 50_000])
def test_small_and_large_batches_become_the_same_tables(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(FolderEngine, "rows_held_here", rows)
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"), sale("2"), sale("3", total="x"))
    retailer.deliver("boston/a.csv", sale("1"), sale("9", item="Unknown"))
    assert retailer.run().outcome == "done"
    retailer.deliver("lyon/b.csv", sale("2", price="8.00", total="8.00"), sale("4"))
    assert retailer.run().outcome == "done"
    records = retailer.rows("silver.records", "feed", "sale_id", "amount", "status", "winner_row")
    assert sorted(records, key=str) == [
        ("boston", "1", Decimal("10.0000"), "sale", None),
        ("boston", "9", Decimal("10.0000"), "quarantined", None),
        ("lyon", "1", Decimal("10.0000"), "sale", None),
        ("lyon", "2", Decimal("10.0000"), "displaced", 1),
        ("lyon", "2", Decimal("10.0000"), "displaced", 1),
        ("lyon", "2", Decimal("8.0000"), "sale", None),
        ("lyon", "3", None, "quarantined", None),
        ("lyon", "4", Decimal("10.0000"), "sale", None),
    ]
    cube = retailer.rows("gold.sales_cube", "store", "product", "sales", "amount", "revenue")
    assert sorted(cube) == [
        ("boston", "Vase", 1, Decimal(10), Decimal("8.5")),
        ("lyon", "Vase", 3, Decimal(28), Decimal(28)),
    ]
