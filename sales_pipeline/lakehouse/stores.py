"""The stores as they are declared: gold shows them by these names."""

from __future__ import annotations

import pyarrow as pa

from sales_pipeline.config.model import Declaration


def store_rows(declaration: Declaration) -> pa.Table:
    """`store, shop, city, country`, one row a store."""
    stores = declaration.stores
    columns = {
        "store": [each.id for each in stores.values()],
        "shop": [each.name for each in stores.values()],
        "city": [each.city for each in stores.values()],
        "country": [each.country for each in stores.values()],
    }
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
