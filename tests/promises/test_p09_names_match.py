"""P9: one product that is spelled in several ways is one product; bronze keeps each spelling."""

from __future__ import annotations

from decimal import Decimal

from tests.retailer import Retailer, sale

SPELLINGS = {
    "composed": "Thé vert",
    "with a combining accent": "The\u0301 vert",
    "with spaces around it": "  Thé vert ",
    "with repeated spaces": "Thé   vert",
    "with a no-break space": "Thé\u00a0vert",
    "with a narrow no-break space": "Thé\u202fvert",
    "with a wide space": "Thé\u3000vert",
    "with a tab": "Thé\tvert",
    "with no-break spaces around it": "\u00a0Thé vert\u00a0",
}


def units_of(retailer: Retailer) -> list[tuple[str, Decimal]]:
    return retailer.rows("gold.top_selling_products", "product", "units")


def test_p9_one_product_spelled_in_many_ways_is_one_in_gold(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    lines = [sale(f"{at}", item=each) for at, each in enumerate(SPELLINGS.values())]
    retailer.deliver("lyon/a.csv", *lines)
    assert retailer.run().exit_code == 0
    assert units_of(retailer) == [("Green tea", Decimal(len(SPELLINGS)))]
    delivered = retailer.rows("bronze.lyon", "sale_id", "product")
    assert delivered == [(f"{at}", each) for at, each in enumerate(SPELLINGS.values())]
    sources = retailer.rows("silver.sales", "sale_id", "source_product")
    assert sources == delivered


def test_p9_the_catalogue_may_spell_it_in_any_way(retailer: Retailer) -> None:
    header = "produit,categorie,product,category"
    lines = [
        f"thé {at},É,{text},E\u0301\n{text},É,{text},É"
        for at, text in enumerate(SPELLINGS.values())
    ]
    retailer.deliver_catalogue("\n".join([header, *lines]) + "\n")
    names = ["Thé vert", *(f"thé {at}" for at in range(len(SPELLINGS)))]
    retailer.deliver("lyon/a.csv", *(sale(name, item=name) for name in names))
    assert retailer.run().exit_code == 0
    assert units_of(retailer) == [("Thé vert", Decimal(len(names)))]
    assert {row["category"] for row in retailer.table("gold.top_selling_products")} == {"É"}


def test_p9_a_name_that_passes_unknown_is_one_product_too(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["unknown_products"] = "pass"
    retailer.deliver_catalogue()
    names = ("Café  noir", "Cafe\u0301\u00a0noir", " Café noir ")
    retailer.deliver("lyon/a.csv", *(sale(f"{at}", item=each) for at, each in enumerate(names)))
    retailer.run()
    assert units_of(retailer) == [("Café noir", Decimal(3))]


def test_p9_capitals_are_the_same_where_that_is_declared_and_only_there(
    retailer: Retailer,
) -> None:
    retailer.declared["feeds"]["lyon"]["ignore_case"] = True
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", item="THE\u0301\u00a0VERT"), sale("2", item="vASE"))
    retailer.deliver("boston/a.csv", sale("1", item="vASE"))
    retailer.run()
    assert units_of(retailer) == [("Green tea", Decimal(1)), ("Vase", Decimal(1))]
    assert retailer.rows("silver.quarantine", "feed", "reasons") == [
        ("boston", ["product_unknown"])
    ]
    assert retailer.rows("bronze.lyon", "product") == [("THE\u0301\u00a0VERT",), ("vASE",)]
