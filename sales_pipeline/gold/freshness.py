"""Says whether gold still shows what rates and declaration say, beside the sales themselves.

It is asked in every run, so nothing here starts a Spark session.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sales_pipeline.config.model import Declaration
from sales_pipeline.gold.rate_book import RateBook, rate_book
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.lakehouse import Lakehouse

MONTHS = "gold.revenue_per_month"
_TAKEN = "gold.rates_taken"


def stores_changed(lakehouse: Lakehouse) -> bool:
    """Says whether a store is shown otherwise than it is declared now."""
    columns = ["store", "shop", "city", "country"]
    shown = lakehouse.rows("gold.revenue_per_month_and_shop", columns=columns)
    declared = {row["store"]: row for row in store_rows(lakehouse.declaration)}
    return any(declared.get(row["store"], row) != row for row in shown)


def store_rows(declaration: Declaration) -> list[dict[str, str]]:
    """Returns `store, shop, city, country` of every store, as gold shows them."""
    return [
        {"store": each.id, "shop": each.name, "city": each.city, "country": each.country}
        for each in declaration.stores.values()
    ]


def months_in_gold(lakehouse: Lakehouse) -> set[date]:
    """The months that gold holds."""
    rows = lakehouse.rows(MONTHS, columns=["year", "month"])
    return {date(row["year"], row["month"], 1) for row in rows}


def mispriced_months(lakehouse: Lakehouse, book: RateBook | None = None) -> set[date]:
    """The months of gold whose sales would take other rates now, or none any more (P8).

    Args:
        lakehouse: The tables.
        book: The rates, where they are others than those that the lakehouse knows.
    """
    if not lakehouse.engine.exists(_TAKEN):
        return months_in_gold(lakehouse)
    read = lakehouse.engine.read(_TAKEN)
    taken = python_rows(read)
    book = book or rate_book(lakehouse, read["currency"])
    unexplained = months_in_gold(lakehouse) - {row["month"] for row in taken}
    return unexplained | {row["month"] for row in taken if not _is_right(book, row)}


def _is_right(book: RateBook, taken: dict[str, Any]) -> bool:
    currency, sold_on = taken["currency"], taken["sold_on"]
    now = book.rate_on(currency, sold_on or taken["month"])
    same_grain = book.is_by_day(currency) == (sold_on is not None)
    return same_grain and now is not None and now.rate == taken["rate"]
