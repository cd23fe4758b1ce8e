"""P3: what runs make step by step is what a rebuild makes, and what one run of all makes."""

from __future__ import annotations

import pytest

from tests.retailer import CATALOGUE, Retailer, sale


def _deliver_step_by_step(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", item="Thé vert"), sale("3", item="Lampe"))
    retailer.run()
    retailer.deliver("boston/a.csv", sale("1", "2025-02-01"), sale("2", "not a day"))
    retailer.run()
    retailer.deliver("lyon/b.csv", sale("2", total="11.00"), sale("4", "2024-12-31"), sale("4"))
    retailer.run()
    retailer.deliver_catalogue(CATALOGUE + "\nLampe,Maison,Lamp,Home", "catalogue_2.csv")
    retailer.run()


def test_p3_incremental_equals_rebuild(retailer: Retailer) -> None:
    _deliver_step_by_step(retailer)
    before = retailer.state()
    report = retailer.rebuild()
    assert report.exit_code == 0
    assert retailer.state() == before
    assert retailer.run().is_nothing_new


@pytest.mark.long
def test_p3_incremental_equals_all_at_once(retailer: Retailer) -> None:
    _deliver_step_by_step(retailer)
    before = retailer.state()
    moved = retailer.reset()
    assert len(moved.moved) == 5
    retailer.run()
    assert retailer.state() == before


@pytest.mark.long
def test_p3_a_correction_takes_the_place_of_the_earlier_file(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-03-01"))
    retailer.run()
    kept = sale("6", "2025-04-01", total="1.00")
    retailer.deliver("lyon/b.csv", sale("1", total="7.00"), kept)
    retailer.run()
    retailer.deliver("lyon/b.csv", sale("5", "2025-04-01", total="9.00"), kept)
    report = retailer.run()
    assert [note.path for note in report.corrected] == ["lyon/b.csv"]
    assert retailer.revenue() == {(2025, 1): "10.00", (2025, 3): "10.00", (2025, 4): "10.00"}
    assert retailer.states()["lyon/b.csv"] == ["superseded", "archived"]
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before
