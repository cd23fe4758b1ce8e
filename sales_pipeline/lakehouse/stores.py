"""The stores as they are declared: gold shows them by these names."""

from __future__ import annotations

from sales_pipeline.config.model import Declaration


def store_rows(declaration: Declaration) -> list[dict[str, str]]:
    """`store, shop, city, country` of every store."""
    return [
        {"store": each.id, "shop": each.name, "city": each.city, "country": each.country}
        for each in declaration.stores.values()
    ]
