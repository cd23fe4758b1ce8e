"""Chooses one spelling for a product that is sold without a catalogue under several spellings.

The rule: if a feed declares `unknown_products: pass` and `ignore_case`, names that differ only
in capitals and small letters are one product. It is shown under the spelling that the most sales
in gold have, over all such stores and months; of equally frequent ones, the first by code point.

So the rule depends only on gold, and neither batches nor a rebuild can change it. Silver and
`gold.sales_cube` keep every spelling by itself, and queries by product join them: a later
delivery may make another spelling the most frequent, and then no month is computed again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa

from sales_pipeline.config.model import Declaration
from sales_pipeline.visible_text import caseless_form

Spellings = Mapping[tuple[str, str], str]
"""Store and product of the cube -> the spelling that is shown in its place."""
_PLACE = ["store", "product"]


def spellings_of(declaration: Declaration, cube: pa.Table) -> Spellings:
    """Returns the spellings that are shown in place of others; mostly none.

    Args:
        declaration: What the retailer declares.
        cube: `store, product, category, sales`, summed or not, of all months.
    """
    stores = _stores(declaration)
    if not stores:
        return {}
    names = ("store", "product", "category", "sales")
    sales: dict[str, Counter[str]] = {}
    places = set()
    for store, product, category, count in zip(
        *(cube[name].to_pylist() for name in names), strict=True
    ):
        # A product with a category has its name from the catalogue.
        if store in stores and category is None:
            sales.setdefault(caseless_form(product), Counter())[product] += int(count)
            places.add((store, product))
    shown = {
        form: min(counts, key=lambda product: (-counts[product], product))
        for form, counts in sales.items()
    }
    pairs = {place: shown[caseless_form(place[1])] for place in places}
    return {place: name for place, name in pairs.items() if name != place[1]}


def passes_spellings(declaration: Declaration) -> bool:
    """Returns whether a feed passes products on in any spelling."""
    return bool(_stores(declaration))


def _stores(declaration: Declaration) -> set[str]:
    """The stores with a feed whose unknown products pass in any case."""
    return {
        store.id
        for feed in declaration.feeds.values()
        if feed.unknown_products == "pass" and feed.ignore_case and feed.product_by == "name"
        for store in feed.all_stores
    }


def with_shown_products(spellings: Spellings, sales: pa.Table) -> pa.Table:
    """Returns sales by `store` and `product` with the shown spelling of each product."""
    if not spellings:
        return sales
    places = zip(*(sales[name].to_pylist() for name in _PLACE), strict=True)
    products = [spellings.get(place, place[1]) for place in places]
    at = sales.schema.get_field_index("product")
    return sales.set_column(at, sales.schema.field(at), pa.array(products, pa.string()))
