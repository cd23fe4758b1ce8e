"""What the delivered texts of a feed are read as: days, numbers, stores, currencies.

Texts repeat over and over, so each distinct one is read once and its reading is joined
(`Batch.readings`); where there are too many, each record is read by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.model import Computed, Feed
from sales_pipeline.silver import origin
from sales_pipeline.silver.days import calendar_day, is_ambiguous
from sales_pipeline.silver.numbers import NumberStyle, decimal_number, is_blank

NUMBERS = ("quantity", "unit_price", "amount")
ORIGIN = ("store", "currency")
READ_COLUMNS = ("sold_on", *NUMBERS, *ORIGIN)
"""The columns of a sale that are read from text; the others are taken as they are."""
PRODUCT = "product"

Readings = Mapping[tuple[str, ...], DataFrame]
"""Columns that are read together -> what `Reader.readings` says of their texts; small."""


@dataclass(frozen=True)
class Reader:
    """Reads the texts of one feed.

    Attributes:
        name: The feed's name.
        feed: Its declaration.
    """

    name: str
    feed: Feed

    @property
    def columns(self) -> list[str]:
        """The columns that are read from text, in the order of `READ_COLUMNS`."""
        return [name for name in READ_COLUMNS if self._is_read(name)]

    @property
    def text_columns(self) -> list[str]:
        """Those of the columns that the feed itself has, in the file or computed."""
        return [name for name in self.columns if self.feed.has(name)]

    def _is_read(self, name: str) -> bool:
        if name == "store":
            return bool(self.feed.stores)
        if self.is_priced_by_catalogue and name in ("unit_price", "amount", "currency"):
            return False
        return origin.states_currency(self.feed) if name == "currency" else self.feed.has(name)

    @property
    def is_priced_by_catalogue(self) -> bool:
        """Whether prices, and so currencies and amounts, are those of the catalogue."""
        return self.feed.price_from == "catalogue"

    @property
    def meaning_columns(self) -> list[str]:
        """What the catalogue makes of a product, as it is joined to the records of the feed."""
        return [PRODUCT, "category", *(["prices"] if self.is_priced_by_catalogue else [])]

    def with_computed(self, bronze: DataFrame) -> DataFrame:
        """The rows with the columns that the file does not have, as text like all others."""
        computed = {name: _computed(each) for name, each in self.feed.computed.items()}
        return bronze.withColumns(computed) if computed else bronze

    def texts(self, bronze: DataFrame, columns: Sequence[str]) -> DataFrame:
        """`_file_id`, and `text_<column>` for each of some columns of the rows, never null.

        Args:
            bronze: Rows of the feed's bronze table.
            columns: Some of `READ_COLUMNS`, or `product`. The text of one that the feed does
                not have is empty.
        """
        rows = self.with_computed(bronze)
        return rows.select(
            "_file_id", *(self._text(name, "").alias(f"text_{name}") for name in columns)
        )

    def counted_texts(self, bronze: DataFrame, columns: Sequence[str]) -> DataFrame:
        """`feed`, `records` and the columns of `texts`: how many records of a file have them."""
        texts = self.texts(bronze, columns)
        counted = texts.groupBy(*texts.columns).agg(F.count(F.lit(1)).alias("records"))
        return counted.select(F.lit(self.name).alias("feed"), "*")

    def readings(self, texts: DataFrame, columns: Sequence[str]) -> DataFrame:
        """The distinct texts of some columns, together, and what each is read as.

        Args:
            texts: What `texts` or `counted_texts` gives for these columns of the feed.
            columns: The columns.

        Returns:
            `feed`, and for each column `text_<column>` and `<column>`. Of the product only the
            text: what it means is not read from it, but looked up.
        """
        distinct = texts.select(*(f"text_{name}" for name in columns)).distinct()
        named = [
            self._read(name, lambda each: F.col(f"text_{each}")).alias(name)
            for name in columns
            if name != PRODUCT
        ]
        return distinct.select(F.lit(self.name).alias("feed"), "*", *named)

    def read_all(self, typed: DataFrame, columns: Sequence[str], readings: Readings) -> DataFrame:
        """Adds what the texts of some columns are read as.

        Args:
            typed: Rows with `given_<column>` for each of `text_columns`, and `source_product`.
            columns: The columns to add.
            readings: What is known of their texts. With the product are joined its `product`,
                `category`, and `prices` where the feed takes those of the catalogue.
        """
        left = list(columns)
        for together, known in readings.items():
            # All that the feed has of them: only then is each record met by one reading.
            mine = [column for column in together if column in left]
            if mine:
                typed = self._joined(typed, [*{PRODUCT}.intersection(together), *mine], known)
                left = [column for column in left if column not in mine]
        for column in left:
            value = self._read(column, lambda each: self._text(each, "given_"))
            typed = typed.withColumn(column, value)
        return typed

    def ambiguous_days(self, bronze: DataFrame) -> DataFrame:
        """`feed, texts, example`: how many texts two date formats read as different days."""
        texts = self.with_computed(bronze).select(F.col("sold_on").alias("text")).distinct()
        found = texts.where(is_ambiguous(F.col("text"), self.feed.date_formats))
        return found.select(
            F.lit(self.name).alias("feed"),
            F.count(F.lit(1)).alias("texts"),
            F.min("text").alias("example"),
        )

    def _joined(self, typed: DataFrame, columns: Sequence[str], known: DataFrame) -> DataFrame:
        texts = [f"text_{column}" for column in columns]
        looked_up = self.meaning_columns if PRODUCT in columns else []
        values = [column for column in columns if column != PRODUCT]
        mine = known.where(F.col("feed") == self.name).select(*texts, *values, *looked_up)
        keyed = typed.withColumns(
            {f"text_{column}": self._text(column, "given_") for column in columns}
        )
        return keyed.join(mine, texts, "left").drop(*texts)

    def _text(self, column: str, prefix: str) -> Column:
        """The text of a column as it is looked up: never null, so that records can be joined."""
        if column == PRODUCT:
            return F.coalesce(F.col("source_product" if prefix else PRODUCT), F.lit(""))
        if column not in self.text_columns:
            return F.lit("")
        return F.coalesce(F.col(f"{prefix}{column}"), F.lit(""))

    def _read(self, column: str, text: Callable[[str], Column]) -> Column:
        if column == "sold_on":
            return calendar_day(text(column), self.feed.date_formats)
        if column == "store":
            return origin.listed_store(self.feed, text(column))
        if column == "currency":
            return origin.stated_currency(self.feed, store=text("store"), currency=text("currency"))
        return self._number(column, text(column))

    def _number(self, column: str, text: Column) -> Column:
        scale = 3 if column == "quantity" else 4
        number = decimal_number(text, NumberStyle.of(self.feed), scale=scale)
        if column == "quantity" and self.feed.missing_quantity is not None:
            usual = F.lit(str(self.feed.missing_quantity)).cast("DECIMAL(18,3)")
            return F.when(is_blank(text), usual).otherwise(number)
        return number


def _computed(column: Computed) -> Column:
    value = F.expr(column.sql) if column.sql is not None else F.lit(column.value)
    return value.cast("STRING")
