"""Prices the sales of some months, and finds months of gold that take other rates now (P8).

Every run checks whether gold is still right, so the check starts no Spark session.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.exact import EXACT, exact_sum
from sales_pipeline.gold.answer_rows import BY_MONTH
from sales_pipeline.gold.rate_book import Grain, HeldRate, RateBook, rate_book
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.lakehouse import Lakehouse

Row = dict[str, Any]
_WIDE = pa.decimal256(40, 4)
_MOST_REVENUE = Decimal(10) ** 20
"""Less than this fits into a revenue of gold, DECIMAL(38,18)."""


@dataclass
class Pricing:
    """The rates that the sales of some months take.

    Attributes:
        months: The months that can be made, in order.
        held: The currencies and days that hold the other months back.
        provisional: The months among them whose rates may still change by themselves.
        keys: The columns of a sale that determine its rate.
        rates: A rate for each of their values that the months have.
        taken: The rows of `gold.rates_taken`.
    """

    months: list[date]
    held: list[HeldRate]
    provisional: list[date]
    keys: tuple[str, ...]
    rates: pa.Table
    taken: list[Row]


_TIME_OF = {Grain.ALWAYS: (), Grain.MONTH: ("month",), Grain.DAY: ("sold_on",)}


def price(book: RateBook, days: pa.Table, months: Sequence[date]) -> Pricing:
    """Finds the rates of all sales of some months.

    Args:
        book: The rates that are known.
        days: The days of these sales: `month`, `currency`, `sold_on`, `amount` and
            `amount_returned`.
        months: The months, in order.
    """
    rows = [
        row | {"taken": book.rate_on(row["currency"], row["sold_on"])} for row in _amounts(days)
    ]
    held = _held(row for row in rows if row["taken"] is None)
    held += _too_large(_of_other_months(rows, held))
    rows = _of_other_months(rows, held)
    waiting = {held_rate.month for held_rate in held}
    keys = ("currency", *_TIME_OF[book.grain])
    rates = {tuple(row[key] for key in keys): row["taken"].rate for row in rows}
    taken = {
        (row["month"], row["currency"], day): row["taken"].rate
        for row in rows
        for day in [row["sold_on"] if book.is_by_day(row["currency"]) else None]
    }
    names = ("month", "currency", "sold_on", "rate")
    return Pricing(
        months=[month for month in months if month not in waiting],
        held=held,
        provisional=sorted({row["month"] for row in rows if row["taken"].is_provisional}),
        keys=keys,
        rates=_rates_table(keys, rates),
        taken=[dict(zip(names, (*key, rate), strict=True)) for key, rate in taken.items()],
    )


def _amounts(days: pa.Table) -> list[Row]:
    """The days of each currency, in order: the amount sold on each, and the size of its parts."""
    by = ["month", "currency", "sold_on"]
    amount, returned = (days[name].cast(_WIDE) for name in ("amount", "amount_returned"))
    size = pc.add(pc.abs(pc.subtract(amount, returned)), pc.abs(returned))
    sums = days.append_column("size", size).group_by(by)
    rows = sums.aggregate([("amount", "sum"), ("size", "sum")]).to_pylist()
    return sorted(rows, key=lambda row: tuple(row[name] for name in by))


def _of_other_months(rows: Iterable[Row], held: Iterable[HeldRate]) -> list[Row]:
    months = {held_rate.month for held_rate in held}
    return [row for row in rows if row["month"] not in months]


def _too_large(rows: Sequence[Row]) -> list[HeldRate]:
    """The months whose revenue gold could not hold, with the currency of most of it."""
    held = []
    for _, of_month in groupby(rows, key=lambda row: row["month"]):
        own = list(of_month)
        worth: dict[str, Decimal] = {}
        for row in own:
            currency = row["currency"]
            revenue = EXACT.multiply(row["size_sum"], row["taken"].rate)
            worth[currency] = EXACT.add(worth.get(currency, Decimal(0)), revenue)
        if exact_sum(worth.values()) >= _MOST_REVENUE:
            largest = max(worth, key=lambda currency: (worth[currency], currency))
            held += _held(row for row in own if row["currency"] == largest)
    return [replace(held_rate, is_too_large=True) for held_rate in held]


def _rates_table(keys: Sequence[str], rates: Mapping[tuple[Any, ...], Decimal]) -> pa.Table:
    types = {"currency": pa.string(), "rate": pa.decimal128(19, 14)}
    schema = pa.schema([(name, types.get(name, pa.date32())) for name in (*keys, "rate")])
    rows = [dict(zip(schema.names, (*at, rate), strict=True)) for at, rate in rates.items()]
    return pa.Table.from_pylist(rows, schema=schema)


def _held(days: Iterable[Row]) -> list[HeldRate]:
    held = []
    for (month, currency), rows in groupby(days, key=lambda row: (row["month"], row["currency"])):
        own = list(rows)
        amount = sum((row["amount_sum"] for row in own), Decimal(0))
        first, last = own[0]["sold_on"], own[-1]["sold_on"]
        held.append(HeldRate(month, currency, first, last, len(own), amount))
    return held


_TAKEN = "gold.rates_taken"


def months_in_gold(lakehouse: Lakehouse) -> set[date]:
    """The months that gold holds."""
    rows = lakehouse.rows(BY_MONTH, columns=["year", "month"])
    return {date(row["year"], row["month"], 1) for row in rows}


def mispriced_months(lakehouse: Lakehouse, book: RateBook | None = None) -> set[date]:
    """The months of gold whose sales would take other rates now, or no rate any more (P8).

    Args:
        lakehouse: The tables.
        book: The rates, if they differ from the rates in the lakehouse.
    """
    if not lakehouse.engine.exists(_TAKEN):
        return months_in_gold(lakehouse)
    table = lakehouse.engine.read(_TAKEN)
    taken = python_rows(table)
    book = book or rate_book(lakehouse, table["currency"])
    unexplained = months_in_gold(lakehouse) - {row["month"] for row in taken}
    return unexplained | {row["month"] for row in taken if not _is_right(book, row)}


def _is_right(book: RateBook, taken: dict[str, Any]) -> bool:
    currency, sold_on = taken["currency"], taken["sold_on"]
    current = book.rate_on(currency, sold_on or taken["month"])
    same_grain = book.is_by_day(currency) == (sold_on is not None)
    return same_grain and current is not None and current.rate == taken["rate"]
