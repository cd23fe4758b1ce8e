"""P1: every record of every delivery in force counts exactly once."""

from __future__ import annotations

import pytest

from tests.retailer import Retailer, sale


def test_p1_a_second_run_adds_no_row(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/january.csv", sale("1"), sale("2"))
    retailer.run()
    before = retailer.state()
    assert retailer.run().is_nothing_new
    assert retailer.state() == before


def test_p1_the_same_bytes_under_another_name_do_not_count(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/january.csv", sale("1"), sale("2"))
    retailer.deliver("lyon/january_copy.csv", sale("1"), sale("2"))
    report = retailer.run()
    assert [note.path for note in report.repeated] == ["lyon/january_copy.csv"]
    assert retailer.revenue() == {(2025, 1): "20.00"}
    assert report.exit_code == 0


def test_p1_the_same_bytes_delivered_again_later_do_not_count(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/january.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/january.csv", sale("1"))
    report = retailer.run()
    assert [note.path for note in report.repeated] == ["lyon/january.csv"]
    assert retailer.revenue() == {(2025, 1): "10.00"}
    assert not (retailer.landing / "lyon/january.csv").exists()


def test_p1_bytes_in_force_in_another_feed_are_held(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/january.csv", sale("1"))
    retailer.deliver("boston/january.csv", sale("1"))
    report = retailer.run()
    assert [note.path for note in report.held_files] == ["boston/january.csv"]
    assert "in force as january.csv of feed lyon" in report.held_files[0].reason
    assert retailer.revenue() == {(2025, 1): "10.00"}


def test_p1_a_sale_delivered_twice_in_one_file_counts_once(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/january.csv", sale("1"), sale("2"), sale("1"))
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "20.00"}
    columns = ("sale_id", "status", "_row", "winner_row")
    assert retailer.rows("silver.set_aside", *columns) == [("1", "duplicate", 1, 3)]


@pytest.mark.long
def test_p1_a_sale_delivered_again_in_a_later_file_counts_once(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/january.csv", sale("1"), sale("2"))
    retailer.run()
    retailer.deliver("lyon/february.csv", sale(" 1 ", total="12.00"), sale("3"))
    report = retailer.run()
    assert retailer.revenue() == {(2025, 1): "32.00"}
    assert retailer.rows("silver.set_aside", "sale_id", "status") == [("1", "displaced")]
    assert {each.balances for each in report.balances} == {True}


def test_p1_records_without_a_key_never_collide(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["key"] = []
    retailer.deliver_catalogue()
    retailer.deliver("lyon/january.csv", sale("1"), sale("1"), sale(""))
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "30.00"}
