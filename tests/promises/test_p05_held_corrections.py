"""P5: a correction that would remove too much is held until somebody accepts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_pipeline.errors import UsageError
from tests.retailer import Retailer, sale


@pytest.fixture(scope="module")
def traded_once(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer with a file of four sales in force; tests work on copies of it."""
    retailer = Retailer(tmp_path_factory.mktemp("traded"))
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", *(sale(str(number)) for number in range(1, 5)))
    retailer.run()
    return retailer


@pytest.fixture
def traded(traded_once: Retailer, tmp_path: Path) -> Retailer:
    """A copy of the retailer with a file of four sales in force."""
    return traded_once.copied_to(tmp_path)


def _held(retailer: Retailer, *sales: str) -> str:
    """Delivers a correction that is held; returns the reason."""
    retailer.deliver("lyon/a.csv", *sales)
    report = retailer.run()
    assert report.exit_code == 1
    assert retailer.states()["lyon/a.csv"][-1] == "held"
    assert retailer.revenue() == {(2025, 1): "40.00"}
    assert not (retailer.landing / "lyon/a.csv").exists()
    [note] = report.held_files
    return note.reason


def test_p5_a_correction_without_a_record_is_held(traded: Retailer) -> None:
    assert _held(traded) == (
        "it has no record and would remove 4 of the 4 records of delivery 2; that one stays in "
        "force. Do: sales-pipeline accept lyon/a.csv"
    )


def test_p5_a_correction_that_shares_no_key_is_held(traded: Retailer) -> None:
    traded.declared["feeds"]["lyon"]["max_removed"] = "100%"
    reason = _held(traded, *(sale(str(number)) for number in range(11, 16)))
    assert (
        "its 5 records would remove 4 of the 4 records of delivery 2, and shares no key" in reason
    )


def test_p5_a_correction_that_removes_more_than_the_declared_share_is_held(
    traded: Retailer,
) -> None:
    kept = [sale(" 1", total="11.00"), sale("8"), sale("9"), sale("10")]
    assert "its 4 records would remove 3 of the 4 records" in _held(traded, *kept)
    traded.deliver("lyon/a.csv", sale("1"), sale("2", total="12.00"))
    assert traded.run().exit_code == 0
    assert traded.states()["lyon/a.csv"] == ["superseded", "superseded", "archived"]
    assert traded.revenue() == {(2025, 1): "22.00"}


@pytest.mark.long
def test_p5_without_a_key_the_number_of_records_decides(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["key"] = []
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", *(sale(str(number)) for number in range(1, 5)))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("8"), sale("9", total="1.00"))
    assert retailer.run().exit_code == 0
    retailer.deliver("lyon/a.csv", sale("7"), sale("6"), sale("5"))
    assert retailer.run().exit_code == 0
    retailer.deliver("lyon/a.csv", sale("7"))
    assert "its 1 record would remove 2 of the 3 records" in retailer.run().held_files[0].reason


@pytest.mark.long
def test_p5_what_is_accepted_takes_the_place_at_once(traded: Retailer) -> None:
    _held(traded, sale("1", total="1.00"))
    report = traded.accept("lyon/a.csv")
    assert (report.exit_code, report.held_files) == (0, [])
    assert traded.revenue() == {(2025, 1): "1.00"}
    assert traded.states()["lyon/a.csv"] == ["superseded", "archived"]
    assert [(str(each.revenue_before), str(each.revenue_after)) for each in report.moved] == [
        ("40.000000000000000000", "1.000000000000000000")
    ]
    before = traded.state()
    traded.rebuild()
    assert traded.state() == before
    assert traded.run().is_nothing_new


def test_p5_a_held_correction_is_named_in_every_run_and_claimed_once(traded: Retailer) -> None:
    reason = _held(traded)
    again = traded.run()
    assert again.is_nothing_new
    assert again.exit_code == 0
    assert [note.reason for note in again.held_files] == [reason]
    traded.deliver("lyon/a.csv")
    [note] = traded.run().repeated
    assert note.reason == "held already. Do: sales-pipeline accept lyon/a.csv"
    assert traded.states()["lyon/a.csv"] == ["archived", "held", "repeated"]


@pytest.mark.long
def test_p5_the_newest_correction_takes_the_place_of_a_held_one(traded: Retailer) -> None:
    _held(traded)
    _held(traded, sale("1"))
    assert traded.states()["lyon/a.csv"] == ["archived", "superseded", "held"]
    traded.accept("lyon/a.csv")
    assert traded.revenue() == {(2025, 1): "10.00"}


def test_p5_what_is_in_force_delivered_again_refuses_a_held_correction(traded: Retailer) -> None:
    _held(traded)
    traded.deliver("lyon/a.csv", *(sale(str(number)) for number in range(1, 5)))
    report = traded.run()
    assert (len(report.repeated), report.held_files) == (1, [])
    assert traded.states()["lyon/a.csv"] == ["archived", "superseded", "repeated"]


def test_p5_a_broken_correction_leaves_a_held_one_held(traded: Retailer) -> None:
    _held(traded)
    traded.deliver_text("lyon/a.csv", "<html></html>")
    assert len(traded.run().rejected) == 1
    assert traded.states()["lyon/a.csv"] == ["archived", "held", "rejected"]


def test_p5_a_held_correction_is_refused_by_withdrawing_it(traded: Retailer) -> None:
    _held(traded)
    report = traded.withdraw("lyon/a.csv")
    assert (report.exit_code, report.held_files) == (0, [])
    assert traded.states()["lyon/a.csv"] == ["archived", "withdrawn"]
    assert traded.revenue() == {(2025, 1): "40.00"}
    with pytest.raises(UsageError, match="no such file is held"):
        traded.accept("lyon/a.csv")


def test_p5_accept_names_what_is_held_and_what_was_probably_meant(traded: Retailer) -> None:
    _held(traded)
    with pytest.raises(UsageError, match=r"Did you mean 'lyon/a.csv'\? Held: lyon/a.csv"):
        traded.accept("lyon/b.csv")


def test_p5_an_empty_correction_of_the_catalogue_is_held_and_a_short_one_is_not(
    traded: Retailer,
) -> None:
    traded.deliver_catalogue("produit,categorie,product,category\nLampe,Maison,Lamp,Home")
    assert traded.run().exit_code == 0
    traded.deliver_catalogue("produit,categorie,product,category\n")
    assert [note.path for note in traded.run().held_files] == ["catalogue/catalogue.csv"]
