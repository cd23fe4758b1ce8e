"""The delivered records of a group of feeds: their texts, stores and keys.

A currency is the record's own, else its store's, else the feed's on the day of the sale
(DESIGN "The state, as a function", 5). A key is feed, store and the feed's key columns, compared
without white space at their ends and without what nobody sees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.config.feed import Feed
from sales_pipeline.config.sql.expressions import computed_expression, exclusion, failing_columns
from sales_pipeline.silver.parsing.spark_expressions import (
    GIVEN,
    filled,
    is_blank,
    none_missing,
    step_on,
    visible,
)
from sales_pipeline.silver.validation.feed_groups import FEED_VALUES, FeedGroup
from sales_pipeline.silver.validation.included_tax import STORE_FIELDS, Taxes, store_tax_values
from sales_pipeline.visible_text import visible_form

_VISIBLE = "_visible_"
NO_KEYS = ("NULL", "NONE", "NIL", "N/A", "#N/A", "NA", "NAN", "-", "--", "?", "#REF!", "#VALUE!")
"""Texts that mean nothing in a key column, in capitals or small letters."""
_ROUNDED_ID = "^[+-]?[0-9](?:[.,][0-9]+[eE][+-]?|[eE][+])[0-9]{1,3}$"
"""An id as a spreadsheet shows a long number, such as 1.23457E+14: its last digits are lost."""
COMPUTED_FAILED, EXCLUDE_FAILED = "_computed_failed", "_exclude_failed"
"""Whether declared SQL fails on a value of the record: that of a column, that of exclude_when."""
LAST_DAY = "_last_day"
"""The last day that a sale of a file can have, where the feed declares `latest: delivery`."""
_STORE_TEXTS = ("feed", "_listed_text", "_listed_store", "_listed_currency")
_STORES = pa.schema([*dict.fromkeys(_STORE_TEXTS, pa.string()).items(), *STORE_FIELDS.items()])


def stores_table(feeds: Mapping[str, Feed], names: Sequence[str]) -> pa.Table:
    """`feed, listed_text, listed_store, listed_currency`: the stores that texts of feeds name.

    With what `included_tax.store_tax_values` gives.
    """
    # Two texts that look the same are one: a record is never joined twice.
    listed = {
        (name, visible_form(text).strip()): store
        for name in names
        for text, store in reversed(feeds[name].stores.items())
    }
    rows = [
        {
            "feed": name,
            "_listed_text": text,
            "_listed_store": store.id,
            "_listed_currency": store.currency,
            **store_tax_values(store.tax),
        }
        for (name, text), store in listed.items()
    ]
    return pa.Table.from_pylist(rows, schema=_STORES)


@dataclass(frozen=True)
class DeliveredRecords:
    """The records of one group of feeds as delivered, before they are parsed.

    Attributes:
        group: The feeds.
        feeds: All declared feeds.
        further_keys: The key columns of all feeds other than `sale_id`.
        feeds_frame: The table of feeds, as `feed_groups.feeds_table` makes it; None where the
            group has one feed.
        stores_frame: The listed stores, as `stores_table` makes them; None where there are none.
        last_days: `_file_id` and `LAST_DAY`; None where that does not depend on the delivery.
        percents: The factors of the rates of tax that records have in percent, as
            `included_tax.percents_of` makes them; None where they have none.
    """

    group: FeedGroup
    feeds: Mapping[str, Feed]
    further_keys: Sequence[str] = ()
    feeds_frame: DataFrame | None = None
    stores_frame: DataFrame | None = None
    last_days: DataFrame | None = None
    percents: DataFrame | None = None

    @cached_property
    def taxes(self) -> Taxes | None:
        """The taxes that are taken off; None where none is."""
        return Taxes(self.feed, self.percents) if self.group.takes_tax_off else None

    @property
    def feed(self) -> Feed:
        """The declaration that all feeds of the group share."""
        return self.group.feed

    @cached_property
    def key_columns(self) -> list[str]:
        """The key columns of the group's feeds, in an order that no declaration changes."""
        return sorted(self.feed.key)

    @cached_property
    def number_columns(self) -> list[str]:
        """The columns among quantity, unit_price and amount that the records have."""
        return self.group.number_columns

    @property
    def is_priced_by_catalogue(self) -> bool:
        """True if prices, and so currencies and amounts, come from the catalogue."""
        return self.feed.price_from == "catalogue"

    def rows(self, bronze: DataFrame) -> DataFrame:
        """The records with the values of their feed, their texts under other names, and computed.

        Args:
            bronze: Rows of `bronze.sales`, of feeds of this group.

        Returns:
            `feed, _file_id, _row, _extra, _raw, _problem`, the values of the table of feeds,
            `_is_excluded`, and `_given_<column>` for each column, in the file or computed.
        """
        if len(self.group.names) > 1 and self.feeds_frame is not None:
            own = self.feeds_frame.where(F.col("_feed_group") == self.group.number)
            bronze = bronze.join(own.select("feed", *FEED_VALUES), "feed", "left")
        rows = bronze.withColumns({**self._computed(), COMPUTED_FAILED: self._computed_failed()})
        names = dict.fromkeys([*self.feed.columns, *self.feed.computed])
        texts = [F.col(name).alias(f"{GIVEN}{name}") for name in names]
        values = self.group.values(self.feeds)
        return rows.select(
            *("feed", "_file_id", "_row", "_extra", "_raw", "_problem", COMPUTED_FAILED),
            *(value.alias(name) for name, value in values.items()),
            *(condition.alias(name) for name, condition in self._exclusion().items()),
            *texts,
        )

    def _computed(self) -> dict[str, Column]:
        """The columns that the file does not have, as text; null where their SQL fails."""
        columns = {}
        for name, computed in self.feed.computed.items():
            expression = computed_expression(self.feed, name)
            if expression is None:
                columns[name] = F.lit(computed.value).cast("STRING")
                continue
            value = F.expr(expression.safe_sql).cast("STRING")
            if expression.failed_sql is not None:
                value = F.when(~F.expr(expression.failed_sql), value)
            columns[name] = value
        return columns

    def _computed_failed(self) -> Column:
        """The first column whose SQL fails on a value; empty where all can be computed."""
        conditions = failing_columns(self.feed).items()
        return F.coalesce(
            *(F.when(F.expr(sql), F.lit(name)) for name, sql in conditions), F.lit("")
        )

    def _exclusion(self) -> dict[str, Column]:
        """Columns that say if the declared condition holds on the text, or fails on a value."""
        condition, nowhere = exclusion(self.feed), F.lit(False)
        if condition is None:
            return {"_is_excluded": nowhere, EXCLUDE_FAILED: nowhere}
        failed = nowhere if condition.failed_sql is None else F.expr(condition.failed_sql)
        holds = F.coalesce(F.expr(condition.safe_sql), nowhere)
        is_split = F.col("_problem").isNull()
        return {"_is_excluded": is_split & holds & ~failed, EXCLUDE_FAILED: is_split & failed}

    def joinable(self, column: str) -> Column:
        """The text of a parsed column, to join by: never null, empty if the records lack it."""
        if column not in ("sold_on", "product", *self.number_columns):
            return F.lit("")
        return F.coalesce(F.col(f"{GIVEN}{column}"), F.lit(""))

    @cached_property
    def compared_texts(self) -> list[str]:
        """The columns whose texts are compared as they look: the key columns and the store."""
        return [*self.key_columns, *(["store"] if self.group.has_stores else [])]

    def keyed(self, rows: DataFrame, composed: DataFrame | None = None) -> DataFrame:
        """Adds the store, the currency that it states, the key columns and their hash.

        Args:
            rows: What `rows` gives.
            composed: `_as_delivered, _composed` of texts that are not in Unicode form NFC; None
                where there are none. No engine can compose them.

        Returns:
            With `store` (null where none is known), `_store_currency`, the key columns of all
            feeds (null in records of feeds that have others) and `key_hash`: BIGINT, equal for
            equal keys, null for a record without a whole key.
        """
        rows = self._with_store(self._visible(rows, composed))
        no_keys = sorted({*NO_KEYS, *(visible_form(text).upper() for text in self.feed.no_key)})
        keys = {name: _key_text(F.col(f"{_VISIBLE}{name}"), no_keys) for name in self.key_columns}
        none = F.lit(None).cast("STRING")
        columns = {name: keys.get(name, none) for name in ("sale_id", *self.further_keys)}
        rows = rows.withColumns(columns)
        return rows.withColumn("key_hash", self._key_hash())

    def _visible(self, rows: DataFrame, composed: DataFrame | None) -> DataFrame:
        """Adds the compared texts as they look; null where nothing is left of one."""
        for name in self.compared_texts:
            text = F.col(f"{GIVEN}{name}")
            if composed is not None:
                as_delivered = f"{GIVEN}{name}"
                own = composed.withColumnsRenamed({"_as_delivered": as_delivered})
                rows = rows.join(own, as_delivered, "left")
                text = F.coalesce(F.col("_composed"), text)
            shown = F.nullif(visible(text), F.lit(""))
            rows = rows.withColumn(f"{_VISIBLE}{name}", shown).drop("_composed")
        return rows

    def _with_store(self, rows: DataFrame) -> DataFrame:
        none = F.lit(None).cast("STRING")
        if not self.group.has_stores or self.stores_frame is None:
            return rows.withColumns({"store": F.col("_feed_store"), "_store_currency": none})
        named = rows.withColumn("_listed_text", F.col(f"{_VISIBLE}store"))
        joined = named.join(self.stores_frame, ["feed", "_listed_text"], "left")
        return joined.withColumnsRenamed(
            {"_listed_store": "store", "_listed_currency": "_store_currency"}
        ).drop("_listed_text")

    def _key_hash(self) -> Column:
        if not self.key_columns:
            return F.lit(None).cast("BIGINT")
        parts = [F.col(name) for name in self.key_columns]
        if self.group.has_stores:
            parts.append(F.col("store"))
        is_whole = F.col("_problem").isNull() & none_missing(parts)
        return F.when(is_whole, F.xxhash64(F.col("feed"), *parts))

    def currency(self) -> Column:
        """The currency of a record whose `sold_on` is parsed; null if it is unknown.

        The currency of a list price is joined with the price, and not told here.
        """
        of_feed = F.col("_feed_currency")
        if self.group.has_dated_currency:
            of_feed = step_on(F.col("_feed_currencies"), F.col("sold_on"))["code"]
        usual = F.coalesce(F.col("_store_currency"), of_feed)
        if not self.feed.has("currency"):
            return usual
        own = F.nullif(visible(F.col(f"{GIVEN}currency")), F.lit(""))
        stated = F.when(own.isin(sorted(MINOR_UNITS)), own)
        return F.when(is_blank(own), usual).otherwise(stated)

    def unknown_stores(self, bronze: DataFrame, composed: DataFrame | None = None) -> DataFrame:
        """`feed, text, records`: texts that stand for a store and mean none, with their records.

        Args:
            bronze: Rows of `bronze.sales`, of feeds of this group.
            composed: As for `keyed`.
        """
        whole = self.rows(bronze).where(F.col("_problem").isNull())
        rows = self._with_store(self._visible(whole, composed))
        shown = filled(F.col(f"{GIVEN}store"))
        unknown = rows.where(F.col("store").isNull() & ~F.col("_is_excluded") & shown.isNotNull())
        return (
            unknown.select("feed", shown.alias("text"))
            .groupBy("feed", "text")
            .agg(F.count(F.lit(1)).alias("records"))
        )


def _key_text(text: Column, no_keys: Sequence[str]) -> Column:
    """A text as part of a key; null where it means nothing, or a spreadsheet cut an id short."""
    is_short = F.char_length(text) <= max(map(len, no_keys))
    means_nothing = is_short & F.upper(text).isin(list(no_keys))
    is_rounded = (F.contains(text, F.lit("E")) | F.contains(text, F.lit("e"))) & text.rlike(
        _ROUNDED_ID
    )
    return F.when(~(means_nothing | is_rounded), text)
