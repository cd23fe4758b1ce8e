"""P9: the catalogue forgets what only a withdrawn delivery taught, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Ledger, State
from sales_pipeline.silver.cleaned import Cleaned
from sales_pipeline.silver.reference.catalogue_cleaning import forget_products
from tests.retailer import CATALOGUE, Retailer, sale

HEADER = "produit,categorie,product,category"
LATER = ["Lampe,Maison,Lamp,Home", "Vase,Maison,Tall vase,Home", "Lampe"]


def _forgetting(path: str) -> Callable[[Lakehouse], Cleaned]:
    """What a run does once its ledger says that a delivery is withdrawn."""

    def forget(lakehouse: Lakehouse) -> Cleaned:
        lakehouse.prepare()
        ledger = Ledger(lakehouse)
        [last] = [each for each in ledger.in_force() if each.path == path]
        ledger.record([last.moved_to(State.WITHDRAWN)])
        return forget_products(lakehouse, ledger, [last], run_id="forgetting")

    return forget


def _sell_what_a_later_catalogue_teaches(retailer: Retailer) -> None:
    """Sales of three months; only `catalogue/b.csv` knows the lamp, and renames the vase."""
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-02-01", item="Lampe"))
    retailer.deliver("lyon/b.csv", sale("3", "2025-03-01", item="Café moulu"))
    retailer.run()
    known = CATALOGUE.splitlines()[1:3]
    retailer.deliver_catalogue("\n".join([HEADER, *LATER, *known]), "b.csv")
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "10.00", (2025, 2): "10.00", (2025, 3): "10.00"}


def _check_that_the_lamp_waits(retailer: Retailer) -> None:
    assert retailer.revenue() == {(2025, 1): "10.00", (2025, 3): "10.00"}
    assert retailer.rows("silver.quarantine", "feed", "_row") == [("lyon", 2)]
    assert retailer.rows("silver.sales", "product") == [("Ground coffee",), ("Vase",)]
    columns = ("delivered_rows", "accepted_rows", "superseded_rows")
    assert ("catalogue", 5, 0, 5) in retailer.rows("ops.balance", "feed", *columns)


def _correct_a_name(retailer: Retailer) -> None:
    for spelt in ("Vsae", "Vase"):
        retailer.deliver_catalogue(f"{HEADER}\nVase,Maison,{spelt},Home", "names.csv")
        retailer.run()


@pytest.mark.long
def test_p9_what_used_a_forgotten_name_is_judged_again(retailer: Retailer) -> None:
    _sell_what_a_later_catalogue_teaches(retailer)
    lesson = retailer.read(_forgetting("catalogue/b.csv"))
    assert (lesson.learnt.forgotten, lesson.learnt.renamed) == (3, 1)
    assert retailer.states()["lyon/a.csv"] == ["in_bronze"]
    assert retailer.states()["lyon/b.csv"] == ["archived"]
    retailer.run()
    _check_that_the_lamp_waits(retailer)
    state = retailer.state()
    retailer.rebuild()
    assert retailer.state() == state


@pytest.mark.long
def test_p9_a_withdrawn_catalogue_is_forgotten_and_what_used_it_waits(retailer: Retailer) -> None:
    _sell_what_a_later_catalogue_teaches(retailer)
    report = retailer.withdraw("catalogue/b.csv")
    assert (report.learnt.forgotten, report.learnt.renamed) == (3, 1)
    _check_that_the_lamp_waits(retailer)
    state = retailer.state()
    assert retailer.run().is_nothing_new
    retailer.rebuild()
    assert retailer.state() == state


def test_p9_what_a_forgotten_delivery_had_corrected_does_not_come_back(retailer: Retailer) -> None:
    _correct_a_name(retailer)
    retailer.read(_forgetting("catalogue/names.csv"))
    assert retailer.table("silver.products") == []


@pytest.mark.long
def test_p9_what_a_withdrawn_catalogue_had_corrected_does_not_come_back(retailer: Retailer) -> None:
    _correct_a_name(retailer)
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.withdraw("catalogue/names.csv")
    assert retailer.table("silver.products") == []
    assert retailer.rows("silver.quarantine", "reasons") == [(["product_unknown"],)]
    retailer.deliver_catalogue(f"{HEADER}\nVase,Maison,Vase,Home", "names.csv")
    assert retailer.run().released == 1
    assert retailer.revenue() == {(2025, 1): "10.00"}
