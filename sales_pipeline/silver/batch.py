"""The deliveries that are cleaned together, and their records as DataFrames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.lakehouse.mends import Name
from sales_pipeline.silver.feed_warnings import FeedWarning, ambiguous_days, unknown_stores
from sales_pipeline.silver.judging import Judge
from sales_pipeline.silver.learning import Knowledge
from sales_pipeline.silver.meanings import Meanings
from sales_pipeline.silver.prices import known_prices
from sales_pipeline.silver.products import Known
from sales_pipeline.silver.reading import NUMBERS, ORIGIN, PRODUCT, Readings
from sales_pipeline.silver.rule_results import RuleResult, results

_MANY_TEXTS, _MANY_COUNTS = 100_000, 300_000
_PRICED = (PRODUCT, *NUMBERS)
_TRIED = (
    ("sold_on",),
    _PRICED,
    NUMBERS,
    *((column,) for column in NUMBERS),
    # A currency can depend on the text of the store, so these two are never read apart.
    ORIGIN,
)
"""Columns that are read together, unless all of them were read with others before."""
_ROW_ID = ["_file_id", "_row"]
_Make = Callable[[Judge, DataFrame], DataFrame]


@dataclass(frozen=True)
class Batch:
    """Some deliveries of sales feeds, to be judged together.

    Attributes:
        lakehouse: Where their records are.
        deliveries: The deliveries to judge; never empty.
        known: What the catalogue knows.
        mended: Records of these deliveries that are not judged, for a mended one counts.
    """

    lakehouse: Lakehouse
    deliveries: tuple[Delivery, ...]
    known: Known
    mended: frozenset[Name] = frozenset()

    @property
    def file_ids(self) -> list[int]:
        """The `_file_id` of every delivery."""
        return [each.file_id for each in self.deliveries]

    def only(self, deliveries: Iterable[Delivery]) -> Batch:
        """A batch of some of its deliveries."""
        return Batch(self.lakehouse, tuple(deliveries), self.known, self.mended)

    @cached_property
    def judges(self) -> list[Judge]:
        """One judge for each feed that has a delivery here."""
        feeds = self.lakehouse.declaration.feeds
        present = {each.feed for each in self.deliveries}
        keys = self.lakehouse.further_keys
        return [Judge(name, feeds[name], keys) for name in feeds if name in present]

    def delivered(self, judge: Judge) -> DataFrame:
        """The bronze rows of a feed's deliveries."""
        ids = [each.file_id for each in self.deliveries if each.feed == judge.name]
        return self.lakehouse.table(f"bronze.{judge.name}").where(among("_file_id", ids))

    def bronze(self, judge: Judge) -> DataFrame:
        """The bronze rows of a feed's deliveries that are judged: those that nobody mended."""
        rows = self.delivered(judge)
        return rows.join(self._mended_rows, _ROW_ID, "left_anti") if self.mended else rows

    @cached_property
    def _mended_rows(self) -> DataFrame:
        return names_at_hand(self.lakehouse, sorted(self.mended))

    def over_feeds(self, make: _Make) -> DataFrame:
        """The union over the feeds of what a function makes of the rows that are judged."""
        return self._over(self.judges, make, self.bronze)

    def _over(
        self, judges: Iterable[Judge], make: _Make, rows: Callable[[Judge], DataFrame]
    ) -> DataFrame:
        return reduce(DataFrame.unionByName, [make(judge, rows(judge)) for judge in judges])

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
                bronze = bronze.join(only, _ROW_ID, "left_semi")
            if without_keys is not None:
                bronze = judge.keyed(bronze, self._origins(judge)).join(
                    without_keys, "key_hash", "left_anti"
                )
            return judge.judged(bronze, self._names, self.readings)

        return self.over_feeds(make)

    def keys(self) -> DataFrame:
        """`key_hash` of every record; null for one without a key."""

        def make(judge: Judge, bronze: DataFrame) -> DataFrame:
            return judge.keyed(bronze, self._origins(judge)).select("key_hash")

        return self.over_feeds(make)

    def _origins(self, judge: Judge) -> Readings | None:
        """What is known of the texts of stores; the key of most feeds does not depend on it."""
        return self.readings if judge.feed.stores else None

    def amounts(self, *, of_mended: bool = False) -> DataFrame:
        """`_file_id, currency, amount, records`, as `Judge.amounts` gives them.

        Args:
            of_mended: Only of the records for which a mended one counts.
        """

        def make(judge: Judge, rows: DataFrame) -> DataFrame:
            if of_mended:
                rows = rows.join(self._mended_rows, _ROW_ID, "left_semi")
            counted = None if of_mended else self._counted
            return judge.amounts(rows, self._names, self.readings, counted)

        return self._over(self.judges, make, self.delivered)

    def rule_results(self) -> list[RuleResult]:
        """How many sales of each delivery keep the rules of its feed; one aggregate."""
        judges = [each for each in self.judges if each.feed.rules]
        if not judges:
            return []
        counts = self._over(
            judges,
            lambda judge, bronze: judge.rule_counts(bronze, self._names, self.readings),
            self.bronze,
        )
        return results(counts.toArrow(), self.lakehouse.declaration.feeds)

    def warnings(self) -> list[FeedWarning]:
        """What is to be told of the texts in these deliveries, though they could be read."""
        return warnings_of([(judge, self.bronze(judge)) for judge in self.judges])

    @cached_property
    def _names(self) -> DataFrame | None:
        """`feed, source_product, product, category` of the delivered names that are known.

        With `prices` where a feed takes those of the catalogue. None where the readings of the
        numbers say all that.
        """
        if _PRICED in self.readings:
            return None
        delivered = self._over(
            self.judges, lambda judge, rows: judge.source_products(rows), self.delivered
        )
        return self.lakehouse.frame(self._meanings.table(delivered.toArrow().to_pylist()))

    @cached_property
    def _meanings(self) -> Meanings:
        are_priced = any(each.reader.is_priced_by_catalogue for each in self.judges)
        prices = known_prices(self.lakehouse) if are_priced else {}
        return Meanings(self.lakehouse.declaration.feeds, Knowledge(self.known, prices))

    @cached_property
    def readings(self) -> dict[tuple[str, ...], DataFrame]:
        """What the delivered texts are read as, for columns that do not have too many.

        Dates, prices and quantities repeat over and over, so each text is read once and
        joined; reading it in every record costs several times as much. What stands together
        in a price list is joined together, because every join copies the whole record.
        """
        found: dict[tuple[str, ...], DataFrame] = {}
        for columns in _TRIED:
            if not any(set(columns) <= set(other) for other in found):
                readings = self._readings(columns)
                if readings is not None:
                    found[columns] = readings
        return found

    def _readings(self, columns: Sequence[str]) -> DataFrame | None:
        is_named = PRODUCT in columns
        judges = [
            each for each in self.judges if is_named or set(columns) & set(each.reader.columns)
        ]
        if not judges:
            return None

        def texts(judge: Judge) -> DataFrame:
            if columns == _PRICED and self._counted is not None:
                return self._counted.where(F.col("feed") == judge.name)
            return judge.reader.texts(self.delivered(judge), columns)

        read = reduce(
            DataFrame.unionByName,
            [judge.reader.readings(texts(judge), columns) for judge in judges],
        )
        found = read.limit(_MANY_TEXTS + 1).toArrow()
        if found.num_rows > _MANY_TEXTS:
            return None
        return self.lakehouse.frame(self._with_meanings(found) if is_named else found)

    @cached_property
    def _counted(self) -> DataFrame | None:
        """How many records of a file have the same texts; None where that does not make few."""
        counted = self._over(
            self.judges,
            lambda judge, rows: judge.reader.counted_texts(rows, _PRICED),
            self.delivered,
        )
        found = counted.limit(_MANY_COUNTS + 1).toArrow()
        return self.lakehouse.frame(found) if found.num_rows <= _MANY_COUNTS else None

    def _with_meanings(self, readings: pa.Table) -> pa.Table:
        """Adds to the readings of products what the catalogue makes of them."""
        named = readings.select(["feed", f"text_{PRODUCT}"])
        products = named.rename_columns(["feed", "source_product"]).to_pylist()
        places = [(each["feed"], each["source_product"]) for each in products]
        distinct = dict(zip(places, products, strict=True))
        meanings = self._meanings.table(distinct.values())
        known = zip(
            meanings["feed"].to_pylist(), meanings["source_product"].to_pylist(), strict=True
        )
        row_of = {place: row for row, place in enumerate(known)}
        rows = pa.array([row_of.get(place) for place in places], pa.int64())
        for name in meanings.column_names[2:]:
            readings = readings.append_column(name, meanings[name].take(rows))
        return readings


def names_at_hand(lakehouse: Lakehouse, names: Sequence[Name]) -> DataFrame:
    """`_file_id, _row` of some records at hand, to join by."""
    columns = zip(*names, strict=True) if names else ((), ())
    arrays = [pa.array(column, pa.int64()) for column in columns]
    return lakehouse.frame(pa.table(arrays, names=_ROW_ID))


def warnings_of(records: Iterable[tuple[Judge, DataFrame]]) -> list[FeedWarning]:
    """What is to be told of the texts of some bronze rows, each with the judge of its feed.

    A feed with one date format and one store has nothing to be told, and costs nothing.
    """
    found = list(records)
    days = [
        judge.reader.ambiguous_days(rows)
        for judge, rows in found
        if len(judge.feed.date_formats) > 1
    ]
    stores = [judge.unknown_stores(rows) for judge, rows in found if judge.feed.stores]
    told: list[FeedWarning] = []
    if days:
        told += ambiguous_days(reduce(DataFrame.unionByName, days).toArrow())
    if stores:
        told += unknown_stores(reduce(DataFrame.unionByName, stores).toArrow())
    return told
