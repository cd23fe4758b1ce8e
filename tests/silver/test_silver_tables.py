"""The silver tables from Python."""

from __future__ import annotations

import pytest

from sales_pipeline import read_silver
from sales_pipeline.errors import UsageError
from tests.retailer import Retailer, sale


@pytest.mark.long
def test_the_views_and_the_table_are_read_as_a_run_left_them(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "never"), sale("3"), sale("3"))
    retailer.run()
    [first] = retailer.run_ids()
    retailer.deliver("lyon/b.csv", sale("4"))
    retailer.run()

    def ids(table: str, run: str | None = None) -> list[str]:
        rows = read_silver(retailer.declaration, table, run=run)
        return sorted(rows["sale_id"].to_pylist())

    assert ids("sales") == ["1", "3", "4"]
    assert ids("silver.sales", first) == ["1", "3"]
    assert ids("set_aside") == ["3"]
    assert ids("records") == ["1", "2", "3", "3", "4"]
    quarantine = read_silver(retailer.declaration, "quarantine")
    assert quarantine["reasons"].to_pylist() == [["date_unreadable"]]


def test_a_key_declared_later_is_null_in_what_an_earlier_run_left(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    [first] = retailer.run_ids()
    lyon = retailer.declared["feeds"]["lyon"]
    lyon |= {"computed": {"till": {"value": "7"}}, "key": ["sale_id", "till"]}
    retailer.run(rejudge=["lyon"])
    for table in ("sales", "records"):
        assert read_silver(retailer.declaration, table)["till"].to_pylist() == ["7"]
    before = read_silver(retailer.declaration, "sales", run=first)
    assert before.select(["sale_id", "till"]).to_pylist() == [{"sale_id": "1", "till": None}]
    left = read_silver(retailer.declaration, "records", run=first)
    assert left["sale_id"].to_pylist() == ["1"]


def test_a_wrong_name_is_answered_with_the_right_one(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.run()
    with pytest.raises(UsageError, match=r"Did you mean 'silver\.quarantine'\?"):
        read_silver(retailer.declaration, "quarantene")
