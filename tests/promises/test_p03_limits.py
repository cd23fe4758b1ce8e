"""Limits on whole files that are declared otherwise, with history in place (P3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.retailer import CATALOGUE, Retailer, sale

SMALL = {"holds": "amount < 15", "severity": "fail"}


@pytest.mark.long
@pytest.mark.parametrize(
    ("strict", "loose"),
    [
        ({"max_quarantined": "20%"}, {"max_quarantined": "50%"}),
        ({"rules": {"small": SMALL}}, {"rules": {"small": {**SMALL, "holds": "amount < 25"}}}),
        ({"rules": {"small": SMALL}}, {"rules": {"small": {**SMALL, "tolerance": "50%"}}}),
        ({"max_repeated_keys": "1%"}, {"max_repeated_keys": "50%"}),
    ],
)
def test_p3_a_file_that_only_a_limit_refused_is_taken_up_again(
    retailer: Retailer, strict: dict[str, Any], loose: dict[str, Any]
) -> None:
    feed: dict[str, Any] = retailer.declared["feeds"]["lyon"]
    feed |= {"max_repeated_keys": "50%"} | strict
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"), sale("2", total="20"), sale("3", "never"))
    assert retailer.run().exit_code == 1
    assert retailer.revenue() == {}
    # A file is not reported again as long as the limit is the same.
    assert retailer.run(rejudge=["lyon"]).exit_code == 0
    assert retailer.rebuild().exit_code == 0
    feed.update(loose)
    assert retailer.run(rejudge=["lyon"]).exit_code == 0
    assert retailer.states()["lyon/a.csv"] == ["archived"]
    assert retailer.revenue() == {(2025, 1): "30.00"}
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
def test_p3_a_limit_that_is_lowered_and_raised_again_leaves_no_trace(retailer: Retailer) -> None:
    feed: dict[str, Any] = retailer.declared["feeds"]["lyon"]
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"), sale("3", "never"))
    retailer.run()
    before = retailer.state()
    feed["max_quarantined"] = "20%"
    assert [note.path for note in retailer.rebuild().held_files] == ["lyon/a.csv"]
    feed["max_quarantined"] = "100%"
    assert retailer.run().is_nothing_new
    assert retailer.rebuild().exit_code == 0
    assert retailer.state() == before


@pytest.mark.long
def test_p3_rates_that_only_a_limit_held_are_taken_up_again(retailer: Retailer) -> None:
    rates: dict[str, Any] = {"landing": "rates/*.csv"}
    retailer.declared["rates"] = rates
    retailer.deliver_text("rates/a.csv", "date,USD\n2025-01-14,1.25\n")
    retailer.run()
    retailer.deliver_text("rates/b.csv", "date,USD\n2025-01-15,4\n")
    retailer.run()
    assert retailer.run(rejudge=["exchange_rates"]).exit_code == 0
    assert retailer.states()["rates/b.csv"] == ["held"]
    rates["max_change"] = 4
    assert retailer.run(rejudge=["exchange_rates"]).exit_code == 0
    assert retailer.states()["rates/b.csv"] == ["archived"]


@pytest.mark.long
def test_p3_rates_that_only_a_declaration_rejected_are_taken_up_again(retailer: Retailer) -> None:
    rates: dict[str, Any] = {"landing": "rates/*.csv", "date_formats": "dd/MM/yyyy"}
    retailer.declared["rates"] = rates
    retailer.deliver_text("rates/a.csv", "date,USD\n2025-01-15,1.25\n")
    retailer.deliver_catalogue()
    retailer.deliver("boston/a.csv", sale("1"))
    retailer.run()
    assert retailer.states()["rates/a.csv"] == ["rejected"]
    rates["date_formats"] = "yyyy-MM-dd"
    assert retailer.run(rejudge=["exchange_rates"]).exit_code == 0
    assert retailer.states()["rates/a.csv"] == ["archived"]
    assert retailer.revenue() == {(2025, 1): "8.00"}


@pytest.mark.long
def test_p3_a_catalogue_that_only_its_declaration_refused_is_taken_up_again(
    retailer: Retailer,
) -> None:
    """A name of two products is refused where a feed looks products up by name."""
    catalogue = retailer.declared["catalogue"]
    catalogue["code"] = "sku"
    header = "produit,categorie,product,category,sku,name\n"
    rows = "Vase,Maison,Vase,Home,7,Jar\nVase,Maison,Vase blue,Home,8,Jar\n"
    retailer.deliver_catalogue(header + rows)
    retailer.deliver("lyon/a.csv", sale("1", item="8"))
    retailer.run()
    assert retailer.states()["catalogue/catalogue.csv"] == ["rejected"]
    assert retailer.rebuild().exit_code == 0
    retailer.declared["feeds"]["lyon"]["product_by"] = "code"
    assert retailer.run(rejudge=["lyon"]).exit_code == 0
    assert retailer.states()["catalogue/catalogue.csv"] == ["archived"]
    assert retailer.rows("silver.sales", "product") == [("Vase blue",)]


@pytest.mark.long
def test_p3_a_catalogue_that_only_a_limit_held_is_taken_up_again(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.run()
    retailer.deliver_catalogue(CATALOGUE.replace("Green tea,Groceries", "Oil,Kitchen"), "b.csv")
    retailer.run()
    assert retailer.rebuild().exit_code == 0
    assert retailer.states()["catalogue/b.csv"] == ["held"]
    retailer.declared["catalogue"]["max_renamed"] = "50%"
    assert retailer.rebuild().exit_code == 0
    assert retailer.states()["catalogue/b.csv"] == ["archived"]
