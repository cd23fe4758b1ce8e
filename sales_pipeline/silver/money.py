"""The money of a record: its unit price, its amount and the currency of both (P6)."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.model import Feed
from sales_pipeline.silver.meanings import list_price
from sales_pipeline.silver.numbers import is_blank, product_of
from sales_pipeline.silver.origin import feed_currency
from sales_pipeline.silver.reading import NUMBERS, ORIGIN, Reader


@dataclass(frozen=True)
class Money:
    """What the records of one feed cost.

    Attributes:
        reader: How the feed's texts are read.
    """

    reader: Reader

    @property
    def _feed(self) -> Feed:
        return self.reader.feed

    @property
    def needed(self) -> list[str]:
        """The columns that are read to know an amount and its currency."""
        needed: set[str] = {*NUMBERS}
        if self.reader.is_priced_by_catalogue or len(self._feed.currencies) > 1:
            needed.add("sold_on")
        if "currency" in self.reader.columns:
            needed.update(ORIGIN)
        return [name for name in self.reader.columns if name in needed]

    def completed(self, typed: DataFrame) -> DataFrame:
        """Adds the price and the amount where the feed does not deliver them.

        Args:
            typed: Rows with the columns that are read, and `prices` of the product where the
                feed takes those of the catalogue.
        """
        read = self.reader.columns
        if self.reader.is_priced_by_catalogue:
            typed = typed.withColumn("list_price", list_price(F.col("prices"), F.col("sold_on")))
            typed = typed.withColumn("unit_price", F.col("list_price")["price"])
        elif "unit_price" not in read:
            typed = typed.withColumn("unit_price", F.lit(None).cast("DECIMAL(18,4)"))
        if "amount" not in read:
            typed = typed.withColumn("amount", product_of(F.col("unit_price"), F.col("quantity")))
        return typed

    def currency(self) -> Column:
        """The currency of completed rows: the price's, the record's, its store's, the feed's."""
        if self.reader.is_priced_by_catalogue:
            return F.col("list_price")["currency"]
        of_feed = feed_currency(self._feed, F.col("sold_on"))
        if "currency" not in self.reader.columns:
            return of_feed
        stated = F.coalesce(F.col("currency"), of_feed)
        if not self._feed.has("currency"):
            return stated
        return F.when(is_blank(F.col("given_currency")), stated).otherwise(F.col("currency"))
