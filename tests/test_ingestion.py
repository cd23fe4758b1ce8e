"""Files that the declared reader cannot read are rejected before any session reads them."""

from __future__ import annotations

from contextlib import closing

import pytest

from sales_pipeline.bronze.ingestion import ingest_data
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from tests.retailer import Retailer, sale


@pytest.fixture
def claimed(retailer: Retailer) -> Retailer:
    """A retailer of whom a run has claimed a file with a quote that is not closed, and stopped."""
    retailer.deliver_catalogue()
    retailer.run()
    retailer.deliver("lyon/open.csv", sale("1"), sale("2", item='"Vase'))
    with retailer.stopped_before("bronze"):
        retailer.run()
    return retailer


def _ingested(retailer: Retailer) -> list[Delivery]:
    """What the built-in reader does not take of the claimed files."""
    declaration = retailer.declaration.model_copy(update={"reader": "builtin"})
    with closing(EmbeddedEngine(retailer.lakehouse)) as engine:
        lakehouse = Lakehouse(declaration, engine)
        lakehouse.prepare()
        ledger = Ledger(lakehouse)
        of_state = ledger.in_state(State.CLAIMED)
        return ingest_data(lakehouse, ledger, of_state, landing=retailer.landing)


def test_what_the_builtin_reader_cannot_read_is_rejected_in_the_ledger(claimed: Retailer) -> None:
    [gone] = _ingested(claimed)
    assert gone.state is State.REJECTED
    assert "record 2: a quoted field" in (gone.reason or "")
    assert claimed.states()["lyon/open.csv"] == ["rejected"]
    assert claimed.table("bronze.lyon") == []


def test_p1_a_run_that_died_before_it_moved_a_rejected_file_is_finished(claimed: Retailer) -> None:
    _ingested(claimed)
    claimed.run()
    assert claimed.states()["lyon/open.csv"] == ["rejected"]
    [reason] = claimed.lakehouse.glob("rejected/lyon/*/open.csv.reason.txt")
    assert "or read it with reader: python" in reason.read_text()
    assert not (claimed.landing / "lyon/open.csv").exists()


def test_p1_a_file_that_vanished_before_the_builtin_reader_saw_it_is_abandoned(
    claimed: Retailer,
) -> None:
    text = (claimed.landing / "lyon/open.csv").read_bytes()
    (claimed.landing / "lyon/open.csv").unlink()
    [gone] = _ingested(claimed)
    assert gone.state is State.ABANDONED
    claimed.deliver_text("lyon/open.csv", text)
    claimed.run()
    assert claimed.states()["lyon/open.csv"] == ["abandoned", "archived"]
