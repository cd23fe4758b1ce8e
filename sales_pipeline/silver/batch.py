"""The deliveries that are cleaned together, and their records as DataFrames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.silver.judging import Judge
from sales_pipeline.silver.products import Known, Names

_MANY_TEXTS = 100_000
_READ_TOGETHER = (("sold_on",), ("quantity", "unit_price", "amount"))


@dataclass(frozen=True)
class Batch:
    """Some deliveries of sales feeds, to be judged together.

    Attributes:
        lakehouse: Where their records are.
        deliveries: The deliveries to judge; never empty.
        known: What the catalogue knows.
    """

    lakehouse: Lakehouse
    deliveries: tuple[Delivery, ...]
    known: Known

    @property
    def file_ids(self) -> list[int]:
        """The `_file_id` of every delivery."""
        return [each.file_id for each in self.deliveries]

    def only(self, deliveries: Iterable[Delivery]) -> Batch:
        """A batch of some of its deliveries."""
        return Batch(self.lakehouse, tuple(deliveries), self.known)

    @cached_property
    def judges(self) -> list[Judge]:
        """One judge for each feed that has a delivery here."""
        feeds = self.lakehouse.declaration.feeds
        present = {each.feed for each in self.deliveries}
        keys = self.lakehouse.further_keys
        return [Judge(name, feeds[name], keys) for name in feeds if name in present]

    def bronze(self, judge: Judge) -> DataFrame:
        """The bronze rows of a feed's deliveries."""
        ids = [each.file_id for each in self.deliveries if each.feed == judge.name]
        return self.lakehouse.table(f"bronze.{judge.name}").where(among("_file_id", ids))

    def over_feeds(self, make: Callable[[Judge, DataFrame], DataFrame]) -> DataFrame:
        """The union over the feeds of what a function makes of their bronze rows."""
        frames = [make(judge, self.bronze(judge)) for judge in self.judges]
        return reduce(DataFrame.unionByName, frames)

    def judged(
        self, only: DataFrame | None = None, *, without_keys: DataFrame | None = None
    ) -> DataFrame:
        """The judged records, or some of them.

        Args:
            only: `_file_id, _row` of the records that are asked for; small.
            without_keys: `key_hash` of the keys whose records are left out; small.
        """

        def make(judge: Judge, bronze: DataFrame) -> DataFrame:
            if only is not None:
                bronze = bronze.join(only, ["_file_id", "_row"], "left_semi")
            if without_keys is not None:
                bronze = judge.keyed(bronze).join(without_keys, "key_hash", "left_anti")
            return judge.judged(bronze, self.names, self.readings)

        return self.over_feeds(make)

    def keys(self) -> DataFrame:
        """`key_hash` of every record; null for one without a key."""
        return self.over_feeds(lambda judge, bronze: judge.keyed(bronze).select("key_hash"))

    @cached_property
    def names(self) -> DataFrame:
        """`feed, source_product, product, category` of the delivered names that are known."""
        found = self.over_feeds(lambda judge, bronze: judge.source_products(bronze)).toArrow()
        return self.lakehouse.frame(self._meanings(found.to_pylist()))

    @cached_property
    def readings(self) -> dict[tuple[str, ...], DataFrame]:
        """What the delivered texts are read as, for columns that do not have too many.

        Dates, prices and quantities repeat over and over, so each text is read once and
        joined; reading it in every record costs several times as much. Numbers that stand
        together are joined together, because every join copies the whole record.
        """
        found: dict[tuple[str, ...], DataFrame] = {}
        for together in _READ_TOGETHER:
            for columns in [together, *((column,) for column in together)]:
                if not any(set(columns) <= set(other) for other in found):
                    readings = self._readings(columns)
                    if readings is not None:
                        found[columns] = readings
        return found

    def _readings(self, columns: Sequence[str]) -> DataFrame | None:
        read = self.over_feeds(lambda judge, bronze: judge.readings(bronze, columns))
        found = read.limit(_MANY_TEXTS + 1).toArrow()
        return self.lakehouse.frame(found) if found.num_rows <= _MANY_TEXTS else None

    def _meanings(self, delivered: Iterable[dict[str, Any]]) -> pa.Table:
        feeds, known = self.lakehouse.declaration.feeds, Names(self.known)
        rows = []
        for each in delivered:
            meaning = known.of(feeds[each["feed"]], each["source_product"])
            if meaning is not None:
                rows.append({**each, "product": meaning.product, "category": meaning.category})
        columns = ("feed", "source_product", "product", "category")
        return pa.Table.from_pylist(
            rows, schema=pa.schema([(name, pa.string()) for name in columns])
        )
