"""P5: a file of the same name and other bytes takes the place of the earlier one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from deltalake import DeltaTable

from sales_pipeline.gold.changes import Moved
from tests.retailer import CATALOGUE, Retailer, sale

JANUARY = date(2025, 1, 1)


@pytest.mark.long
def test_p5_bytes_that_were_superseded_count_as_new(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    for total in ("10.00", "12.00", "10.00"):
        retailer.deliver("lyon/a.csv", sale("1", total=total))
        retailer.run()
    assert retailer.revenue() == {(2025, 1): "10.00"}
    assert retailer.states()["lyon/a.csv"] == ["superseded", "superseded", "archived"]


@pytest.mark.long
def test_p5_a_rejected_correction_supersedes_nothing(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["max_quarantined"] = "20%"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="1O.00"), sale("2"))
    report = retailer.run()
    assert report.exit_code == 1
    assert retailer.revenue() == {(2025, 1): "10.00"}
    assert retailer.states()["lyon/a.csv"] == ["archived", "rejected"]
    retailer.deliver("lyon/a.csv", sale("1", total="5.00"))
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "5.00"}


def test_p5_a_right_header_without_records_is_a_delivery_of_no_rows(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv")
    report = retailer.run()
    assert report.exit_code == 0
    assert retailer.states()["lyon/a.csv"] == ["archived"]
    assert retailer.revenue() == {}


def test_p5_two_stores_may_deliver_the_same_header_on_a_day_without_sales(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv")
    retailer.deliver("boston/a.csv")
    assert retailer.run().exit_code == 0
    assert retailer.states()["boston/a.csv"] == ["archived"]


@pytest.mark.long
def test_p5_a_displaced_record_comes_back_when_its_winner_goes(retailer: Retailer) -> None:
    kept = sale("9", "2025-04-01", total="1.00")
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-02-01"))
    retailer.deliver("lyon/b.csv", sale("2", "2025-03-01", total="20.00"), kept)
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "10.00", (2025, 3): "20.00", (2025, 4): "1.00"}
    retailer.deliver("lyon/b.csv", sale("3", "2025-04-01", total="30.00"), kept)
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "10.00", (2025, 2): "10.00", (2025, 4): "31.00"}
    assert retailer.table("silver.set_aside") == []


@pytest.mark.long
def test_p5_a_correction_may_be_corrected_also_before_it_was_judged(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="11.00"), sale("2"))
    with retailer.stopped_before("silver"):
        retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="12.00"), sale("2"))
    retailer.run()
    assert retailer.states()["lyon/a.csv"] == ["superseded", "superseded", "archived"]
    assert retailer.revenue() == {(2025, 1): "22.00"}
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
def test_p5_a_correction_that_vanished_is_no_link_to_what_it_would_have_replaced(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="11.00"), sale("2"))
    with retailer.stopped_before("bronze"):
        retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="12.00"), sale("2"))
    report = retailer.run()
    assert [note.path for note in report.abandoned] == ["lyon/a.csv"]
    assert retailer.states()["lyon/a.csv"] == ["superseded", "abandoned", "archived"]
    assert [each.supersedes for each in retailer.ledger()][2:] == [2, 2]
    assert retailer.revenue() == {(2025, 1): "22.00"}


@pytest.mark.long
def test_p5_under_same_name_adds_a_file_is_further_data_and_a_repeat_is_still_one(
    retailer: Retailer,
) -> None:
    retailer.declared["feeds"]["lyon"]["same_name"] = "adds"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/today.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/today.csv", sale("2"))
    assert retailer.run().exit_code == 0
    retailer.deliver("lyon/today.csv", sale("1"))
    assert [note.path for note in retailer.run().repeated] == ["lyon/today.csv"]
    assert retailer.states()["lyon/today.csv"] == ["archived", "archived", "repeated"]
    assert retailer.revenue() == {(2025, 1): "20.00"}
    assert len(list((retailer.lakehouse / "archive/lyon").rglob("today.csv"))) == 2


@pytest.mark.long
def test_p5_the_run_says_what_a_correction_moved(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-02-01"))
    retailer.deliver("boston/a.csv", sale("1"))
    assert retailer.run().moved == []
    retailer.deliver("lyon/b.csv", sale("5"))
    assert retailer.run().moved == [], "a new file alone moves nothing"
    retailer.deliver("lyon/a.csv", sale("1", units="3", total="12.00"), sale("2", "2025-02-01"))
    assert retailer.run().moved == [
        Moved(JANUARY, "lyon", Decimal(2), Decimal(4), Decimal(20), Decimal(22))
    ]
    retailer.declared["rates"]["fixed"]["USD"] = "0.9"
    moved = retailer.run().moved
    assert [(each.store, each.revenue_before, each.revenue_after) for each in moved] == [
        ("boston", Decimal("8.5"), Decimal(9))
    ]


@pytest.mark.long
def test_p5_what_moved_is_said_once_a_killed_run_is_finished(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="12.00"))
    with retailer.stopped_before("archive"):
        retailer.run()
    assert [each.revenue_after for each in retailer.run().moved] == [Decimal(12)]


@pytest.mark.long
def test_p5_what_moved_is_left_out_where_the_earlier_figures_are_gone(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="12.00"))
    with retailer.stopped_before("archive"):
        retailer.run()
    cube = DeltaTable(retailer.lakehouse / "gold/sales_cube")
    cube.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    report = retailer.run()
    assert (report.moved, report.is_moved_known) == ([], False)
    assert report.exit_code == 0


@pytest.mark.long
def test_p5_a_renamed_product_and_a_release_are_told_as_moves(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", item="Lampe"))
    retailer.run()
    retailer.deliver_catalogue(CATALOGUE + "\nLampe,Maison,Lamp,Home", "more.csv")
    [moved] = retailer.run().moved
    assert (moved.revenue_before, moved.revenue_after) == (Decimal(10), Decimal(20))


@pytest.mark.long
def test_p5_a_repeat_of_what_came_to_nothing_is_taken_by_the_next_run(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.deliver("lyon/copy.csv", sale("1"))
    with retailer.stopped_before("bronze"):
        retailer.run()
    retailer.deliver("lyon/a.csv", sale("2"))
    retailer.run()
    retailer.run()
    assert retailer.states()["lyon/copy.csv"][-1] == "archived"
    assert retailer.revenue() == {(2025, 1): "20.00"}


def test_p5_a_catalogue_takes_the_place_of_what_a_refused_one_was_to_correct(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.run()
    header = CATALOGUE.splitlines()[0]
    retailer.deliver_catalogue(f"{header}\nVase,Maison,Vase,Home\nVase,Maison,Vessel,Home\n")
    with retailer.stopped_before("silver"):
        retailer.run()
    retailer.deliver_catalogue(f"{CATALOGUE}\nLampe,Maison,Lamp,Home")
    assert len(retailer.run().rejected) == 1
    states = ["superseded", "rejected", "archived"]
    assert retailer.states()["catalogue/catalogue.csv"] == states
    balances = retailer.rows("ops.balance", "accepted_rows", "superseded_rows")
    assert balances == [(0, 2), (0, 3), (4, 0)]  # A rejected catalogue balances, too.
