"""Prices the sales of some months, and says which months of gold take other rates now (P8).

Whether gold is still right is asked in every run, so nothing of that starts a Spark session.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sales_pipeline.config.model import Declaration
from sales_pipeline.gold.rate_book import Grain, HeldRate, RateBook, rate_book
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.lakehouse import Lakehouse

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Row = dict[str, Any]


@dataclass
class Pricing:
    """The rates that the sales of some months take.

    Attributes:
        months: The months that can be made, in order.
        held: What holds the other months back.
        provisional: Those of the months whose rates may still change by themselves.
        keys: The columns of a sale that tell its rate.
        rates: A rate for each of their values that the months have.
        taken: The rows of `gold.rates_taken`; None where only the sales tell which.
    """

    months: list[date]
    held: list[HeldRate] = field(default_factory=list)
    provisional: list[date] = field(default_factory=list)
    keys: tuple[str, ...] = ("currency",)
    rates: list[Row] = field(default_factory=list)
    taken: list[Row] | None = None

    def frame(self, lakehouse: Lakehouse) -> DataFrame:
        """`rates` as a small DataFrame."""
        types = {"currency": pa.string(), "rate": pa.decimal128(19, 14)}
        schema = pa.schema([(name, types.get(name, pa.date32())) for name in (*self.keys, "rate")])
        return lakehouse.frame(pa.Table.from_pylist(self.rates, schema=schema))


def price(lakehouse: Lakehouse, months: Sequence[date], condition: str) -> Pricing:
    """Finds the rates of all sales of some months.

    Args:
        lakehouse: The tables; `silver.exchange_rates` and `silver.sales` are read.
        months: The months, in order.
        condition: The SQL condition of the sales of these months.
    """
    book = rate_book(lakehouse)
    if book.grain is Grain.ALWAYS:
        return _always(lakehouse, book, months, condition)
    return _by_time(book, _days(lakehouse, condition), months)


def _days(lakehouse: Lakehouse, condition: str) -> list[Row]:
    """The days of each currency, and the amount sold on each."""
    by = ["month", "currency", "sold_on"]
    rows: list[Row] = lakehouse.totals(
        "silver.sales", by=by, of="amount", where=condition
    ).to_pylist()
    return sorted(rows, key=lambda row: (row["month"], row["currency"], row["sold_on"]))


def _always(
    lakehouse: Lakehouse, book: RateBook, months: Sequence[date], condition: str
) -> Pricing:
    known = sorted({book.base_currency, *book.known})
    listed = ", ".join(f"'{currency}'" for currency in known)
    held = _held(_days(lakehouse, f"({condition}) AND currency NOT IN ({listed})"))
    rates = [{"currency": each, "rate": _rate(book, each, date.max)} for each in known]
    return Pricing(_rest(months, held), held, rates=rates)


def _by_time(book: RateBook, days: list[Row], months: Sequence[date]) -> Pricing:
    held = _held(row for row in days if book.rate_on(row["currency"], row["sold_on"]) is None)
    pricing = Pricing(_rest(months, held), held)
    made = set(pricing.months)
    days = [row for row in days if row["month"] in made]
    time = "sold_on" if book.grain is Grain.DAY else "month"
    pricing.keys = ("currency", time)
    needed = sorted({(row["currency"], row[time]) for row in days})
    pricing.rates = [
        {"currency": currency, time: day, "rate": _rate(book, currency, day)}
        for currency, day in needed
    ]
    pricing.provisional = sorted(
        {row["month"] for row in days if _is_provisional(book, row["currency"], row["sold_on"])}
    )
    taken = {(row["month"], row["currency"], _taken_on(book, row)) for row in days}
    pricing.taken = [_taken(book, *each) for each in taken]
    return pricing


def _held(days: Iterable[Row]) -> list[HeldRate]:
    found = []
    for (month, currency), rows in groupby(days, key=lambda row: (row["month"], row["currency"])):
        own = list(rows)
        amount = sum((row["amount"] or Decimal(0) for row in own), Decimal(0))
        first, last = own[0]["sold_on"], own[-1]["sold_on"]
        found.append(HeldRate(month, currency, first, last, len(own), amount))
    return found


def _rest(months: Iterable[date], held: Iterable[HeldRate]) -> list[date]:
    waiting = {each.month for each in held}
    return [month for month in months if month not in waiting]


def _rate(book: RateBook, currency: str, day: date) -> Decimal:
    taken = book.rate_on(currency, day)
    if taken is None:
        raise LookupError(f"rates: none for {currency} on {day}, although the month was priced")
    return taken.rate


def _is_provisional(book: RateBook, currency: str, day: date) -> bool:
    taken = book.rate_on(currency, day)
    return taken is not None and taken.is_provisional


def _taken_on(book: RateBook, row: Row) -> date | None:
    return row["sold_on"] if book.is_by_day(row["currency"]) else None


def _taken(book: RateBook, month: date, currency: str, sold_on: date | None) -> Row:
    rate = _rate(book, currency, sold_on or month)
    return {"month": month, "currency": currency, "sold_on": sold_on, "rate": rate}


def taken_in_cube(lakehouse: Lakehouse, condition: str) -> list[Row]:
    """The rows of `gold.rates_taken` for a cube in which each currency has one rate.

    Args:
        lakehouse: The tables; `gold.sales_cube` is read.
        condition: The SQL condition of the months of the cube.
    """
    book = rate_book(lakehouse)
    by = ["month", "currency"]
    pairs = lakehouse.totals("gold.sales_cube", by=by, of="sales", where=condition).to_pylist()
    return [_taken(book, pair["month"], pair["currency"], None) for pair in pairs]


MONTHS = "gold.revenue_per_month"
_TAKEN = "gold.rates_taken"


def stores_changed(lakehouse: Lakehouse) -> bool:
    """Says whether a store is shown otherwise than it is declared now."""
    columns = ["store", "shop", "city", "country"]
    shown = lakehouse.rows("gold.revenue_per_month_and_shop", columns=columns)
    declared = {row["store"]: row for row in store_rows(lakehouse.declaration)}
    return any(declared.get(row["store"], row) != row for row in shown)


def store_rows(declaration: Declaration) -> list[dict[str, str]]:
    """Returns `store, shop, city, country` of every store, as gold shows them."""
    return [
        {"store": each.id, "shop": each.name, "city": each.city, "country": each.country}
        for each in declaration.stores.values()
    ]


def months_in_gold(lakehouse: Lakehouse) -> set[date]:
    """The months that gold holds."""
    rows = lakehouse.rows(MONTHS, columns=["year", "month"])
    return {date(row["year"], row["month"], 1) for row in rows}


def mispriced_months(lakehouse: Lakehouse, book: RateBook | None = None) -> set[date]:
    """The months of gold whose sales would take other rates now, or none any more (P8).

    Args:
        lakehouse: The tables.
        book: The rates, where they are others than those that the lakehouse knows.
    """
    if not lakehouse.engine.exists(_TAKEN):
        return months_in_gold(lakehouse)
    read = lakehouse.engine.read(_TAKEN)
    taken = python_rows(read)
    book = book or rate_book(lakehouse, read["currency"])
    unexplained = months_in_gold(lakehouse) - {row["month"] for row in taken}
    return unexplained | {row["month"] for row in taken if not _is_right(book, row)}


def _is_right(book: RateBook, taken: dict[str, Any]) -> bool:
    currency, sold_on = taken["currency"], taken["sold_on"]
    now = book.rate_on(currency, sold_on or taken["month"])
    same_grain = book.is_by_day(currency) == (sold_on is not None)
    return same_grain and now is not None and now.rate == taken["rate"]
