"""P11: a file with too many unusable records is rejected; waiting for the catalogue is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.retailer import CATALOGUE, Retailer, sale

PRICED = "sku,produit,categorie,product,category,price"


@pytest.fixture
def retailer(tmp_path: Path) -> Retailer:
    """The usual retailer, whose feeds refuse files as they do unless declared otherwise."""
    made = Retailer(tmp_path)
    for feed in made.declared["feeds"].values():
        del feed["max_quarantined"]
    return made


def _is_as_rebuilt(retailer: Retailer) -> bool:
    before = retailer.state()
    return retailer.rebuild().exit_code == 0 and retailer.state() == before


@pytest.mark.long
def test_p11_sales_that_come_before_their_catalogue_wait(
    retailer: Retailer, tmp_path: Path
) -> None:
    sales = [sale(str(number)) for number in range(3)]
    retailer.deliver("lyon/a.csv", *sales)
    report = retailer.run()
    assert (report.exit_code, report.rejected) == (0, [])
    assert retailer.states()["lyon/a.csv"] == ["archived"]
    assert retailer.rows("silver.quarantine", "reasons") == [(["product_unknown"],)] * 3
    retailer.deliver_catalogue()
    assert retailer.run().released == 3
    assert retailer.revenue() == {(2025, 1): "30.00"}
    assert _is_as_rebuilt(retailer)
    (tmp_path / "at_once").mkdir()
    at_once = Retailer(tmp_path / "at_once", retailer.declared)
    at_once.deliver("lyon/a.csv", *sales)
    at_once.deliver_catalogue()
    at_once.run()
    assert at_once.state() == retailer.state()


@pytest.mark.long
def test_p11_withdrawing_a_catalogue_rejects_no_file(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    retailer.run()
    report = retailer.withdraw("catalogue/catalogue.csv")
    assert report.rejected == []
    assert retailer.states()["lyon/a.csv"] == ["archived"]
    assert retailer.revenue() == {}
    assert _is_as_rebuilt(retailer)
    assert retailer.run(rejudge=["lyon"]).rejected == []
    retailer.deliver_catalogue(CATALOGUE, "again.csv")
    assert retailer.run().released == 2
    assert retailer.revenue() == {(2025, 1): "20.00"}


@pytest.mark.long
def test_p11_sales_without_a_list_price_wait(retailer: Retailer) -> None:
    catalogue, lyon = retailer.declared["catalogue"], retailer.declared["feeds"]["lyon"]
    catalogue |= {"code": "sku", "price": {"amount": "price", "currency": "EUR"}}
    lyon |= {"product_by": "code", "price_from": "catalogue"}
    del lyon["columns"]["unit_price"], lyon["columns"]["amount"]
    retailer.deliver_catalogue(f"{PRICED}\nV1,Vase,Maison,Vase,Home,")
    retailer.deliver("lyon/a.csv", "1,2025-01-15,V1,1", header="id,day,item,units")
    assert retailer.run().rejected == []
    assert retailer.rows("silver.quarantine", "reasons") == [(["price_unknown"],)]
    retailer.deliver_catalogue(f"{PRICED}\nV1,Vase,Maison,Vase,Home,4.50", "prices.csv")
    assert retailer.run().released == 1
    assert retailer.revenue() == {(2025, 1): "4.50"}


def test_p11_a_record_that_is_unreadable_besides_counts(retailer: Retailer) -> None:
    unreadable = [sale(str(number), "soon") for number in range(2)]
    waiting = [sale(str(number)) for number in range(2, 8)]
    retailer.deliver("lyon/a.csv", *unreadable, *waiting)
    retailer.deliver("boston/a.csv", *unreadable[:1], *waiting)
    [rejected] = retailer.run().rejected
    assert rejected.path == "lyon/a.csv"
    assert "2 of 8 records of feed lyon are unusable, more than the 20%" in rejected.reason
    assert "date_unreadable in 2" in rejected.reason
    assert "product_unknown" not in rejected.reason
    # The catalogue does not change what is refused: one of seven is less than 20 %.
    retailer.deliver_catalogue()
    retailer.run()
    assert retailer.states()["boston/a.csv"] == ["archived"]
    assert retailer.states()["lyon/a.csv"] == ["rejected"]
