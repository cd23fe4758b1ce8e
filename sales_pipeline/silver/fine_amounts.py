"""Warnings about money with more decimals than its currency has, such as 5.280 yen.

Real exports have such amounts, so none is refused. Three digits behind the mark in a currency
without decimals are most likely thousands; the warning names the option that reads them so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.config.files import Dialect
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.tables import CATALOGUE
from sales_pipeline.profile import fetched
from sales_pipeline.silver.feed_warnings import FeedWarning, and_more_files
from sales_pipeline.silver.parsing.numbers import decimal_of, looks_grouped
from sales_pipeline.silver.validation.feed_groups import FeedGroup

if TYPE_CHECKING:
    from sales_pipeline.silver.batch import Batch
    from sales_pipeline.silver.reference.catalogue_entries import Entry

_MOST = 4
"""Decimals of a money column; no currency has more."""


def fine_counts() -> list[Column]:
    """Returns aggregates that count, by currency, money that is finer than it; see `is_fine_group`.

    They are over rows with `currency, money, is_grouped`, as `Validator.amounts` gives them.
    """
    money = F.col("money")
    finer = [
        F.count(F.when(money != F.round(money, decimals), 1)).alias(f"_finer_than_{decimals}")
        for decimals in _decimals()
    ]
    may_be_thousands = F.col("currency").isin(_codes(0)) & F.col("is_grouped")
    return [*finer, F.count(F.when(may_be_thousands, 1)).alias("_grouped")]


def is_fine_group(row: dict[str, Any]) -> bool:
    """Returns whether some money of a group of rows of one currency is finer than the currency."""
    decimals = MINOR_UNITS.get(row["currency"] or "", _MOST)
    is_finer = decimals < _MOST and bool(row[f"_finer_than_{decimals}"])
    return is_finer or bool(row["_grouped"])


def files_with_fine_texts(batch: Batch) -> set[int]:
    """Returns deliveries with money that is finer than their feed's currency, by counted texts."""
    table = batch.texts.counted
    feeds = batch.lakehouse.declaration.feeds
    files: set[int] = set()
    if table is None:
        return files
    for group in batch.counted_groups:
        by_decimals: dict[int, list[int]] = defaultdict(list)
        for delivery in batch.deliveries:
            if delivery.feed in group.names and feeds[delivery.feed].currencies:
                code = feeds[delivery.feed].currencies[0][1]
                by_decimals[MINOR_UNITS[code]].append(delivery.file_id)
        for decimals, file_ids in by_decimals.items():
            own = table.filter(pc.is_in(table["_file_id"], pa.array(file_ids, pa.int64())))
            files.update(own.filter(_is_fine(own, group, decimals))["_file_id"].to_pylist())
    return files


def _is_fine(texts: pa.Table, group: FeedGroup, decimals: int) -> pa.ChunkedArray:
    name = group.money_column
    if name is None:
        return pa.chunked_array([pa.nulls(texts.num_rows, pa.bool_())])
    # Rounded up, the greatest number has a digit more.
    money = texts[name].cast(pa.decimal128(38, _MOST))
    is_fine = pc.not_equal(money, pc.round(money, ndigits=decimals))
    if decimals:
        return is_fine
    pattern = looks_grouped(group.feed.csv.decimal)
    return pc.or_(is_fine, pc.match_substring_regex(texts[f"_text_{name}"], pattern))


@dataclass(frozen=True)
class FineMoney:
    """Records of one file with money that is finer than its currency.

    Attributes:
        currency: The currency.
        records: How many there are.
        grouped: How many of them have three digits behind the mark.
        text: One such text as delivered.
        row: The number of its record in the file.
        path: The path of the file.
    """

    currency: str
    records: int
    grouped: int
    text: str
    row: int
    path: str


