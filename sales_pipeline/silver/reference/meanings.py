"""What the catalogue makes of the products as delivered, as a small table to join (P9)."""

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
    """What a product as delivered means: its name, its category and its list prices."""

    product: str
    category: str | None
    prices: tuple[Price, ...] = ()


@dataclass(frozen=True)
class Meanings:
    """What products as delivered mean to each feed.

    Attributes:
        feeds: The declared feeds.
        knowledge: What the catalogue knows.
    """

    feeds: Mapping[str, Feed]
    knowledge: Knowledge

    def of(self, feed: str, text: str | None) -> Meaning | None:
        """What a text in the column `product` of a feed means; None where that is not known."""
        found = self.knowledge.names.of(self.feeds[feed], text)
        if found is not None:
            return Meaning(*found.meaning, self.knowledge.prices_of(found))
        name = normalised(text or "")
        if name and self.feeds[feed].unknown_products == "pass":
            return Meaning(name, None)
        return None

    def table(self, delivered: Iterable[Mapping[str, Any]]) -> pa.Table:
        """`feed, source_product, product, category` of the products that mean something.

        Args:
            delivered: `feed` and `source_product`, each pair once.

        Returns:
            With `prices` too, where one of the feeds takes those of the catalogue: an array of
            their first day, price and currency, in the order of the days.
        """
        are_taken = any(each.price_from == "catalogue" for each in self.feeds.values())
        rows = []
        for each in delivered:
            meaning = self.of(each["feed"], each["source_product"])
            if meaning is not None:
                prices = [vars(price) for price in meaning.prices] if are_taken else []
                rows.append({**each, **vars(meaning), "prices": prices})
        columns = [*_NAMES, ("prices", pa.list_(_PRICE))] if are_taken else _NAMES
        return pa.Table.from_pylist(rows, schema=pa.schema(columns))


def list_price(prices: Column, day: Column) -> Column:
    """The price and the currency that hold on a day, as a struct; null before the first.

    Args:
        prices: The prices of one product, as in `Meanings.table`.
        day: The day of the sale.
    """
    begun = F.filter(prices, lambda each: each["valid_from"] <= day)
    return F.try_element_at(begun, F.lit(-1))
