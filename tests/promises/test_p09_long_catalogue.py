"""P9: a long catalogue, a record for each product and language, joined by its codes."""

from __future__ import annotations

import pytest

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.silver.reference.missing_names import MissingName, compare, missing_names
from tests.retailer import Retailer, sale

HEADER = "sku,lang,name,group"
FRENCH = ("A-1,fr,Vase rond,Maison", "B-2,fr,Lampe,Maison")
ENGLISH = ("A-1,en,Vase,Home", "B-2,en,Lamp,Home")


@pytest.fixture
def retailer(retailer: Retailer) -> Retailer:
    """A retailer with a long catalogue; `boston` sells by code."""
    retailer.declared["catalogue"] = {
        "rows": {"language": "lang", "product": "name", "category": "group"},
        "code": "sku",
    }
    retailer.declared["feeds"]["boston"]["product_by"] = "code"
    return retailer


def _deliver(retailer: Retailer, name: str, *records: str) -> None:
    retailer.deliver_catalogue("\n".join([HEADER, *records]), name)


def test_p9_sales_find_their_products_by_name_or_by_code(retailer: Retailer) -> None:
    _deliver(retailer, "all.csv", *FRENCH, *ENGLISH)
    retailer.deliver("lyon/a.csv", sale("1", item="vase rond"), sale("2", item="Vase  rond"))
    retailer.deliver("boston/a.csv", sale("1", item=" A-1 "), sale("2", item="Vase"))
    retailer.run()
    columns = ("feed", "sale_id", "product", "category")
    assert retailer.rows("silver.sales", *columns) == [
        ("boston", "1", "Vase", "Home"),
        ("lyon", "2", "Vase", "Home"),
    ]
    assert retailer.rows("silver.products", "language", "source", "product")[:2] == [
        ("*", "A-1", "Vase"),
        ("*", "B-2", "Lamp"),
    ]


@pytest.mark.long
def test_p9_records_without_a_translation_wait_for_it(retailer: Retailer) -> None:
    _deliver(retailer, "french.csv", *FRENCH)
    retailer.deliver("lyon/a.csv", sale("1", item="Lampe"), sale("2", item="Vase rond"))
    report = retailer.run()
    assert report.exit_code == 0
    assert retailer.table("silver.products") == []
    columns = ("feed", "_row", "reasons")
    assert retailer.rows("silver.quarantine", *columns) == [
        ("catalogue", 1, ["translation_missing"]),
        ("catalogue", 2, ["translation_missing"]),
        ("lyon", 1, ["product_unknown"]),
        ("lyon", 2, ["product_unknown"]),
    ]
    _deliver(retailer, "english.csv", ENGLISH[1])
    report = retailer.run()
    assert report.released == 2
    assert retailer.rows("silver.quarantine", *columns) == [
        ("catalogue", 1, ["translation_missing"]),
        ("lyon", 2, ["product_unknown"]),
    ]
    counts = ("delivered_rows", "accepted_rows", "quarantined_rows")
    assert retailer.rows("ops.balance", "feed", *counts) == [
        ("catalogue", 1, 1, 0), ("catalogue", 2, 1, 1), ("lyon", 2, 1, 1),
    ]  # fmt: skip
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
def test_p9_the_order_of_the_languages_changes_nothing(retailer: Retailer) -> None:
    _deliver(retailer, "all.csv", *FRENCH, *ENGLISH)
    retailer.deliver("lyon/a.csv", sale("1", item="Lampe"))
    retailer.run()
    _deliver(retailer, "later.csv", "B-2,en,Floor lamp,Home")
    retailer.run()
    _deliver(retailer, "other.csv", "B-2,fr,Lampadaire,Maison")
    retailer.deliver("lyon/b.csv", sale("2", item="Lampadaire"))
    retailer.run()
    assert retailer.rows("silver.sales", "sale_id", "product") == [
        ("1", "Floor lamp"),
        ("2", "Floor lamp"),
    ]


def test_p9_a_code_with_two_translations_is_rejected_with_both_records(
    retailer: Retailer,
) -> None:
    _deliver(retailer, "all.csv", *FRENCH, *ENGLISH, "A-1,en,Flower pot,Home")
    [rejected] = retailer.run().rejected
    assert "record 3 says 'A-1' is 'Vase' (Home)" in rejected.reason
    assert "record 5 says 'Flower pot' (Home)" in rejected.reason


def test_p9_what_is_missing_is_named_with_its_money_and_near_matches(
    retailer: Retailer,
) -> None:
    _deliver(retailer, "all.csv", *FRENCH, *ENGLISH)
    lines = [sale("1", item="Lampes"), sale("2", item=" Lampes", total="5.50"), sale("3", item="?")]
    retailer.deliver("lyon/a.csv", *lines)
    retailer.deliver("boston/a.csv", sale("1", item="A-11"), sale("2", item="A-1"))
    retailer.run()
    found = [
        (
            each.feed,
            each.name,
            each.records,
            {k: str(v) for k, v in each.amounts.items()},
            each.near,
        )
        for each in retailer.read(_compared)
    ]
    assert found == [
        ("lyon", "Lampes", 2, {"EUR": "15.5000"}, ["Lampe"]),
        ("boston", "A-11", 1, {"USD": "10.0000"}, ["A-1"]),
        ("lyon", "?", 1, {"EUR": "10.0000"}, []),
    ]


def _compared(lakehouse: Lakehouse) -> list[MissingName]:
    names = missing_names(lakehouse)
    compare(lakehouse, names)
    return names
