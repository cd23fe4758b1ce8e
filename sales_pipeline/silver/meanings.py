"""What the catalogue makes of the products as delivered, as a small table to join (P9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F

from sales_pipeline.config.model import Feed
from sales_pipeline.silver.prices import Prices
from sales_pipeline.silver.products import Known, Names, normalised

_PRICE = pa.struct(
    [("valid_from", pa.date32()), ("price", pa.decimal128(18, 4)), ("currency", pa.string())]
)
_NAMES = [(name, pa.string()) for name in ("feed", "source_product", "product", "category")]


@dataclass(frozen=True)
class Meaning:
    """What a product as delivered means: its name, its category and its list prices."""

    product: str
    category: str | None
    prices: tuple[dict[str, Any], ...] = ()


class Meanings:
    """What products as delivered mean to each feed.

    Args:
        feeds: The declared feeds.
        known: All names and codes of the catalogue.
        prices: Its list prices; None where no feed takes them.
    """

    def __init__(
        self, feeds: Mapping[str, Feed], known: Known, prices: Prices | None = None
    ) -> None:
        self._feeds = feeds
        self._names = Names(known)
        self._prices = prices

    def of(self, feed: str, text: str | None) -> Meaning | None:
        """What a text in the column `product` of a feed means; None where that is not known."""
        found = self._names.of(self._feeds[feed], text)
        if found is not None:
            listed = (self._prices or {}).get(found.key, ())
            prices = ((each.valid_from, each.price, each.currency) for each in listed)
            return Meaning(
                *found.meaning, tuple(dict(zip(_PRICE.names, each, strict=True)) for each in prices)
            )
        name = normalised(text or "")
        if name and self._feeds[feed].unknown_products == "pass":
            return Meaning(name, None)
        return None

    def table(self, delivered: Iterable[Mapping[str, Any]]) -> pa.Table:
        """`feed, source_product, product, category` of the products that mean something.

        Args:
            delivered: `feed` and `source_product`, each pair once.

        Returns:
            With `prices` too, where list prices are taken: an array of their first day, price
            and currency, in the order of the days.
        """
        rows = []
        for each in delivered:
            meaning = self.of(each["feed"], each["source_product"])
            if meaning is not None:
                rows.append({**each, **vars(meaning), "prices": list(meaning.prices)})
        prices = [] if self._prices is None else [("prices", pa.list_(_PRICE))]
        return pa.Table.from_pylist(rows, schema=pa.schema([*_NAMES, *prices]))


def list_price(prices: Column, day: Column) -> Column:
    """The price and the currency that hold on a day, as a struct; null before the first.

    Args:
        prices: The prices of one product, as in `Meanings.table`.
        day: The day of the sale.
    """
    begun = F.filter(prices, lambda each: each["valid_from"] <= day)
    return F.try_element_at(begun, F.lit(-1))
