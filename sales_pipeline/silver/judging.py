"""What a single record is: excluded, quarantined or fit, judged by its own content.

DESIGN "The state, as a function", 2: a declared condition is tested first, on the text;
then the record is malformed, breaks a rule (all its reasons are kept), or is fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.model import Feed
from sales_pipeline.silver import rules
from sales_pipeline.silver.as_json import as_json
from sales_pipeline.silver.days import month_of
from sales_pipeline.silver.faults import Faults, any_of
from sales_pipeline.silver.keys import Keys
from sales_pipeline.silver.money import Money
from sales_pipeline.silver.numbers import filled
from sales_pipeline.silver.origin import listed_store
from sales_pipeline.silver.reading import NUMBERS, PRODUCT, Reader, Readings

FIT = "fit"
QUARANTINED = "quarantined"
EXCLUDED = "excluded"
NO_STORE = ""
"""The store of a record that names none, or one that is not declared; it is never fit."""

_SALE_BODY = ("sold_on", "product", "category", "unit_price", "quantity", "amount", "currency",
              "source_product", "_file_id", "_row")  # fmt: skip


@dataclass(frozen=True)
class Judge:
    """Judges the records of one feed.

    Attributes:
        name: The feed's name.
        feed: Its declaration.
        further_keys: The key columns of all feeds other than `sale_id`; those of other
            feeds are null here.
    """

    name: str
    feed: Feed
    further_keys: Sequence[str] = ()

    @property
    def reader(self) -> Reader:
        """Reads the texts of the feed."""
        return Reader(self.name, self.feed)

    def judged(
        self, bronze: DataFrame, names: DataFrame | None, readings: Readings | None = None
    ) -> DataFrame:
        """The records of the feed, typed, each with its verdict.

        Args:
            bronze: Rows of the feed's bronze table.
            names: Columns `feed, source_product, product, category`, and `prices` where the
                feed takes them: what the catalogue makes of each product as delivered. One
                row a name; small. None where the readings say that too.
            readings: What is known of the texts of some columns. The texts of the others are
                read record by record, which costs more.

        Returns:
            The columns of `silver.sales` but `month`, null where they cannot be read, and
            `verdict` (`fit`, `quarantined` or `excluded`), `reasons` (ARRAY<STRING>), `raw`.
            `verdict` may be filtered on without typing the record twice.
        """
        typed = self._typed(bronze, names, readings or {})
        faults, is_broken = self._faults.all(), self._faults.is_broken()
        broken_rules = rules.faults(self.feed, is_broken)
        if broken_rules:
            is_broken = is_broken | any_of(fault for _, fault in broken_rules)
        found = [F.when(fault, F.lit(code)) for code, fault in [*faults, *broken_rules]]
        return typed.select(
            *self._sale_columns,
            "raw",
            _fenced(_verdict(is_broken)).alias("verdict"),
            F.array_compact(F.array(F.col("_problem"), *found)).alias("reasons"),
        )

    def amounts(
        self,
        bronze: DataFrame,
        names: DataFrame | None,
        readings: Readings,
        counted: DataFrame | None = None,
    ) -> DataFrame:
        """`_file_id, currency, amount, records`, both of the money null where it cannot be told.

        Args:
            bronze: Rows of the feed's bronze table.
            names: As for `judged`.
            readings: As for `judged`.
            counted: The same rows by their texts, as `Reader.counted_texts` gives them; each of
                its rows stands for some records of this amount. Without it, each for one.
        """
        reader, needed = self.reader, self._money.needed
        given = [name for name in reader.text_columns if name in needed]
        if counted is not None and set(needed) <= {*NUMBERS}:
            source, *texts = (F.col(f"text_{name}") for name in (PRODUCT, *given))
            named = [text.alias(f"given_{name}") for text, name in zip(texts, given, strict=True)]
            rows = counted.where(F.col("feed") == self.name).select(
                "_file_id", source.alias("source_product"), *named, "records"
            )
        else:
            rows = reader.with_computed(bronze).select(
                "_file_id",
                F.col("product").alias("source_product"),
                *_given(given),
                F.lit(1).cast("BIGINT").alias("records"),
            )
        if reader.is_priced_by_catalogue:
            rows = self._named(rows, names)
        rows = self._money.completed(reader.read_all(rows, needed, readings))
        return rows.select(
            "_file_id", self._money.currency().alias("currency"), "amount", "records"
        )

    def rule_counts(
        self, bronze: DataFrame, names: DataFrame | None, readings: Readings
    ) -> DataFrame:
        """How many sales of each delivery keep the feed's rules, as `rules.counted` says."""
        typed = self._typed(bronze, names, readings)
        fit = ~F.col("is_excluded") & ~self._faults.is_broken()
        return rules.counted(typed, self.name, self.feed, fit)

    def unknown_stores(self, bronze: DataFrame) -> DataFrame:
        """`feed, text, records`: what stands for a store and means none, with its records."""
        rows = self.reader.with_computed(bronze).where(F.col("_problem").isNull())
        if self.feed.exclude_when is not None:
            rows = rows.where(~self._is_left_out())
        shown = filled(F.col("store"))
        texts = rows.select(shown.alias("text")).groupBy("text").agg(F.count(F.lit(1)).alias("n"))
        unknown = F.col("text").isNotNull() & listed_store(self.feed, F.col("text")).isNull()
        return texts.where(unknown).select(
            F.lit(self.name).alias("feed"), "text", F.col("n").alias("records")
        )

    def keyed(self, bronze: DataFrame, readings: Readings | None = None) -> DataFrame:
        """The bronze rows with `key_hash`: BIGINT, null for a record without a key."""
        return self._keys.hashed(bronze, readings or {})

    def source_products(self, bronze: DataFrame) -> DataFrame:
        """`feed, source_product`: the distinct products as delivered."""
        well_split = self.reader.with_computed(bronze).where(F.col("_problem").isNull())
        return (
            well_split.select("product")
            .distinct()
            .select(F.lit(self.name).alias("feed"), F.col("product").alias("source_product"))
        )

    @property
    def _faults(self) -> Faults:
        return Faults(self.reader, self._keys.names)

    @property
    def _keys(self) -> Keys:
        return Keys(self.reader, self.further_keys)

    @property
    def _money(self) -> Money:
        return Money(self.reader)

    def _typed(self, bronze: DataFrame, names: DataFrame | None, readings: Readings) -> DataFrame:
        """The records with their columns read, and everything that their verdict depends on."""
        rows = self.reader.with_computed(bronze)
        delivered = rows.select(*self._delivered(), *self._excluded(), self._raw(), "_problem")
        typed = self._named(delivered, names)
        typed = self.reader.read_all(typed, self.reader.columns, readings)
        # Constants come last: every join copies the columns that go through it.
        return self._money.completed(typed).withColumns(self._constants())

    def _named(self, rows: DataFrame, names: DataFrame | None) -> DataFrame:
        """The rows with what their products mean, unless the readings say that too."""
        if names is None:
            return rows
        mine = names.where(F.col("feed") == self.name)
        mine = mine.select("source_product", *self.reader.meaning_columns)
        return rows.join(mine, "source_product", "left")

    def _delivered(self) -> list[Column]:
        return [
            *(key.alias(name) for name, key in self._keys.columns().items()),
            F.col("product").alias("source_product"),
            *_given(self.reader.text_columns),
            F.col("_file_id"),
            F.col("_row"),
        ]

    def _constants(self) -> dict[str, Column]:
        """What is the same for every record, or follows from what is read already."""
        constants = {"feed": F.lit(self.name), "currency": self._money.currency()}
        if self.feed.store is not None:
            constants["store"] = F.lit(self.feed.store.id)
        if self.feed.exclude_when is None:
            constants["is_excluded"] = F.lit(False)
        return constants

    def _excluded(self) -> list[Column]:
        """Whether the declared condition holds, as it is tested on the text."""
        if self.feed.exclude_when is None:
            return []
        return [(F.col("_problem").isNull() & self._is_left_out()).alias("is_excluded")]

    def _is_left_out(self) -> Column:
        return F.coalesce(F.expr(str(self.feed.exclude_when)), F.lit(False))

    def _raw(self) -> Column:
        """The record's own text, or its columns as JSON under the headers of the file."""
        fields = [F.col(name).alias(header) for name, header in self.feed.columns.items()]
        return F.coalesce(F.col("_raw"), as_json(F.struct(*fields, F.col("_extra")))).alias("raw")

    @property
    def _sale_columns(self) -> list[Column]:
        names = ["feed", "sale_id", *self.further_keys, *_SALE_BODY]
        store = F.coalesce(F.col("store"), F.lit(NO_STORE)).alias("store")
        return [*map(F.col, names), store if self.feed.stores else F.col("store")]


def with_month(judged: DataFrame) -> DataFrame:
    """The rows with the month of their day."""
    return judged.withColumn("month", month_of(F.col("sold_on")))


def _given(columns: Sequence[str]) -> list[Column]:
    return [F.col(name).alias(f"given_{name}") for name in columns]


def _verdict(is_broken: Column) -> Column:
    excluded = F.when(F.col("is_excluded"), F.lit(EXCLUDED))
    return excluded.when(is_broken, F.lit(QUARANTINED)).otherwise(F.lit(FIT))


def _fenced(value: Column) -> Column:
    """The value, in a form that keeps a filter on it behind the projection that makes it.

    An optimiser moves a filter below the projection and so computes every expression
    twice, once to filter and once to keep; measured, that costs as much again as the whole
    statement. It may not move what is not deterministic, and `rand() < 0` never holds.
    """
    return F.when(F.rand() < 0, F.lit(None).cast("STRING")).otherwise(value)
