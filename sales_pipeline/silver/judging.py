"""What a single record is: excluded, quarantined or fit, judged by its own content.

DESIGN "The state, as a function", 2: a declared condition is tested first, on the text;
then the record is malformed, breaks a rule (all its reasons are kept), or is fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.model import Feed
from sales_pipeline.silver.days import calendar_day, is_in_range, month_of
from sales_pipeline.silver.numbers import decimal_number, filled, product_of, trimmed
from sales_pipeline.silver.reasons import PRODUCT_UNKNOWN

FIT = "fit"
QUARANTINED = "quarantined"
EXCLUDED = "excluded"
READ_COLUMNS = ("sold_on", "quantity", "unit_price", "amount")
"""The columns of a sale that are read from text; the others are taken as they are."""

Readings = Mapping[tuple[str, ...], DataFrame]
"""Columns that are read together -> what `Judge.readings` says of their texts; small."""


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

    def judged(
        self, bronze: DataFrame, names: DataFrame, readings: Readings | None = None
    ) -> DataFrame:
        """The records of the feed, typed, each with its verdict.

        Args:
            bronze: Rows of the feed's bronze table.
            names: Columns `feed, source_product, product, category`: what the catalogue
                makes of each product as delivered. One row a name; small.
            readings: What is known of the texts of some columns. The texts of the others are
                read record by record, which costs more.

        Returns:
            The columns of `silver.sales` but `month`, null where they cannot be read, and
            `verdict` (`fit`, `quarantined` or `excluded`), `reasons` (ARRAY<STRING>), `raw`.
            `verdict` may be filtered on without typing the record twice.
        """
        delivered = bronze.select(*self._delivered(), *self._excluded(), self._raw(), "_problem")
        typed = delivered.join(self._mine(names), "source_product", "left")
        typed = self._read_all(typed, self._read_columns, readings or {})
        # Constants come last: every join copies the columns that go through it.
        typed = self._with_absent(typed).withColumns(self._constants())
        found = [F.when(fault, F.lit(code)) for code, fault in self._faults()]
        return typed.select(
            "*",
            _fenced(self._verdict()).alias("verdict"),
            F.array_compact(F.array(F.col("_problem"), *found)).alias("reasons"),
        )

    @property
    def _read_columns(self) -> list[str]:
        """The declared columns that are read as a day or a number."""
        return [name for name in READ_COLUMNS if name in self.feed.columns]

    def readings(self, bronze: DataFrame, columns: Sequence[str]) -> DataFrame:
        """The distinct texts of some columns, together, and what each is read as.

        Returns:
            `feed`, and for each column `text_<column>`, never null, and `<column>`. The text
            of a column that the feed does not have is empty.
        """
        empty = F.lit("")
        texts = bronze.select(
            *(
                (_text_of(column, column) if column in self._read_columns else empty).alias(
                    f"text_{column}"
                )
                for column in columns
            )
        ).distinct()
        values = [self._read(column, F.col(f"text_{column}")).alias(column) for column in columns]
        return texts.select(F.lit(self.name).alias("feed"), "*", *values)

    def _read_all(self, typed: DataFrame, columns: Sequence[str], readings: Readings) -> DataFrame:
        """Adds what the texts of some columns are read as."""
        left = list(columns)
        for together, known in readings.items():
            # All that the feed has of them: only then is each record met by one reading.
            mine = [column for column in together if column in left]
            if mine:
                typed = self._joined(typed, mine, known)
                left = [column for column in left if column not in mine]
        for column in left:
            typed = typed.withColumn(column, self._read(column, F.col(f"given_{column}")))
        return typed

    def _joined(self, typed: DataFrame, columns: Sequence[str], known: DataFrame) -> DataFrame:
        texts = [f"text_{column}" for column in columns]
        mine = self._mine(known).select(*texts, *columns)
        keyed = typed.withColumns(
            {f"text_{column}": _text_of(f"given_{column}", column) for column in columns}
        )
        return keyed.join(mine, texts, "left").drop(*texts)

    def _with_absent(self, typed: DataFrame) -> DataFrame:
        """Adds the columns that the feed does not deliver."""
        if "unit_price" not in self.feed.columns:
            typed = typed.withColumn("unit_price", F.lit(None).cast("DECIMAL(18,4)"))
        if "amount" not in self.feed.columns:
            typed = typed.withColumn("amount", product_of(F.col("unit_price"), F.col("quantity")))
        return typed

    def _read(self, column: str, text: Column) -> Column:
        if column == "sold_on":
            return calendar_day(text, self.feed.date_formats)
        scale = 3 if column == "quantity" else 4
        return decimal_number(text, mark=self.feed.csv.decimal, scale=scale)

    def _mine(self, looked_up: DataFrame) -> DataFrame:
        return looked_up.where(F.col("feed") == self.name).drop("feed")

    def amounts(self, bronze: DataFrame, readings: Readings) -> DataFrame:
        """`_file_id, currency, amount` of every record, amount null where unreadable."""
        needed = [name for name in self._read_columns if name != "sold_on"]
        given = [F.col(name).alias(f"given_{name}") for name in needed]
        rows = bronze.select("_file_id", F.lit(self.feed.currency).alias("currency"), *given)
        rows = self._read_all(rows, needed, readings)
        if "amount" not in needed:
            rows = rows.withColumn("amount", product_of(F.col("unit_price"), F.col("quantity")))
        return rows.select("_file_id", "currency", "amount")

    def keyed(self, bronze: DataFrame) -> DataFrame:
        """The bronze rows with `key_hash`: BIGINT, null for a record without a key."""
        columns = [filled(F.col(name)) for name in self._key_columns()]
        if not columns:
            return bronze.withColumn("key_hash", F.lit(None).cast("BIGINT"))
        complete = F.col("_problem").isNull() & ~_any([column.isNull() for column in columns])
        hashed = key_hash(F.lit(self.name), F.lit(self.feed.store.id), *self._all_keys())
        return bronze.withColumn("key_hash", F.when(complete, hashed))

    def source_products(self, bronze: DataFrame) -> DataFrame:
        """`feed, source_product`: the distinct products as delivered."""
        products = bronze.where(F.col("_problem").isNull()).select("product").distinct()
        return products.select(
            F.lit(self.name).alias("feed"), F.col("product").alias("source_product")
        )

    def _key_columns(self) -> list[str]:
        """The feed's key columns, in the order in which all feeds have them."""
        return [name for name in ("sale_id", *self.further_keys) if name in self.feed.key]

    def _all_keys(self) -> list[Column]:
        return [self._key(name) for name in ("sale_id", *self.further_keys)]

    def _delivered(self) -> list[Column]:
        names = ("sale_id", *self.further_keys)
        return [
            *(key.alias(name) for key, name in zip(self._all_keys(), names, strict=True)),
            F.col("product").alias("source_product"),
            *(F.col(name).alias(f"given_{name}") for name in self._read_columns),
            F.col("_file_id"),
            F.col("_row"),
        ]

    def _key(self, name: str) -> Column:
        if name in self.feed.key:
            return filled(F.col(name))
        return F.lit(None).cast("STRING")

    def _constants(self) -> dict[str, Column]:
        constants = {
            "feed": F.lit(self.name),
            "store": F.lit(self.feed.store.id),
            "currency": F.lit(self.feed.currency),
        }
        if self.feed.exclude_when is None:
            constants["is_excluded"] = F.lit(False)
        return constants

    def _excluded(self) -> list[Column]:
        """Whether the declared condition holds, as it is tested on the text."""
        if self.feed.exclude_when is None:
            return []
        condition = F.coalesce(F.expr(self.feed.exclude_when), F.lit(False))
        return [(F.col("_problem").isNull() & condition).alias("is_excluded")]

    def _raw(self) -> Column:
        """The record's own text, or its columns as JSON under the headers of the file."""
        fields = [F.col(name).alias(header) for name, header in self.feed.columns.items()]
        return F.coalesce(F.col("_raw"), F.to_json(F.struct(*fields, F.col("_extra")))).alias("raw")

    def _verdict(self) -> Column:
        excluded = F.when(F.col("is_excluded"), F.lit(EXCLUDED))
        return excluded.when(self._is_broken(), F.lit(QUARANTINED)).otherwise(F.lit(FIT))

    def _is_broken(self) -> Column:
        """Whether any fault holds, from the typed columns alone: cheaper than asking each."""
        needed = ["sold_on", "product", "quantity", "amount", *self._key_columns()]
        broken = F.col("_problem").isNotNull() | ~is_in_range(F.col("sold_on"))
        if "unit_price" in self.feed.columns:
            broken = broken | (F.col("unit_price").isNull() & ~_is_blank(F.col("given_unit_price")))
        return broken | _any([F.col(name).isNull() for name in needed])

    def _faults(self) -> list[tuple[str, Column]]:
        """Reason code and the condition under which a well-split record has it."""
        given, day = F.col("given_sold_on"), F.col("sold_on")
        source, product = F.col("source_product"), F.col("product")
        faults = [
            ("key_missing", _any([F.col(name).isNull() for name in self._key_columns()])),
            ("date_missing", _is_blank(given)),
            ("date_unreadable", ~_is_blank(given) & day.isNull()),
            ("date_out_of_range", day.isNotNull() & ~is_in_range(day)),
            ("product_missing", _is_blank(source)),
            (PRODUCT_UNKNOWN, ~_is_blank(source) & product.isNull()),
            *self._number_faults(),
        ]
        well_split = F.col("_problem").isNull()
        return [(code, well_split & fault) for code, fault in faults]

    def _number_faults(self) -> list[tuple[str, Column]]:
        names = ["quantity"]
        names += [name for name in ("unit_price", "amount") if name in self.feed.columns]
        faults = []
        for name in names:
            blank = _is_blank(F.col(f"given_{name}"))
            if name != "unit_price" or "amount" not in self.feed.columns:
                faults.append((f"{name}_missing", blank))
            faults.append((f"{name}_unreadable", ~blank & F.col(name).isNull()))
        if "amount" not in self.feed.columns:
            factors = F.col("unit_price").isNotNull() & F.col("quantity").isNotNull()
            faults.append(("amount_too_large", factors & F.col("amount").isNull()))
        return faults


def key_hash(feed: Column, store: Column, *keys: Column) -> Column:
    """A BIGINT that is equal for equal keys: it finds candidates, it never decides."""
    return F.xxhash64(feed, store, *keys)


def with_month(judged: DataFrame) -> DataFrame:
    """The rows with the month of their day."""
    return judged.withColumn("month", month_of(F.col("sold_on")))


def _text_of(name: str, column: str) -> Column:
    """The text of a column as it is looked up: never null, so that records can be joined."""
    return F.coalesce(F.col(name), F.lit("")).alias(f"text_{column}")


def _is_blank(text: Column) -> Column:
    return text.isNull() | (trimmed(text) == F.lit(""))


def _fenced(value: Column) -> Column:
    """The value, in a form that keeps a filter on it behind the projection that makes it.

    An optimiser moves a filter below the projection and so computes every expression
    twice, once to filter and once to keep; measured, that costs as much again as the whole
    statement. It may not move what is not deterministic, and `rand() < 0` never holds.
    """
    return F.when(F.rand() < 0, F.lit(None).cast("STRING")).otherwise(value)


def _any(conditions: Sequence[Column]) -> Column:
    result = F.lit(False)
    for condition in conditions:
        result = result | condition
    return result
