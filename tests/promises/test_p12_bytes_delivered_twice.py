"""P12: `restore` knows each delivery of bytes that were delivered more than once."""

from __future__ import annotations

import shutil

import pytest

from sales_pipeline.operations.restore import Restored, restore
from tests.retailer import Retailer, sale

pytestmark = pytest.mark.long

FIRST, SECOND = [sale("1"), sale("2"), sale("3")], [sale("1"), sale("2")]


@pytest.fixture(params=[["sale_id"], []], ids=["keyed", "without a key"])
def traded(request: pytest.FixtureRequest, retailer: Retailer) -> Retailer:
    """A retailer whose file was corrected and corrected back."""
    retailer.declared["feeds"]["lyon"]["key"] = request.param
    retailer.deliver_catalogue()
    for sales in (FIRST, SECOND, FIRST):
        retailer.deliver("lyon/a.csv", *sales)
        retailer.run()
    return retailer


def restored(retailer: Retailer) -> Restored:
    """Loses the ledger and makes it again."""
    shutil.rmtree(retailer.lakehouse / "ops")
    return restore(retailer.declaration)


def test_p12_a_file_that_was_corrected_back_is_restored_under_its_name(traded: Retailer) -> None:
    report = restored(traded)
    assert (report.nameless, report.unknown, report.held) == ((), (), ())
    traded.run()
    assert traded.states()["lyon/a.csv"] == ["superseded", "superseded", "archived"]
    deliveries = [delivery for delivery in traded.ledger() if delivery.feed == "lyon"]
    first, second, _ = (delivery.file_id for delivery in deliveries)
    assert [delivery.supersedes for delivery in deliveries] == [None, first, second]
    assert traded.revenue() == {(2025, 1): "30.00"}


def test_p12_the_next_correction_takes_the_place_of_what_was_restored(traded: Retailer) -> None:
    restored(traded)
    traded.run()
    traded.deliver("lyon/a.csv", *SECOND)
    traded.run()
    assert traded.revenue() == {(2025, 1): "20.00"}
    assert traded.run().is_nothing_new


def test_p12_bytes_under_two_names_displace_nothing_once_they_are_restored(
    traded: Retailer,
) -> None:
    traded.deliver("lyon/a.csv", *SECOND)
    traded.run()
    traded.deliver("lyon/b.csv", *FIRST)
    traded.run()
    before = traded.revenue()
    restored(traded)
    traded.run()
    assert traded.revenue() == before


def test_p12_bytes_that_were_rejected_twice_are_restored_as_rejected(retailer: Retailer) -> None:
    feed = retailer.declared["feeds"]["lyon"]
    feed |= {"max_quarantined": "20%", "date_formats": ["dd/MM/yyyy"]}
    retailer.deliver_catalogue()
    for _ in range(2):
        retailer.deliver("lyon/a.csv", *FIRST)
        retailer.run()
    assert restored(retailer).nameless == ()
    assert retailer.states()["lyon/a.csv"] == ["rejected", "rejected"]
