"""P9: sales of products that nobody knows wait until the catalogue learns their names."""

from __future__ import annotations

from decimal import Decimal

import pytest
from rich.console import Console

from sales_pipeline.report.run import run_text
from tests.retailer import CATALOGUE, Retailer, sale

HEADER = "produit,categorie,product,category"


@pytest.mark.long
def test_p9_unknown_names_wait_and_are_released_by_a_later_catalogue(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", item="Lampe"))
    retailer.run()
    assert retailer.rows("silver.quarantine", "source_product", "reasons", "amount") == [
        ("Lampe", ["product_unknown"], Decimal("10.0000"))
    ]
    retailer.deliver_catalogue(CATALOGUE + "\nLampe,Maison,Lamp,Home", "later.csv")
    report = retailer.run()
    assert report.exit_code == 0
    assert retailer.table("silver.quarantine") == []
    assert retailer.revenue() == {(2025, 1): "20.00"}


@pytest.mark.long
def test_p9_a_renamed_product_is_renamed_in_accepted_sales(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.deliver_catalogue("produit,categorie,product,category\nVase,Déco,Tall vase,Decor")
    retailer.run()
    columns = ("product", "category", "revenue")
    expected = [("Tall vase", "Decor", Decimal("10.00"))]
    assert retailer.rows("gold.top_selling_products", *columns) == expected


@pytest.mark.long
def test_p9_a_renamed_product_is_renamed_in_excluded_records_without_a_day(
    retailer: Retailer,
) -> None:
    retailer.declared["feeds"]["lyon"]["exclude_when"] = "quantity = '0'"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", "no day", units="0"))
    retailer.run()
    retailer.deliver_catalogue(f"{HEADER}\nVase,Déco,Tall vase,Decor", "later.csv")
    retailer.run()
    assert retailer.rows("silver.set_aside", "product", "sold_on") == [("Tall vase", None)]
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
def test_p9_a_corrected_catalogue_forgets_no_name(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.run()
    retailer.deliver_catalogue("produit,categorie,product,category\nLampe,Maison,Lamp,Home")
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", item="Lampe"))
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "20.00"}
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


def test_p9_names_match_despite_unicode_form_and_spaces(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    names = ["The\u0301 vert", "Thé\u00a0vert", "  Thé   vert "]
    sales = [sale(str(number), item=name) for number, name in enumerate(names)]
    retailer.deliver("lyon/a.csv", *sales)
    retailer.run()
    assert {row["product"] for row in retailer.table("silver.sales")} == {"Green tea"}
    assert [row["product"] for row in retailer.table("bronze.lyon")] == names


def test_p9_a_catalogue_that_gives_a_name_two_meanings_is_rejected(retailer: Retailer) -> None:
    retailer.deliver_catalogue(CATALOGUE + "\nVase,Maison,Flower pot,Home")
    [rejected] = retailer.run().rejected
    assert "record 3 says 'Vase' is 'Vase' (Home)" in rejected.reason
    assert "record 4 says 'Flower pot' (Home)" in rejected.reason


def _said(report: object) -> str:
    console = Console(width=200, color_system=None)
    with console.capture() as captured:
        console.print(run_text(report))  # type: ignore[arg-type]
    return captured.get()


@pytest.mark.long
def test_p9_a_run_says_what_the_catalogue_learnt_and_released(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", item="Lampe"))
    assert "learnt" not in _said(retailer.run())
    lines = ["Lampe,Maison,Lamp,Home", "Vase,Déco,Vase,Decor"]
    retailer.deliver_catalogue("\n".join([HEADER, *lines]), "later.csv")
    said = _said(retailer.run())
    assert "catalogue: 2 names learnt, 2 renamed; 1 record released from quarantine" in said


def test_p9_nothing_is_judged_again_where_nothing_changed(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-02-01", item="Lampe"))
    retailer.run()
    others = "Tapis,Maison,Carpet,Home\nThé vert,Thés,Green tea,Teas"
    retailer.deliver_catalogue(f"{HEADER}\n{others}", "later.csv")
    report = retailer.run()
    assert report.months == []
    assert [each.feed for each in report.balances] == ["catalogue"]


@pytest.mark.long
def test_p9_names_match_despite_capitals_where_the_feed_says_so(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["ignore_case"] = True
    retailer.deliver_catalogue()
    sales = [sale("1", item="THÉ VERT"), sale("2", item="lampe"), sale("3", item="Lampe ")]
    retailer.deliver("lyon/a.csv", *sales)
    retailer.deliver("boston/a.csv", sale("1", item="VASE"))
    retailer.run()
    assert retailer.rows("silver.sales", "feed", "product") == [("lyon", "Green tea")]
    retailer.deliver_catalogue(f"{HEADER}\nLAMPE,Maison,Lamp,Home", "later.csv")
    assert retailer.run().released == 2
    retailer.deliver_catalogue(f"{HEADER}\nLampe,Maison,Bulb,Home", "another.csv")
    retailer.run()
    # Two names now differ only in capitals: one is met exactly, the other is anybody's guess.
    assert retailer.rows("silver.sales", "sale_id", "product")[1:] == [("3", "Bulb")]
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
def test_p9_a_superseded_catalogue_leaves_nothing_in_quarantine(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["max_quarantined"] = "100%"
    more = "\n".join(f"Objet {number},Maison,Thing {number},Home" for number in range(5))
    retailer.deliver_catalogue(f"{CATALOGUE}\n{more}\nLampe,Maison\n")
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    assert len(retailer.table("silver.quarantine")) == 1
    retailer.deliver_catalogue(f"{HEADER}\nLampe,Maison,Lamp,Home")
    retailer.run()
    assert retailer.table("silver.quarantine") == []
    columns = ("delivered_rows", "accepted_rows", "superseded_rows")
    assert retailer.rows("ops.balance", "feed", *columns) == [
        ("catalogue", 1, 1, 0),
        ("catalogue", 9, 0, 9),
        ("lyon", 1, 1, 0),
    ]
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before
