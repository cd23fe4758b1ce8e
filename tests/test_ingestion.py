"""Files that the declared reader cannot read are rejected before any session reads them."""

from __future__ import annotations

from contextlib import closing

import pytest

from sales_pipeline.bronze.ingestion import ingest_data
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from tests.retailer import HEADER, Retailer, sale


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
    [given_up] = _ingested(claimed)
    assert given_up.state is State.REJECTED
    assert "record 2: a quoted field" in (given_up.reason or "")
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
    [given_up] = _ingested(claimed)
    assert given_up.state is State.ABANDONED
    claimed.deliver_text("lyon/open.csv", text)
    claimed.run()
    assert claimed.states()["lyon/open.csv"] == ["abandoned", "archived"]


def test_utf8_is_read_as_no_other_encoding_in_sales_catalogue_and_rates(retailer: Retailer) -> None:
    feeds, catalogue = retailer.declared["feeds"], retailer.declared["catalogue"]
    feeds["lyon"] |= {"csv": {"encoding": "iso-8859-15"}, "unknown_products": "pass"}
    feeds["boston"] |= {"csv": {"encoding": "cp932"}, "unknown_products": "pass"}
    catalogue["csv"] = {"encoding": "cp1252"}
    rates = {"landing": "rates/*.csv", "csv": {"encoding": "iso-8859-1"}, "max_age_days": 9}
    retailer.declared["rates"] = rates
    names = "produit,categorie,product,category\nCafé,É,Coffee,G\n"
    texts = {
        "catalogue/a.csv": (names, "cp1252"),
        "rates/a.csv": ("Date,USD,note\n2025-01-14,1.2,à midi\n", "iso-8859-1"),
        "lyon/a.csv": (f"{HEADER}\n{sale('1', item='10€')}\n", "iso-8859-15"),
        "boston/a.csv": (f"{HEADER}\n{sale('1', item='日本')}\n", "cp932"),
    }
    for path, (text, encoding) in texts.items():
        retailer.deliver_text(path, text.encode(encoding))
        retailer.deliver_text(path.replace("a.csv", "utf8.csv"), text.encode())
    reasons = {note.path: note.reason for note in retailer.run().rejected}
    assert set(reasons) == {path.replace("a.csv", "utf8.csv") for path in texts}
    assert all("written in UTF-8, such as " in reason for reason in reasons.values())
    assert retailer.rows("silver.sales", "product") == [("10€",), ("日本",)]
