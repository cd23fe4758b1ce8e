"""The records behind a figure of gold: summed by file, and one by one; and what was left out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa

from sales_pipeline.analysis.measures import row_values
from sales_pipeline.analysis.periods import DAY, Period, months_later
from sales_pipeline.analysis.records_of_run import RecordsOfRun
from sales_pipeline.exact import EXACT
from sales_pipeline.lakehouse.lakehouse import among
from sales_pipeline.lakehouse.tables import DISPLACED, DUPLICATE, EXCLUDED, RECORDS, SALE
from sales_pipeline.silver.validation.reasons import sentence_of

_RECORD = (
    "_file_id", "_row", "store", "sold_on", "product", "quantity", "amount", "currency",
)  # fmt: skip
_FIGURES = {"units": "quantity", "amount": "amount"}


class Counted(NamedTuple):
    """The records of one delivery, currency and day that a figure counts.

    Attributes:
        file_id: The delivery.
        currency: The currency of the amount.
        day: The day of the sales.
        records: Their number.
        units: Their units, net of returns.
        amount: Their amount, net of returns.
        rate: The rate that gold took, or None if the month is on hold.
    """

    file_id: int
    currency: str
    day: date
    records: int
    units: Decimal
    amount: Decimal
    rate: Decimal | None

    @property
    def revenue(self) -> Decimal | None:
        """Their revenue, unrounded, or None without a rate."""
        return None if self.rate is None else EXACT.multiply(self.amount, self.rate)


class LeftOut(NamedTuple):
    """Records of one file that a figure does not count, for one reason.

    Attributes:
        file: The file, by its path below the landing folder.
        file_id: Its delivery.
        feed: Its feed.
        status: `duplicate`, `displaced`, `excluded` or `quarantined`.
        reasons: The codes of the reasons of quarantined records.
        meaning: What they mean.
        day_is_known: Whether they are of the period for sure.
        product_is_known: Whether they are of the product for sure.
        records: Their number.
        amount: Their amount, where it is readable.
        currency: The currency of the amount.
    """

    file: str
    file_id: int
    feed: str
    status: str
    reasons: tuple[str, ...]
    meaning: str
    day_is_known: bool
    product_is_known: bool
    records: int
    amount: Decimal | None
    currency: str | None


_MEANINGS = {
    DUPLICATE: "The same sale counts already, from this file or another one.",
    DISPLACED: "A later record has the same key and counts instead.",
    EXCLUDED: "The feed declares a condition that leaves it out.",
}


@dataclass(frozen=True)
class FigureRecords:
    """The records behind one figure.

    Attributes:
        records: What the run left.
        period: The days of the figure.
        store: The only store that it counts, or None for all.
        product: The only product that it counts, as it is shown, or None for all.
    """

    records: RecordsOfRun
    period: Period
    store: str | None = None
    product: str | None = None

    def counted(self) -> list[Counted]:
        """Returns what the figure counts, by delivery, currency and day, in this order."""
        by = ["_file_id", "currency", "sold_on", *self._places]
        sold = self.records.totals(by, self._sales(self.period), of=_FIGURES)
        sums_of: dict[tuple[int, str, date], tuple[int, Decimal, Decimal]] = {}
        for file_id, currency, day, records, units, amount, *place in row_values(
            sold, *by[:3], "records", *_FIGURES, *self._places
        ):
            if self._is_meant(*place):
                key = (file_id, currency, day)
                known = sums_of.get(key, (0, Decimal(0), Decimal(0)))
                sums_of[key] = (known[0] + records, known[1] + units, known[2] + amount)
        rates = self.records.rates
        return [
            Counted(file_id, currency, day, *sums, rates.rate(currency, day))
            for (file_id, currency, day), sums in sorted(sums_of.items())
        ]

    def left_out(self, counted: list[Counted]) -> list[LeftOut]:
        """Returns the records that a figure leaves out, in the order of the files.

        They are the records of the period that do not count, and records of the same files
        without a readable day.
        """
        in_period = self._left_out(self._days(self.period))
        files = {part.file_id for part in counted} | {part.file_id for part in in_period}
        without_day = self._left_out(f"sold_on IS NULL AND {among('_file_id', files)}")
        return sorted([*in_period, *without_day], key=_in_order)

    def rows(self) -> Iterator[pa.Table]:
        """Yields the records that the figure counts, month by month, in the order of the files.

        The columns are `_file_id, _row, store, sold_on, product, quantity, amount, currency`.
        """
        days = self.records.totals(["sold_on"], self._sales(self.period))["sold_on"].to_pylist()
        # A period may be far longer than its sales: a month without any is not looked for.
        for month in sorted({day.replace(day=1) for day in days}):
            first = max(month, self.period.first)
            last = min(months_later(month, 1) - DAY, self.period.last)
            where = self._sales(Period(first, last, ""))
            sold = self.records.read(RECORDS, columns=_RECORD, where=where)
            if self.product is not None:
                places = row_values(sold, "store", "product")
                sold = sold.filter(
                    pa.array([self._is_meant(*place) for place in places], pa.bool_())
                )
            yield sold.sort_by([("_file_id", "ascending"), ("_row", "ascending")])

    def _left_out(self, days: str) -> list[LeftOut]:
        by = ("_file_id", "feed", "status", "reasons", "currency", "store", "sold_on", "product")
        where = f"status <> '{SALE}' AND {days} AND {self._of_store}"
        if self.product is not None:
            where += f" AND ({self._of_product} OR product IS NULL)"
        left_out: dict[tuple[Any, ...], LeftOut] = {}
        rows = row_values(self.records.totals(by, where), *by, "records", "amount")
        for file_id, feed, status, reasons, currency, store, day, product, count, amount in rows:
            if product is not None and not self._is_meant(store, product):
                continue
            has_product = self.product is None or product is not None
            codes = tuple(reasons or ())
            key = (file_id, feed, status, codes, day is not None, has_product, currency)
            known = left_out.get(key) or LeftOut(
                self.records.path(file_id), file_id, feed, status, codes,
                self._meaning(feed, status, codes), day is not None, has_product, 0, None, currency,
            )  # fmt: skip
            if currency and amount is not None:
                known = known._replace(amount=amount + (known.amount or 0))
            left_out[key] = known._replace(records=known.records + count)
        return list(left_out.values())

    def _meaning(self, feed: str, status: str, codes: Sequence[str]) -> str:
        declared = self.records.gold.declaration.feeds.get(feed)
        sentences = (sentence_of(code, declared) for code in codes)
        return _MEANINGS.get(status) or " ".join(filter(None, sentences))

    def _sales(self, period: Period) -> str:
        parts = [f"status = '{SALE}'", self._days(period), self._of_store]
        if self.product is not None:
            parts.append(self._of_product)
        return " AND ".join(parts)

    @staticmethod
    def _days(period: Period) -> str:
        return f"sold_on BETWEEN DATE'{period.first}' AND DATE'{period.last}'"

    @property
    def _of_store(self) -> str:
        return "true" if self.store is None else f"md5(store) = '{_digest(self.store)}'"

    @property
    def _of_product(self) -> str:
        """A condition for the product in all its spellings; `_is_meant` then looks closely."""
        digests = sorted({_digest(self.product or ""), *self._spellings_meant})
        return f"md5(product) IN ({', '.join(map(repr, digests))})"

    @property
    def _places(self) -> tuple[str, ...]:
        return () if self.product is None else ("store", "product")

    def _is_meant(self, *place: str) -> bool:
        """Says whether the product of a store, if one is given, is shown as the chosen one."""
        if self.product is None or not place:
            return True
        store, product = place
        return self.records.gold.spellings.get((store, product), product) == self.product

    @cached_property
    def _spellings_meant(self) -> set[str]:
        return {
            _digest(product)
            for (_, product), shown in self.records.gold.spellings.items()
            if shown == self.product
        }


def _in_order(part: LeftOut) -> tuple[int, str, tuple[str, ...], bool, str]:
    return part.file_id, part.status, part.reasons, part.day_is_known, part.currency or ""


def _digest(text: str) -> str:
    """Names are compared in SQL by their digests, so that no text of a file is part of it."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
