"""Tax is taken off, put back and taken off at another rate; no trace of an earlier way is left."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sales_pipeline.errors import LakehouseMismatch
from sales_pipeline.lakehouse import tables
from sales_pipeline.lakehouse.tables import RECORDS, TAX
from sales_pipeline.silver import counting
from sales_pipeline.silver.silver_tables import read_silver
from tests.retailer import Retailer, sale

FRANCE = {"included": True, "rate": "20 %"}


def _declare(retailer: Retailer, lyon: object = FRANCE, *, net: bool = True) -> None:
    feeds = retailer.declared["feeds"]
    feeds["lyon"]["tax"], feeds["boston"]["tax"] = lyon, {"included": False}
    retailer.declared["revenue"] = "net_of_tax" if net else "as_delivered"


def _deliver(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", total="120.00"), sale("2", "2025-02-03", total="36"))
    retailer.deliver("lyon/b.csv", sale("2", "2025-02-03", total="24"), sale("3", item="Lamp"))
    retailer.deliver("boston/a.csv", sale("1", total="100.00"))


def _amounts(retailer: Retailer, view: str = "sales") -> dict[Any, Any]:
    rows = read_silver(retailer.declaration, view).to_pylist()
    return {(row["feed"], row["sale_id"]): (str(row["amount"]), str(row.get(TAX))) for row in rows}


def _revenue(retailer: Retailer) -> dict[str, Decimal]:
    rows = retailer.read(lambda lakehouse: lakehouse.rows("gold.revenue_per_month_and_shop"))
    return {f"{row['store']} {row['year']}-{row['month']:02d}": row["revenue"] for row in rows}


NET = {
    "lyon 2025-01": Decimal("100.00"),
    "lyon 2025-02": Decimal("20.00"),
    "boston 2025-01": Decimal("85.00"),
}
AS_DELIVERED = NET | {"lyon 2025-01": Decimal("120.00"), "lyon 2025-02": Decimal("24.00")}


@pytest.mark.long
def test_p3_net_and_back_leaves_no_trace(retailer: Retailer) -> None:
    _declare(retailer, net=False)
    _deliver(retailer)
    retailer.run()
    before = retailer.state()
    assert _revenue(retailer) == AS_DELIVERED
    _declare(retailer)
    retailer.run(rejudge=["lyon"])
    assert _revenue(retailer) == NET
    assert _amounts(retailer) == {
        ("lyon", "1"): ("100.0000", "20.0000"),
        ("lyon", "2"): ("20.0000", "4.0000"),
        ("boston", "1"): ("100.0000", "None"),
    }
    _declare(retailer, net=False)
    retailer.run(rejudge=["lyon"])
    assert retailer.state() == before


@pytest.mark.long
def test_p3_a_rebuild_takes_off_the_same_tax(retailer: Retailer) -> None:
    _declare(retailer)
    _deliver(retailer)
    retailer.run()
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


def test_only_a_feed_whose_amounts_include_tax_has_to_be_judged_again(retailer: Retailer) -> None:
    _declare(retailer, net=False)
    _deliver(retailer)
    retailer.run()
    _declare(retailer)
    with pytest.raises(LakehouseMismatch) as caught:
        retailer.run()
    assert "feeds: declared otherwise when their records were judged: lyon (" in str(caught.value)
    assert "sales-pipeline run --rejudge lyon, which" in str(caught.value)
    assert "boston" not in str(caught.value)


@pytest.mark.long
def test_another_rate_moves_the_sums_by_the_declaration(retailer: Retailer) -> None:
    _declare(retailer)
    _deliver(retailer)
    retailer.run()
    _declare(retailer, {"included": True, "rate": "50 %"})
    retailer.run(rejudge=["lyon"])
    assert _revenue(retailer)["lyon 2025-01"] == Decimal("80.00")


def test_p2_the_balance_has_the_sum_of_the_file(retailer: Retailer) -> None:
    _declare(retailer)
    _deliver(retailer)
    retailer.run()
    rows = retailer.read(lambda lakehouse: lakehouse.rows("ops.balance"))
    of_file = {(row["feed"], row["_file_id"]): row for row in rows if row["feed"] == "lyon"}
    delivered = [row["delivered_amount"] for row in of_file.values()]
    assert sorted(delivered) == [Decimal("34.0000"), Decimal("156.0000")]
    for row in of_file.values():
        parts = (row[name] for name in row if name.endswith("_amount") and name[0] != "d")
        assert (
            row["delivered_amount"]
            == sum(parts) + row["duplicate_amount"] + row["displaced_amount"]
        )


def test_a_sale_with_another_tax_is_not_the_same_sale(retailer: Retailer) -> None:
    _declare(retailer, {"included": True, "column": "vat"})
    lyon = retailer.declared["feeds"]["lyon"]
    lyon["columns"]["vat"], lyon["max_repeated_keys"] = "vat", "100%"
    retailer.deliver_catalogue()
    header = "id,day,item,price,units,total,vat"
    rows = [f"{sale('1', total='120')},20", f"{sale('1', total='110')},10"]
    retailer.deliver("lyon/a.csv", *rows, header=header)
    retailer.run()
    aside = read_silver(retailer.declaration, "set_aside").to_pylist()
    assert [(row["status"], row["amount"]) for row in aside] == [("displaced", Decimal(100))]


@pytest.fixture
def of_earlier_version(retailer: Retailer) -> Retailer:
    """A retailer whose lakehouse was made when records had no tax yet."""
    _declare(retailer, net=False)
    _deliver(retailer)
    with pytest.MonkeyPatch.context() as patch:
        body = tuple(column for column in tables._SALE_BODY if column.name != tables.TAX)
        patch.setattr(tables, "_SALE_BODY", body)
        patch.setattr(counting, "_DELIVERED", "amount")
        retailer.run()
    return retailer


@pytest.mark.long
def test_a_lakehouse_without_the_column_goes_on(of_earlier_version: Retailer) -> None:
    """The next run adds the column; what earlier runs left is read without it."""
    retailer = of_earlier_version
    columns = retailer.read(lambda lakehouse: lakehouse.engine.column_names(RECORDS))
    assert TAX not in columns
    assert retailer.run().is_nothing_new
    [first] = retailer.run_ids()
    _declare(retailer)
    assert _amounts(retailer)["lyon", "1"] == ("120.0000", "None")
    retailer.run(rejudge=["lyon"])
    assert _amounts(retailer)["lyon", "1"] == ("100.0000", "20.0000")
    old = read_silver(retailer.declaration, "sales", run=first).to_pylist()
    assert {row[TAX] for row in old} == {None}
    assert retailer.run().is_nothing_new
