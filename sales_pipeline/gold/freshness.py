"""Says whether gold still shows what the declaration says, beside the sales themselves."""

from __future__ import annotations

from datetime import date

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.stores import store_rows


def stores_changed(lakehouse: Lakehouse) -> bool:
    """Says whether a store is shown otherwise than it is declared now."""
    columns = ["store", "shop", "city", "country"]
    shown = lakehouse.rows("gold.revenue_per_month_and_shop", columns=columns)
    declared = {row["store"]: row for row in store_rows(lakehouse.declaration).to_pylist()}
    return any(declared.get(row["store"], row) != row for row in shown)


def months_in_gold(lakehouse: Lakehouse) -> set[date]:
    """The months that gold holds."""
    rows = lakehouse.rows("gold.revenue_per_month", columns=["year", "month"])
    return {date(row["year"], row["month"], 1) for row in rows}
