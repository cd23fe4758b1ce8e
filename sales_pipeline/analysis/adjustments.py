"""Why the revenue of a month differs between two runs, as adjustments that add up exactly.

For each delivery, store, currency and day, `amount` is what the records in force come to, and
`rate` what gold took for it. From the earlier run to the later one, the revenue of a month changes
by the sum of

    (amount now - amount before) x rate now  +  amount before x (rate now - rate before)

The second term is the adjustment by rates. The first one is divided by delivery: all of it for a
delivery that came or left, by the reason for that. A delivery that stays changes because

1. records of it lost their key to a delivery that came, or got it back from one that left: that
   is part of what this other delivery did;
2. the rest is the declaration if that validates its feed otherwise now, else released records if
   their number changed, else prices of the catalogue.

A month on hold keeps its figures in gold. What its records come to without them is an adjustment
of its own, so that all add up to the change of gold. Source: docs/figures.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from sales_pipeline.analysis.deliveries_between import DeliveriesBetween, Reason
from sales_pipeline.analysis.records_of_run import (
    AMOUNT_DECIMALS,
    RATE_DECIMALS,
    REVENUE_DECIMALS,
    RecordsLeft,
)
from sales_pipeline.exact import digits_of
from sales_pipeline.lakehouse.tables import SALE


@dataclass(frozen=True, order=True)
class Adjustment:
    """A part of the change of a month's revenue.

    Attributes:
        month: The month.
        reason: Why it changed.
        source: The path of the file that did it, or the currency of the rates; empty for a month
            on hold.
        part: The part, in the base currency, unrounded.
    """

    month: date
    reason: Reason
    source: str
    part: Fraction


class _Place(NamedTuple):
    """The store, currency and day under which records count."""

    store: str
    currency: str
    day: date

    @property
    def month(self) -> date:
        return self.day.replace(day=1)


class _Sum(NamedTuple):
    """A number of records and their amount in its smallest units."""

    records: int = 0
    amount: int = 0

    def plus(self, other: _Sum) -> _Sum:
        return _Sum(self.records + other.records, self.amount + other.amount)

    def less(self, other: _Sum) -> _Sum:
        return _Sum(self.records - other.records, self.amount - other.amount)


_NOTHING = _Sum()
_Lost = Mapping[tuple[int, _Place, int], _Sum]
"""Delivery, place, and the delivery whose record counts instead -> what lost its key to it."""


def adjustments(
    before: RecordsLeft,
    now: RecordsLeft,
    *,
    change: Mapping[date, Fraction],
    store: str | None = None,
) -> list[Adjustment]:
    """Returns why the revenue of some months differs between two runs.

    Args:
        before: What the earlier run left, or what is kept of closed months.
        now: What the later run left.
        change: Month -> by how much its revenue in gold changed, unrounded.
        store: Only the sales of this store.

    Raises:
        UsageError: What a run left is not kept any more.
    """
    if not change:
        return []
    return _Comparison(before, now, change, store).adjustments()


@dataclass(frozen=True)
class _Comparison:
    before: RecordsLeft
    now: RecordsLeft
    change: Mapping[date, Fraction]
    store: str | None

    def adjustments(self) -> list[Adjustment]:
        parts: dict[tuple[date, Reason, str], int] = {}
        for month, reason, source, part in (*self._of_deliveries(), *self._of_rates()):
            parts[month, reason, source] = parts.get((month, reason, source), 0) + part
        scale = 10**REVENUE_DECIMALS
        rows = [Adjustment(*key, Fraction(part, scale)) for key, part in parts.items() if part]
        return sorted([*rows, *self._of_months_on_hold(rows)])

    def _of_deliveries(self) -> Iterator[tuple[date, Reason, str, int]]:
        """The adjustments that deliveries made, in the smallest units of revenue."""
        was, is_ = self._sums[0][0], self._sums[1][0]
        for file_id, place in {*was, *is_}:
            key = file_id, place
            remainder = is_.get(key, _NOTHING).less(was.get(key, _NOTHING))
            rate, path = self._rates(place)[1], self._path(file_id)
            if file_id in self._deliveries.came_or_left:
                yield place.month, self._reason(file_id, place), path, remainder.amount * rate
                continue
            for winner, lost in self._lost_more.get(key, {}).items():
                remainder = remainder.plus(lost)
                part = -lost.amount * rate
                yield place.month, self._reason(winner, place), self._path(winner), part
            yield place.month, self._rest(file_id, remainder), path, remainder.amount * rate

    def _of_rates(self) -> Iterator[tuple[date, Reason, str, int]]:
        for (_, place), counted in self._sums[0][0].items():
            before, now = self._rates(place)
            yield place.month, Reason.RATES, place.currency, counted.amount * (now - before)

    def _of_months_on_hold(self, rows: Collection[Adjustment]) -> Iterator[Adjustment]:
        """Yields the part of each change that gold does not show yet, or did not show before.

        Raises:
            ValueError: The adjustments of another month do not add up to its change.
        """
        explained = dict.fromkeys(self.change, Fraction(0))
        for row in rows:
            explained[row.month] += row.part
        for month, change in self.change.items():
            if (difference := change - explained[month]) == 0:
                continue
            if month not in self.before.months_on_hold | self.now.months_on_hold:
                raise ValueError(f"{month}: adjustments are {difference} away from the change")
            yield Adjustment(month, Reason.ON_HOLD, "", difference)

    @cached_property
    def _sums(self) -> tuple[tuple[dict[tuple[int, _Place], _Sum], _Lost], ...]:
        """For both runs: sums of records that count, and that lost their key, in changed months."""
        return self._sums_of(self.before), self._sums_of(self.now)

    def _sums_of(self, records: RecordsLeft) -> tuple[dict[tuple[int, _Place], _Sum], _Lost]:
        counted: dict[tuple[int, _Place], _Sum] = {}
        lost: dict[tuple[int, _Place, int], _Sum] = {}
        for row in records.sums(self.change):
            if self.store in (None, row.store):
                place = _Place(row.store, row.currency, row.day)
                sum_ = _Sum(row.records, digits_of(row.amount or Decimal(0), AMOUNT_DECIMALS))
                if row.status == SALE:
                    counted[row.file_id, place] = sum_
                elif row.winner is not None:
                    key = row.file_id, place, row.winner
                    lost[key] = lost.get(key, _NOTHING).plus(sum_)
        return counted, lost

    @cached_property
    def _lost_more(self) -> dict[tuple[int, _Place], dict[int, _Sum]]:
        """Delivery and place -> delivery that came or left -> records newly lost to it.

        Records that had lost their key already, and now lose it to one that came, did not count
        before. Records that had lost it to one that left, and lose it to others now, do not count
        now. Both are taken off, from the latest of several such deliveries.
        """
        was, is_ = self._sums[0][1], self._sums[1][1]
        lost_more: dict[tuple[int, _Place], dict[int, _Sum]] = {}
        to_others: dict[tuple[int, _Place], _Sum] = {}
        for file_id, place, winner in {*was, *is_}:
            lost = file_id, place, winner
            more = is_.get(lost, _NOTHING).less(was.get(lost, _NOTHING))
            if winner in self._deliveries.came_or_left:
                lost_more.setdefault((file_id, place), {})[winner] = more
            else:
                known = to_others.get((file_id, place), _NOTHING)
                to_others[file_id, place] = known.plus(more)
        for key, lost_to in lost_more.items():
            more_to_others = to_others.get(key, _NOTHING)
            records = sum(more.records for more in lost_to.values())
            if more_to_others.records * records < 0 and abs(more_to_others.records) <= abs(records):
                lost_to[max(lost_to)] = lost_to[max(lost_to)].plus(more_to_others)
        return lost_more

    def _rates(self, place: _Place) -> tuple[int, int]:
        """The rates of both runs; if one run took no rate, both have the rate of the other."""
        was = self.before.rates.rate(place.currency, place.day)
        now = self.now.rates.rate(place.currency, place.day)
        rates = (now if was is None else was, was if now is None else now)
        before, later = (digits_of(rate or Decimal(0), RATE_DECIMALS) for rate in rates)
        return before, later

    def _path(self, file_id: int) -> str:
        return (self.now if file_id in self.now.deliveries else self.before).path(file_id)

    def _rest(self, file_id: int, remainder: _Sum) -> Reason:
        """Why a delivery that stays counts otherwise, apart from keys that others took."""
        if self._deliveries.is_declared_otherwise(file_id):
            return Reason.DECLARATION
        return Reason.RELEASED if remainder.records else Reason.CATALOGUE

    def _reason(self, file_id: int, place: _Place) -> Reason:
        """Why a delivery came or left; a new one is late if its store had sold since."""
        reason = self._deliveries.reason(file_id)
        if reason is Reason.NEW_FILES and self.before.is_late(place.store, place.day):
            return Reason.LATE_FILES
        return reason

    @cached_property
    def _deliveries(self) -> DeliveriesBetween:
        return DeliveriesBetween(self.before, self.now)
