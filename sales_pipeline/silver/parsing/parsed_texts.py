"""Parses each distinct text of a batch once, in plain Python, to be joined to its records.

Dates, prices, quantities and product names repeat over and over. Parsing them in every record
costs several times as much; parsing them here also takes no statement. A column with too many
distinct texts is parsed record by record, by Spark expressions with the same rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.feed import Feed
from sales_pipeline.engines.statements import union_of
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.profile import fetched
from sales_pipeline.silver.parsing.days import day_of
from sales_pipeline.silver.parsing.numbers import SCALES, number_of
from sales_pipeline.silver.parsing.spark_expressions import GIVEN
from sales_pipeline.silver.reference.learning import Knowledge
from sales_pipeline.silver.reference.products import normalised
from sales_pipeline.silver.validation.delivered_records import DeliveredRecords
from sales_pipeline.silver.validation.feed_groups import NUMBERS, lookup_of
from sales_pipeline.visible_text import MAY_NOT_BE_COMPOSED, visible_form

MANY_TEXTS, MANY_COUNTS = 100_000, 300_000
_DAY, _PRICED, _PRODUCT, _COMPARED = "sold_on", "priced", "product", "compared"
_TEXTS = {name: f"_text_{name}" for name in (_DAY, _PRODUCT, *NUMBERS)}
_KEYS = ["_feed_group", "_feed_lookup"]
# Named here, because to ask a DataFrame for its columns takes an engine seconds.
_OF_DAY = ("_file_id", "_feed_group", _TEXTS[_DAY])
_OF_PRICED = ("_file_id", *_KEYS, *(_TEXTS[name] for name in (_PRODUCT, *NUMBERS)))
_OF_ALL = ("kind", "_file_id", *_KEYS, *_TEXTS.values(), "records")
_PRICE = pa.struct(
    [("valid_from", pa.date32()), ("price", pa.decimal128(18, 4)), ("currency", pa.string())]
)


@dataclass(frozen=True)
class BranchRecords:
    """Records of one group of feeds: `DeliveredRecords` and its `rows`."""

    delivered: DeliveredRecords
    rows: DataFrame


@dataclass
class ParsedTexts:
    """The distinct texts of a batch, parsed.

    Attributes:
        days: `feed_group, text_sold_on, sold_on`; None if there are too many texts.
        priced: `feed_group, feed_lookup`, the texts of product and numbers, and their values;
            None if there are too many combinations.
        products: `feed_lookup, text_product, product, category`, if `priced` is None; and `_prices`
            if a feed takes the catalogue's: first day, price and currency, in order of the days.
        numbers: Column -> `_feed_group`, its text and its number, if `priced` is None.
        counted: How many records of a file have a combination of `priced`: `_file_id, feed_group,
            records`, the texts of numbers and the numbers; None if there are too many.
        composed: `_as_delivered, _composed` of texts of keys and stores that are not in Unicode
            form NFC, without invisible characters; None if there are none.
        day_counts: How many records of a file have a text of a day: `_file_id`, the text,
            `sold_on`, `records`; None if `days` is None.
    """

    days: DataFrame | None = None
    priced: DataFrame | None = None
    products: DataFrame | None = None
    numbers: dict[str, DataFrame] = field(default_factory=dict)
    counted: pa.Table | None = None
    composed: DataFrame | None = None
    day_counts: pa.Table | None = None


def texts_of(branches: Sequence[BranchRecords]) -> DataFrame:
    """The texts of days, products and numbers in a batch, counted by file.

    Returns:
        `kind` (`sold_on`, `priced`, or `compared` for texts of keys and stores that may not be
        composed, which are in the column of the product), `_file_id, _feed_group, _feed_lookup`,
        a column `_text_<column>` for each parsed column (empty if it has none) and `records`.
    """
    days = union_of(_counted(branch, _OF_DAY, [_DAY]) for branch in branches)
    priced = union_of(_counted(branch, _OF_PRICED, [_PRODUCT, *NUMBERS]) for branch in branches)
    none = F.lit("")
    of_days = days.limit(MANY_COUNTS + 1).select(
        F.lit(_DAY).alias("kind"),
        "_file_id",
        "_feed_group",
        none.alias("_feed_lookup"),
        *(none.alias(_TEXTS[name]) for name in (_PRODUCT, *NUMBERS)),
        _TEXTS[_DAY],
        "records",
    )
    of_prices = priced.limit(MANY_COUNTS + 1).select(
        F.lit(_PRICED).alias("kind"), *_OF_PRICED, none.alias(_TEXTS[_DAY]), "records",
    )  # fmt: skip
    texts = of_days.unionByName(of_prices)
    compared = [text for branch in branches for text in _not_composed(branch)]
    if not compared:
        return texts
    columns = {
        "kind": F.lit(_COMPARED),
        "_feed_group": F.lit(0),
        _TEXTS[_PRODUCT]: F.col("text"),
        **{name: F.lit(0).cast("BIGINT") for name in ("_file_id", "records")},
    }
    of_compared = union_of(compared).distinct()
    return texts.unionByName(
        of_compared.select(*(columns.get(name, none).alias(name) for name in _OF_ALL))
    )


def _not_composed(branch: BranchRecords) -> Iterator[DataFrame]:
    """`text`: texts of keys and stores that may not be in Unicode form NFC; mostly none."""
    for name in branch.delivered.compared_texts:
        text = F.col(f"{GIVEN}{name}")
        is_other = (F.octet_length(text) != F.char_length(text)) & text.rlike(MAY_NOT_BE_COMPOSED)
        yield branch.rows.where(is_other).select(text.alias("text"))


def _counted(branch: BranchRecords, names: Sequence[str], columns: Sequence[str]) -> DataFrame:
    """The records of a branch counted by some columns, among them the texts of others."""
    texts = {_TEXTS[column]: branch.delivered.joinable(column) for column in columns}
    known = {"_feed_group": F.lit(branch.delivered.group.number), **texts}
    rows = branch.rows.select(*(known.get(name, F.col(name)).alias(name) for name in names))
    return rows.groupBy(*names).agg(F.count(F.lit(1)).alias("records"))


@dataclass(frozen=True)
class TextParser:
    """Parses the distinct texts of a batch.

    Attributes:
        lakehouse: Whose engine the tables of texts are sent to.
        branches: The records of the batch.
        knowledge: What the catalogue knows of products.
    """

    lakehouse: Lakehouse
    branches: Sequence[BranchRecords]
    knowledge: Knowledge

    def parse(self) -> ParsedTexts:
        """Collects the texts in one statement, or two if prices hardly repeat; parses them."""
        parsed = ParsedTexts()
        if not self.branches:
            return parsed
        texts = fetched("collect the distinct texts", texts_of(self.branches))
        self._parse_days(_of_kind(texts, _DAY), parsed)
        parsed.composed = self._composed(_of_kind(texts, _COMPARED)[_TEXTS[_PRODUCT]].to_pylist())
        priced = _of_kind(texts, _PRICED)
        if priced.num_rows <= MANY_COUNTS:
            self._parse_priced(priced, parsed)
        else:
            self._parse_apart(parsed)
        return parsed

    def _composed(self, texts: Sequence[str]) -> DataFrame | None:
        # Invisible characters may stand between a letter and its accent, so they go first.
        pairs = [(text, visible_form(text)) for text in sorted(set(texts))]
        pairs = [pair for pair in pairs if pair[0] != pair[1]]
        if not pairs:
            return None
        columns = [pa.array(column, pa.string()) for column in zip(*pairs, strict=True)]
        table = pa.table(columns, names=["_as_delivered", "_composed"])
        return self.lakehouse.shared("composed_texts", table)

    @cached_property
    def _feeds(self) -> dict[int, Feed]:
        """Group -> the declaration that its feeds share."""
        return {branch.delivered.group.number: branch.delivered.feed for branch in self.branches}

    def _parse_days(self, counts: pa.Table, parsed: ParsedTexts) -> None:
        distinct, places = _distinct(counts.select(["_feed_group", _TEXTS[_DAY]]))
        if counts.num_rows > MANY_COUNTS or distinct.num_rows > MANY_TEXTS:
            return
        pairs = zip(*(column.to_pylist() for column in distinct.columns), strict=True)
        days = [day_of(text, self._feeds[group].date_formats) for group, text in pairs]
        values = distinct.append_column(_DAY, pa.array(days, pa.date32()))
        parsed.days = self.lakehouse.shared("parsed_days", values)
        columns = ["_file_id", _TEXTS[_DAY], "records"]
        parsed.day_counts = counts.select(columns).append_column(_DAY, values[_DAY].take(places))

    def _parse_priced(self, counts: pa.Table, parsed: ParsedTexts) -> None:
        texts = counts.select([*_KEYS, *(_TEXTS[name] for name in (_PRODUCT, *NUMBERS))])
        distinct, places = _distinct(texts)
        values = self._with_products(distinct)
        for column in NUMBERS:
            values = values.append_column(column, self._numbers(distinct, column))
        parsed.priced = self.lakehouse.shared("parsed_prices", values)
        text_columns = [_TEXTS[name] for name in NUMBERS]
        parsed.counted = counts.select(["_file_id", "_feed_group", "records", *text_columns])
        for name in NUMBERS:
            parsed.counted = parsed.counted.append_column(name, values[name].take(places))

    def _parse_apart(self, parsed: ParsedTexts) -> None:
        """Parses each column by itself; one with too many texts is left to Spark."""
        rows = union_of(map(_each_text, self.branches))
        kinds = [
            rows.where(F.col("kind") == name).distinct().limit(MANY_TEXTS + 1) for name in NUMBERS
        ]
        products = rows.where(F.col("kind") == _PRODUCT).distinct()
        texts = fetched("collect the texts of each column", union_of([products, *kinds]))
        named = _of_kind(texts, _PRODUCT).rename_columns({"text": _TEXTS[_PRODUCT]})
        products_table = self._with_products(named.select(["_feed_lookup", _TEXTS[_PRODUCT]]))
        parsed.products = self.lakehouse.shared("parsed_products", products_table)
        for column in NUMBERS:
            own = _of_kind(texts, column).rename_columns({"text": _TEXTS[column]})
            if own.num_rows <= MANY_TEXTS:
                own = own.select(["_feed_group", _TEXTS[column]])
                own = own.append_column(column, self._numbers(own, column))
                parsed.numbers[column] = self.lakehouse.shared(f"parsed_{column}", own)

    def _numbers(self, texts: pa.Table, name: str) -> pa.Array:
        """The number of each text of a column, null if it is none."""
        distinct, places = _distinct(texts.select(["_feed_group", _TEXTS[name]]))
        pairs = zip(*(column.to_pylist() for column in distinct.columns), strict=True)
        numbers = [number_of(self._feeds[group], name, text) for group, text in pairs]
        return pa.array(numbers, pa.decimal128(18, SCALES[name])).take(places)

    def _with_products(self, texts: pa.Table) -> pa.Table:
        """Adds the meanings of products: `product, category`, and `_prices` if they are taken."""
        feeds = self.lakehouse.declaration.feeds
        feed_of = {
            lookup_of(feeds[name]): feeds[name]
            for branch in self.branches
            for name in branch.delivered.group.names
        }
        distinct, places = _distinct(texts.select(["_feed_lookup", _TEXTS[_PRODUCT]]))
        pairs = zip(*(column.to_pylist() for column in distinct.columns), strict=True)
        meanings = [self._meaning(feed_of[lookup], text) for lookup, text in pairs]
        columns = {"product": pa.string(), "category": pa.string()}
        if any(feed.price_from == "catalogue" for feed in feeds.values()):
            columns["_prices"] = pa.list_(_PRICE)
        known = pa.Table.from_pylist(meanings, schema=pa.schema(columns))
        for name in columns:
            texts = texts.append_column(name, known[name].take(places))
        return texts

    def _meaning(self, feed: Feed, text: str) -> dict[str, Any]:
        """`product, category, _prices` of a product as delivered; nothing if it is not known."""
        known = self.knowledge.names.of(feed, text)
        if known is not None:
            prices = [vars(price) for price in self.knowledge.prices_of(known)]
            return {"product": known.product, "category": known.category, "_prices": prices}
        name = normalised(text)
        is_passed = name and feed.unknown_products == "pass"
        return {"product": name, "_prices": []} if is_passed else {}


def _distinct(texts: pa.Table) -> tuple[pa.Table, pa.Array]:
    """The distinct rows of a table without nulls, and the place among them of each row."""
    codes = np.zeros(texts.num_rows, np.int64)
    for column in texts.columns:
        encoded = column.combine_chunks().dictionary_encode()
        wide = codes * max(1, len(encoded.dictionary)) + encoded.indices.to_numpy()
        codes = np.unique(wide, return_inverse=True)[1].astype(np.int64)
    _, first = np.unique(codes, return_index=True)
    return texts.take(pa.array(first, pa.int64())), pa.array(codes, pa.int64())


def _each_text(branch: BranchRecords) -> DataFrame:
    """`kind, feed_group, feed_lookup, text`: every text of products and numbers, by itself."""
    group = F.lit(branch.delivered.group.number).alias("_feed_group")
    columns = [_PRODUCT, *branch.delivered.number_columns]
    pairs = F.array(
        *(
            F.struct(F.lit(name).alias("kind"), branch.delivered.joinable(name).alias("text"))
            for name in columns
        )
    )
    texts = branch.rows.select(group, "_feed_lookup", F.explode(pairs).alias("pair"))
    # Only the look-up of products depends on it.
    lookup = F.when(F.col("pair.kind") == _PRODUCT, F.col("_feed_lookup")).otherwise("")
    return texts.select("pair.kind", "_feed_group", lookup.alias("_feed_lookup"), "pair.text")


def _of_kind(texts: pa.Table, kind: str) -> pa.Table:
    return texts.filter(pc.equal(texts["kind"], kind))