def fine_amounts(batch: Batch, files: Collection[int]) -> Iterator[FeedWarning]:
    """Warns of money with more decimals than its currency has; takes a statement if there is any.

    Args:
        batch: The deliveries.
        files: The deliveries in which such money was found.
    """
    rows = batch.amounts(file_ids=files) if files else None
    if rows is None:
        return
    fine: dict[tuple[str, str], list[FineMoney]] = defaultdict(list)
    by_file = fetched("find amounts with many decimals", _by_file(rows))
    for row in by_file.sort_by("_file_id").to_pylist():
        feed, path = row.pop("feed"), batch.paths[row.pop("_file_id")]
        fine[feed, row["currency"]].append(FineMoney(path=path, **row))
    for (feed, _), of_currency in sorted(fine.items()):
        group = batch.group_of(feed)
        money = "an amount" if group.money_column == "amount" else "a unit_price"
        yield FeedWarning(feed, _sentence(of_currency, money, group.feed.csv))


def _by_file(rows: DataFrame) -> DataFrame:
    """Returns the rows that are finer than their currency, by file, in `FineMoney`'s columns."""
    currency, money = F.col("currency"), F.col("money")
    is_fine = currency.isin(_codes(0)) & F.col("is_grouped")
    for decimals in _decimals():
        is_finer = money != F.round(money, decimals)
        is_fine = is_fine | (currency.isin(_codes(decimals)) & is_finer)
    return (
        rows.where(is_fine)
        .groupBy("feed", "_file_id", "currency")
        .agg(
            F.count(F.lit(1)).alias("records"),
            F.count(F.when(F.col("is_grouped"), 1)).alias("grouped"),
            F.min_by("money_text", "_row").alias("text"),
            F.min("_row").alias("row"),
        )
    )


def fine_prices(
    entries: Iterable[Entry], dialect: Dialect, paths: Mapping[int, str]
) -> Iterator[FeedWarning]:
    """Warns of list prices with more decimals than their currency has."""
    pattern = re.compile(looks_grouped(dialect.decimal))
    fine: dict[str, list[FineMoney]] = defaultdict(list)
    for price in (entry.price for entry in entries if entry.price is not None):
        is_grouped = pattern.fullmatch(price.text) is not None
        decimals = MINOR_UNITS[price.currency]
        if price.price != round(price.price, decimals) or (is_grouped and not decimals):
            path, text = paths[price.file_id], price.text
            money = FineMoney(price.currency, 1, int(is_grouped), text, price.row, path)
            fine[price.currency].append(money)
    for _, of_currency in sorted(fine.items()):
        yield FeedWarning(CATALOGUE, _sentence(of_currency, "a list price", dialect))


def _sentence(fine_money: Sequence[FineMoney], money: str, dialect: Dialect) -> str:
    """Returns the sentence about one currency; it names the file with the most such records."""
    worst = max(fine_money, key=lambda of_file: of_file.records)
    currency, records = worst.currency, sum(of_file.records for of_file in fine_money)
    own = MINOR_UNITS[currency]
    more_files = and_more_files(len({of_file.path for of_file in fine_money}) - 1)
    sentence = (
        f"{counted(records, 'record')} {'has' if records == 1 else 'have'} {money} with more "
        f"decimals than {currency} has ({counted(own, 'decimal') if own else 'none'}), such as "
        f"{worst.text!r} in record {worst.row:,} of {worst.path}{more_files}"
    )
    thousands = _as_thousands(worst.text, dialect)
    if own or thousands is None or records > 2 * sum(of_file.grouped for of_file in fine_money):
        return sentence
    option = f'csv: {{thousands: "{dialect.decimal}", decimal: "{_other(dialect.decimal)}"}}'
    return (
        f"{sentence}; the mark in it is most likely one between thousands: {option} reads "
        f"{thousands:f}"
    )


def _as_thousands(text: str, dialect: Dialect) -> Decimal | None:
    """Returns the number in a text if its decimal mark is one between thousands."""
    marks = {"thousands": dialect.decimal, "decimal": _other(dialect.decimal)}
    number = decimal_of(text, dialect.model_copy(update=marks), scale=_MOST)
    return number and number.quantize(Decimal(1))


def _other(mark: str) -> str:
    return "," if mark == "." else "."


def _decimals() -> list[int]:
    """Returns the numbers of decimals that currencies have and a money column may exceed."""
    return sorted({decimals for decimals in MINOR_UNITS.values() if decimals < _MOST})


def _codes(decimals: int) -> list[str]:
    return sorted(code for code, own in MINOR_UNITS.items() if own == decimals)
