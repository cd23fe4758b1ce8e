"""The key of a record: its feed, its store and the feed's key columns, as trimmed text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.model import Feed
from sales_pipeline.silver.faults import any_of
from sales_pipeline.silver.numbers import filled
from sales_pipeline.silver.reading import ORIGIN, Reader, Readings


def key_hash(feed: Column, store: Column, *keys: Column) -> Column:
    """A BIGINT that is equal for equal keys: it finds candidates, it never decides."""
    return F.xxhash64(feed, store, *keys)


@dataclass(frozen=True)
class Keys:
    """The keys of the records of one feed.

    Attributes:
        reader: How the feed's texts are read.
        further_keys: The key columns of all feeds other than `sale_id`.
    """

    reader: Reader
    further_keys: Sequence[str]

    @property
    def _feed(self) -> Feed:
        return self.reader.feed

    @property
    def names(self) -> list[str]:
        """The feed's key columns, in the order in which all feeds have them."""
        return [name for name in ("sale_id", *self.further_keys) if name in self._feed.key]

    def columns(self) -> dict[str, Column]:
        """The key columns of all feeds as they are compared; those of other feeds are null."""
        of_others = F.lit(None).cast("STRING")
        return {
            name: filled(F.col(name)) if name in self._feed.key else of_others
            for name in ("sale_id", *self.further_keys)
        }

    def hashed(self, bronze: DataFrame, readings: Readings) -> DataFrame:
        """The bronze rows with `key_hash`: BIGINT, null for a record without a key."""
        if not self.names:
            return bronze.withColumn("key_hash", F.lit(None).cast("BIGINT"))
        rows = self.reader.with_computed(bronze)
        if self._feed.store is not None:
            return rows.withColumn("key_hash", self._hash(F.lit(self._feed.store.id)))
        # The id of the store and its text have the same name, and both are needed.
        texts = [name for name in self.reader.text_columns if name in ORIGIN]
        rows = rows.withColumnsRenamed({name: f"given_{name}" for name in texts})
        columns = [name for name in self.reader.columns if name in ORIGIN]
        found = self.reader.read_all(rows, columns, readings)
        found = found.withColumn("key_hash", self._hash(F.col("store"))).drop(*columns)
        return found.withColumnsRenamed({f"given_{name}": name for name in texts})

    def _hash(self, store: Column) -> Column:
        parts = [filled(F.col(name)) for name in self.names]
        if self._feed.stores:
            parts.append(store)
        complete = F.col("_problem").isNull() & ~any_of(part.isNull() for part in parts)
        hashed = key_hash(F.lit(self.reader.name), store, *self.columns().values())
        return F.when(complete, hashed)
