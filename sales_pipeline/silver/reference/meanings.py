"""Translates products as delivered through the catalogue, as a small table to join (P9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F

from sales_pipeline.config.model import Feed
from sales_pipeline.silver.reference.learning import Knowledge
from sales_pipeline.silver.reference.list_prices import Price
from sales_pipeline.silver.reference.products import normalised

_PRICE = pa.struct(
    [("valid_from", pa.date32()), ("price", pa.decimal128(18, 4)), ("currency", pa.string())]
)
_NAMES = [(name, pa.string()) for name in ("feed", "source_product", "product", "category")]


@dataclass(frozen=True)
class Meaning:
    """The meaning of a product as delivered: its name, its category and its list prices."""

    product: str
    category: str | None
    prices: tuple[Price, ...] = ()


@dataclass(frozen=True)
class Meanings:
    """Translates products as delivered, for each feed.

    Attributes:
        feeds: The declared feeds.
        knowledge: What the catalogue knows.
    """

    feeds: Mapping[str, Feed]
    knowledge: Knowledge

    def of(self, feed: str, text: str | None) -> Meaning | None:
        """The meaning of a text in the column `product` of a feed; None if it is not known."""
        known = self.knowledge.names.of(self.feeds[feed], text)
        if known is not None:
            return Meaning(*known.meaning, self.knowledge.prices_of(known))
        name = normalised(text or "")
        if name and self.feeds[feed].unknown_products == "pass":
            return Meaning(name, None)
        return None

    def table(self, delivered: Iterable[Mapping[str, Any]]) -> pa.Table:
        """`feed, source_product, product, category` of the products that have a meaning.

        Args:
            delivered: `feed` and `source_product`, each pair once.

        Returns:
            With `prices` too, if one of the feeds takes the catalogue's prices: an array of
            their first day, price and currency, in the order of the days.
        """
        are_taken = any(feed.price_from == "catalogue" for feed in self.feeds.values())
        rows = []
        for row in delivered:
            meaning = self.of(row["feed"], row["source_product"])
            if meaning is not None:
                prices = [vars(price) for price in meaning.prices] if are_taken else []
                rows.append({**row, **vars(meaning), "prices": prices})
        columns = [*_NAMES, ("prices", pa.list_(_PRICE))] if are_taken else _NAMES
        return pa.Table.from_pylist(rows, schema=pa.schema(columns))


def list_price(prices: Column, day: Column) -> Column:
    """The price and the currency that hold on a day, as a struct; null before the first.

    Args:
        prices: The prices of one product, as in `Meanings.table`.
        day: The day of the sale.
    """
    begun = F.filter(prices, lambda price: price["valid_from"] <= day)
    return F.try_element_at(begun, F.lit(-1))
