"""P5: a file that is withdrawn leaves altogether, and no earlier version of it comes back."""

from __future__ import annotations

import pytest

from sales_pipeline.errors import UsageError
from tests.retailer import CATALOGUE, Retailer, sale


@pytest.mark.long
def test_p5_a_withdrawn_file_leaves_with_its_earlier_versions(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-02-01"))
    retailer.deliver("lyon/b.csv", sale("3", "2025-03-01"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="12.00"), sale("2", "2025-02-01"))
    retailer.run()
    report = retailer.withdraw("lyon/a.csv")
    assert [note.path for note in report.withdrawn] == ["lyon/a.csv"]
    assert retailer.states()["lyon/a.csv"] == ["withdrawn", "withdrawn"]
    assert retailer.revenue() == {(2025, 3): "10.00"}
    assert [str(each.month) for each in report.moved] == ["2025-01-01", "2025-02-01"]
    assert len(list((retailer.lakehouse / "archive/lyon").rglob("a.csv"))) == 2
    columns = ("_file_id", "delivered_rows", "superseded_rows", "accepted_rows")
    assert retailer.rows("ops.balance", *columns)[1:] == [(2, 2, 2, 0), (3, 1, 0, 1), (4, 2, 2, 0)]
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
def test_p5_the_same_bytes_may_be_delivered_again_after_withdraw(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.withdraw("lyon/a.csv")
    assert retailer.revenue() == {}
    retailer.deliver("lyon/a.csv", sale("1"))
    assert retailer.run().exit_code == 0
    assert retailer.states()["lyon/a.csv"] == ["withdrawn", "archived"]
    assert retailer.revenue() == {(2025, 1): "10.00"}


@pytest.mark.long
def test_p5_what_a_withdrawn_file_displaced_comes_back(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    retailer.deliver("lyon/b.csv", sale("2", "2025-02-01", total="20.00"))
    retailer.run()
    report = retailer.withdraw("lyon/b.csv")
    assert retailer.revenue() == {(2025, 1): "20.00"}
    assert {each.balances for each in report.balances} == {True}
    assert retailer.table("silver.set_aside") == []


@pytest.mark.long
def test_p5_a_withdrawn_catalogue_takes_its_names_back(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver_catalogue(CATALOGUE + "\nLampe,Maison,Lamp,Home", "more.csv")
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", item="Lampe"))
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "20.00"}
    retailer.withdraw("catalogue/more.csv")
    assert retailer.revenue() == {(2025, 1): "10.00"}
    assert retailer.rows("silver.quarantine", "reasons") == [(["product_unknown"],)]
    assert "Lampe" not in {row["source"] for row in retailer.table("silver.products")}
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
def test_p5_all_deliveries_of_a_name_that_adds_leave_together(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["same_name"] = "adds"
    retailer.deliver_catalogue()
    for number in ("1", "2"):
        retailer.deliver("lyon/today.csv", sale(number))
        retailer.run()
    retailer.withdraw("lyon/today.csv")
    assert retailer.revenue() == {}


def test_p5_a_file_that_stops_gold_can_be_withdrawn(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    file = retailer.deliver("boston/a.csv", sale("2"))
    with retailer.stopped_before("gold"):
        retailer.run()
    assert file.exists()
    retailer.withdraw("boston/a.csv")
    assert not file.exists()
    assert retailer.states()["boston/a.csv"] == ["withdrawn"]
    assert retailer.revenue() == {(2025, 1): "10.00"}
    assert retailer.run().is_nothing_new


def test_p5_withdraw_knows_files_by_their_path_and_says_what_there_is(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/2025/a.csv", sale("1"))
    retailer.declared["feeds"]["lyon"]["landing"] = "lyon/**/*.csv"
    with pytest.raises(UsageError, match="lakehouse: none at"):
        retailer.withdraw("lyon/a.csv")
    retailer.run()
    with pytest.raises(UsageError, match=r"Did you mean 'lyon/2025/a.csv'\?"):
        retailer.withdraw("lyon/2025/b.csv")
    retailer.withdraw(str(retailer.landing / "lyon/2025/a.csv"))
    assert retailer.revenue() == {}
