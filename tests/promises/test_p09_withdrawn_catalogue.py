"""P9: the catalogue forgets only what a withdrawn delivery taught, and nothing else."""

from __future__ import annotations

from tests.retailer import CATALOGUE, Retailer, sale

HEADER = "produit,categorie,product,category"


def test_p9_a_withdrawn_catalogue_is_forgotten_and_what_used_it_waits(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-02-01", item="Lampe"))
    retailer.deliver("lyon/b.csv", sale("3", "2025-03-01"))
    retailer.run()
    lines = ["Lampe,Maison,Lamp,Home", "Vase,Maison,Tall vase,Home", "Lampe"]
    retailer.deliver_catalogue("\n".join([HEADER, *lines, *CATALOGUE.splitlines()[1:3]]), "b.csv")
    retailer.run()
    before = retailer.revenue()
    report = retailer.withdraw("catalogue/b.csv")
    assert before == {(2025, 1): "10.00", (2025, 2): "10.00", (2025, 3): "10.00"}
    assert retailer.revenue() == {(2025, 1): "10.00", (2025, 3): "10.00"}
    assert (report.learnt.forgotten, report.learnt.renamed) == (3, 1)
    assert retailer.rows("silver.quarantine", "feed", "_row") == [("lyon", 2)]
    assert {row["product"] for row in retailer.table("silver.sales")} == {"Vase"}
    columns = ("delivered_rows", "accepted_rows", "superseded_rows")
    assert ("catalogue", 5, 0, 5) in retailer.rows("ops.balance", "feed", *columns)
    state = retailer.state()
    assert retailer.run().is_nothing_new
    retailer.rebuild()
    assert retailer.state() == state


def test_p9_what_a_withdrawn_catalogue_had_corrected_does_not_come_back(retailer: Retailer) -> None:
    retailer.deliver_catalogue(f"{HEADER}\nVase,Maison,Vsae,Home", "names.csv")
    retailer.run()
    retailer.deliver_catalogue(f"{HEADER}\nVase,Maison,Vase,Home", "names.csv")
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.withdraw("catalogue/names.csv")
    assert retailer.table("silver.products") == []
    assert retailer.rows("silver.quarantine", "reasons") == [(["product_unknown"],)]
    retailer.deliver_catalogue(f"{HEADER}\nVase,Maison,Vase,Home", "names.csv")
    assert retailer.run().released == 1
    assert retailer.revenue() == {(2025, 1): "10.00"}
