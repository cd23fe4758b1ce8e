"""P9: the catalogue forgets what only a withdrawn delivery taught, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Ledger, State
from sales_pipeline.silver.catalogue import Lesson, forget_products
from tests.retailer import CATALOGUE, Retailer, sale

HEADER = "produit,categorie,product,category"


def _forgetting(path: str) -> Callable[[Lakehouse], Lesson]:
    """What a run does once its ledger says that a delivery is withdrawn."""

    def forget(lakehouse: Lakehouse) -> Lesson:
        lakehouse.prepare()
        ledger = Ledger(lakehouse)
        [last] = [each for each in ledger.in_force() if each.path == path]
        ledger.record([last.moved_to(State.WITHDRAWN)])
        return forget_products(lakehouse, ledger, [last], run_id="forgetting")

    return forget


def test_p9_what_used_a_forgotten_name_is_judged_again(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-02-01", item="Lampe"))
    retailer.deliver("lyon/b.csv", sale("3", "2025-03-01", item="Café moulu"))
    retailer.run()
    lines = ["Lampe,Maison,Lamp,Home", "Vase,Maison,Tall vase,Home", "Lampe"]
    retailer.deliver_catalogue("\n".join([HEADER, *lines, *CATALOGUE.splitlines()[1:3]]), "b.csv")
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "10.00", (2025, 2): "10.00", (2025, 3): "10.00"}
    lesson = retailer.read(_forgetting("catalogue/b.csv"))
    assert (lesson.learnt.forgotten, lesson.learnt.renamed) == (3, 1)
    assert retailer.states()["lyon/a.csv"] == ["in_bronze"]
    assert retailer.states()["lyon/b.csv"] == ["archived"]
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "10.00", (2025, 3): "10.00"}
    assert retailer.rows("silver.quarantine", "feed", "_row") == [("lyon", 2)]
    assert retailer.rows("silver.sales", "product") == [("Ground coffee",), ("Vase",)]
    columns = ("delivered_rows", "accepted_rows", "superseded_rows")
    assert ("catalogue", 5, 0, 5) in retailer.rows("ops.balance", "feed", *columns)
    state = retailer.state()
    retailer.rebuild()
    assert retailer.state() == state


def test_p9_what_a_forgotten_delivery_had_corrected_does_not_come_back(retailer: Retailer) -> None:
    retailer.deliver_catalogue(f"{HEADER}\nVase,Maison,Vsae,Home", "names.csv")
    retailer.run()
    retailer.deliver_catalogue(f"{HEADER}\nVase,Maison,Vase,Home", "names.csv")
    retailer.run()
    retailer.read(_forgetting("catalogue/names.csv"))
    assert retailer.table("silver.products") == []
