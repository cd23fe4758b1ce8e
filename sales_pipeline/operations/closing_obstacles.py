"""Reasons not to close a month yet: a missing rate, a held delivery, money in quarantine.

The share in quarantine is

    waiting / (waiting + gross revenue of the month)

`waiting` is the sum of the amounts without their signs, in the base currency, of the quarantined
records of the month. A record without a readable day counts for every month of which its delivery
has sales. One without a readable amount, or in a currency without a rate, counts as an average sale
of the month, so that a file whose amounts cannot be read does not pass as a file of no money.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from sales_pipeline.errors import counted, examples
from sales_pipeline.gold.gold_set import GoldSet
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.declared_tables import DAILY_SALES
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among, in_months
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.tables import (
    BRONZE_SALES,
    CATALOGUE,
    NOT_SALES,
    QUARANTINED,
    RECORDS,
    SALE,
)
from sales_pipeline.silver.parsing.days import days_of

_FIGURES = {"money": "abs(amount)", "unread": "CASE WHEN amount IS NULL THEN 1 ELSE 0 END"}


@dataclass
class _Waiting:
    """Quarantined records of a month, and their money in the base currency."""

    records: int = 0
    money: Fraction = Fraction(0)


@dataclass(frozen=True)
class Obstacles:
    """Looks for reasons not to close some months.

    Attributes:
        lakehouse: The tables, as the last finished run left them.
        ledger: The deliveries.
        gold: What this run left in gold.
        months: The months, all of them with sales.
    """

    lakehouse: Lakehouse
    ledger: Ledger
    gold: GoldSet
    months: Collection[date]

    def of(self, month: date) -> list[str]:
        """Returns the reasons not to close a month, as sentences."""
        return [*self._missing_rates(month), *self._held(month), *self._quarantined(month)]

    @cached_property
    def months_on_hold(self) -> set[date]:
        """The months that gold keeps as they were, because a rate is missing."""
        return {month for delivery in self.ledger for month in delivery.months}

    def _missing_rates(self, month: date) -> Iterator[str]:
        if month in self.months_on_hold:
            yield (
                f"{month:%Y-%m}: on hold, because a rate is missing. "
                f"Do: deliver the rates that sales-pipeline rates show names, and run"
            )

    def _held(self, month: date) -> Iterator[str]:
        held = {path: days for path, days in self._days_held.items() if days is not None}
        known = sorted(
            path for path, days in held.items() if any(day.replace(day=1) == month for day in days)
        )
        if known:
            yield (
                f"{month:%Y-%m}: {counted(len(known), 'file')} with sales of it held, "
                f"got {examples(known)}. Do: sales-pipeline accept or withdraw FILE"
            )
        unknown = sorted(path for path, days in self._days_held.items() if days is None)
        if unknown:
            yield (
                f"{month:%Y-%m}: {counted(len(unknown), 'file')} held that may be about it, "
                f"got {examples(unknown)}. Do: sales-pipeline accept, release or withdraw FILE"
            )

    @cached_property
    def _days_held(self) -> dict[str, set[date] | None]:
        """Path of each held file -> its days; None where they cannot be known.

        The days are read from its records in bronze; a text that two formats read names two days.
        """
        held = [
            delivery for delivery in self.ledger.in_state(State.HELD) if delivery.feed != CATALOGUE
        ]
        sales = {delivery.file_id: delivery for delivery in held if self._has_day_column(delivery)}
        days: dict[str, set[date] | None] = {delivery.path: None for delivery in held}
        if not sales:
            return days
        texts = self.lakehouse.totals(
            BRONZE_SALES, by=["_file_id", "sold_on"], of="_row", where=among("_file_id", sales)
        )
        days_of_file: dict[int, set[date] | None] = {file_id: set() for file_id in sales}
        for row in python_rows(texts):
            delivery, text = sales[row["_file_id"]], row["sold_on"]
            formats = self.lakehouse.declaration.feeds[delivery.feed].date_formats
            named = days_of(text, formats) if text is not None else []
            known = days_of_file[delivery.file_id]
            days_of_file[delivery.file_id] = (
                None if known is None or not named else known | {*named}
            )
        for file_id, delivery in sales.items():
            days[delivery.path] = days_of_file[file_id]
        return days

    def _has_day_column(self, delivery: Delivery) -> bool:
        feed = self.lakehouse.declaration.feeds.get(delivery.feed)
        is_read = feed is not None and "sold_on" in feed.columns
        return is_read and delivery.feed not in NOT_SALES

    def _quarantined(self, month: date) -> Iterator[str]:
        waiting, (gross, _) = self._waiting[month], self._sold[month]
        whole = waiting.money + max(gross, Fraction(0))
        limit = self.lakehouse.declaration.closing.quarantined
        share = waiting.money / whole if whole else Fraction(0)
        if share > Fraction(limit):
            yield (
                f"{month:%Y-%m}: {_percent(share)} of its money waits in quarantine, in "
                f"{counted(waiting.records, 'record')}, and closing.quarantined allows "
                f"{_percent(Fraction(limit))}. Do: sales-pipeline quarantine list, then mend them"
            )

    @cached_property
    def _sold(self) -> dict[date, tuple[Fraction, int]]:
        """Month -> its gross revenue, and its number of sales."""
        sold = {month: (Fraction(0), 0) for month in self.months}
        for row in python_rows(self.gold.read(DAILY_SALES.name, where=in_months(self.months))):
            gross, sales = sold[row["month"]]
            own = Fraction(row["revenue"]) - Fraction(row["revenue_returned"])
            sold[row["month"]] = (gross + own, sales + row["sales"])
        return sold

    @cached_property
    def _waiting(self) -> dict[date, _Waiting]:
        """Month -> its records in quarantine, and their money."""
        waiting = {month: _Waiting() for month in self.months}
        status = f"status = '{QUARANTINED}'"
        rows = python_rows(
            self.lakehouse.totals(
                RECORDS,
                by=["month", "_file_id", "currency"],
                of=_FIGURES,
                where=f"{status} AND ({in_months(self.months)} OR month IS NULL)",
            )
        )
        if any(row["month"] is None for row in rows):
            months_of = self._months_of_deliveries()
        for row in rows:
            of_row = {row["month"]} if row["month"] else months_of.get(row["_file_id"], set())
            for month in of_row:
                own = waiting[month]
                own.records += row["records"]
                own.money += self._money(month, row)
        return waiting

    def _months_of_deliveries(self) -> dict[int, set[date]]:
        """Delivery -> the months of which it has sales."""
        where = f"status = '{SALE}' AND {in_months(self.months)}"
        sold = self.lakehouse.totals(RECORDS, by=["_file_id", "month"], of="amount", where=where)
        months_of: dict[int, set[date]] = {}
        for row in python_rows(sold):
            months_of.setdefault(row["_file_id"], set()).add(row["month"])
        return months_of

    def _money(self, month: date, row: dict[str, Any]) -> Fraction:
        """The money of some records of a month, in the base currency."""
        rate = self._rates.get((row["currency"], month))
        if rate is None:
            unread, money = row["records"], Fraction(0)
        else:
            unread, money = row["unread"], Fraction(row["money"] or 0) * Fraction(rate)
        gross, sales = self._sold[month]
        return money + (unread * gross / sales if sales else Fraction(0))

    @cached_property
    def _rates(self) -> dict[tuple[str | None, date], Decimal]:
        """Currency and month -> the rate that gold took, on the last day if it goes by the day."""
        taken = self.gold.rates_taken()
        rates: dict[tuple[str | None, date], Decimal] = {}
        for (currency, day), rate in sorted(taken.by_day.items()):
            rates[currency, day.replace(day=1)] = rate
        return rates | {**taken.by_month}


def _percent(share: Fraction) -> str:
    tenths = int(share * 1000 + Fraction(1, 2))
    return f"{tenths // 10}.{tenths % 10} %"
