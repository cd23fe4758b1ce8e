"""Records, ledger and rates as a finished run left them, or as they were for a closed month."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import pyarrow as pa

from sales_pipeline.analysis.measures import row_values
from sales_pipeline.gold.gold_set import GoldSet
from sales_pipeline.gold.rate_book import RatesTaken
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.closings import Closing, read_left
from sales_pipeline.lakehouse.declared_tables import DAILY_SALES
from sales_pipeline.lakehouse.lakehouse import in_months
from sales_pipeline.lakehouse.ledger import IN_FORCE, Delivery, State, delivery_of
from sales_pipeline.lakehouse.ops_tables import CLOSED_DELIVERIES, CLOSED_RECORDS, DELIVERIES
from sales_pipeline.lakehouse.tables import DISPLACED, DUPLICATE, RECORDS, SALE

AMOUNT_DECIMALS, RATE_DECIMALS = 4, 14
REVENUE_DECIMALS = AMOUNT_DECIMALS + RATE_DECIMALS
"""Amounts and rates are counted in their smallest units, so that sums of whole numbers are exact
and fast; a product of both has so many decimals, as `gold.sales_cube` has."""


class RecordSum(NamedTuple):
    """Records of one delivery that count at one place and day, or lost their key to one delivery.

    Attributes:
        file_id: The delivery.
        store: The store.
        currency: The currency of the amount.
        day: The day of the sales.
        status: `sale`, `duplicate` or `displaced`.
        winner: The delivery whose records count instead; None for sales.
        records: Their number.
        amount: Their amount, or None if none is known.
    """

    file_id: int
    store: str
    currency: str
    day: date
    status: str
    winner: int | None
    records: int
    amount: Decimal | None


class RecordsLeft(Protocol):
    """Deliveries and records in force when a run finished, or when a month was closed."""

    @property
    def deliveries(self) -> Mapping[int, Delivery]:
        """The ledger, by file id."""

    @property
    def in_force(self) -> Set[int]:
        """The deliveries whose records count."""

    @property
    def months_on_hold(self) -> Set[date]:
        """The months that gold keeps as they were, because a rate is missing."""

    @property
    def rates(self) -> RatesTaken:
        """The rates that gold took."""

    def path(self, file_id: int) -> str:
        """The path of the file of a delivery, below the landing folder."""

    def sums(self, months: Collection[date]) -> Iterable[RecordSum]:
        """Adds up the records of some months that count, or lost their key."""

    def is_late(self, store: str, day: date) -> bool:
        """Says whether sales of a day that come after this moment are late."""


def in_force(deliveries: Mapping[int, Delivery]) -> set[int]:
    """Returns the deliveries whose records count; a correction on its way counts too."""
    counting = {file_id for file_id, delivery in deliveries.items() if delivery.state in IN_FORCE}
    return counting - {deliveries[file_id].supersedes for file_id in counting}


_SUM_BY = ("month", "_file_id", "store", "currency", "sold_on", "status", "winner_file_id")
_STATUSES = f"status IN ('{SALE}', '{DUPLICATE}', '{DISPLACED}')"


@dataclass(frozen=True)
class RecordsOfRun:
    """The records that a finished run left, read from the versions of the tables that it made.

    Attributes:
        gold: The gold tables of the run.
    """

    gold: GoldSet

    @cached_property
    def deliveries(self) -> dict[int, Delivery]:
        """The ledger, by file id."""
        rows = python_rows(self.read(DELIVERIES.name))
        return {delivery.file_id: delivery for delivery in map(delivery_of, rows)}

    @cached_property
    def in_force(self) -> set[int]:
        """The deliveries whose records count."""
        return in_force(self.deliveries)

    @cached_property
    def months_on_hold(self) -> set[date]:
        """The months that gold keeps as they were, because a rate is missing."""
        return {month for delivery in self.deliveries.values() for month in delivery.months}

    @cached_property
    def rates(self) -> RatesTaken:
        """The rates that gold took."""
        return self.gold.rates_taken()

    def path(self, file_id: int) -> str:
        """The path of the file of a delivery, below the landing folder."""
        return self.deliveries[file_id].path

    def sums(self, months: Collection[date]) -> Iterable[RecordSum]:
        """Adds up the records of some months that count, or lost their key.

        Months that were asked for before, together or alone, are not read again.

        Raises:
            UsageError: What the run left is not kept any more.
        """
        if new := {*months} - set(self._known):
            self._known.update({month: [] for month in new})
            rows = self.totals(_SUM_BY, f"{in_months(new)} AND {_STATUSES}")
            for month, *values in row_values(rows, *_SUM_BY, "records", "amount"):
                self._known[month].append(RecordSum(*values))
        return [row for month in sorted(months) for row in self._known[month]]

    @cached_property
    def _known(self) -> dict[date, list[RecordSum]]:
        """Cache of the sums that were added up already, by month."""
        return {}

    def is_late(self, store: str, day: date) -> bool:
        """Says whether sales of a day that come later are late: the store has sold since."""
        return day <= self._last_days.get(store, date.min)

    @cached_property
    def _last_days(self) -> dict[str, date]:
        """The last day with sales of each store, without days in the future."""
        daily = self.gold.read(DAILY_SALES.name)
        as_of = self.gold.run.finished_at.date()
        last: dict[str, date] = {}
        for store, day in row_values(daily, "store", "sold_on"):
            if day <= as_of:
                last[store] = max(day, last.get(store, day))
        return last

    def totals(
        self, by: Sequence[str], where: str, *, of: str | Mapping[str, str] = "amount"
    ) -> pa.Table:
        """Adds up records in groups; the engine does it, so that few rows come to this process.

        Args:
            by: Columns of `silver.records`.
            where: A SQL condition over its columns, made of literals only.
            of: A column of figures, or the name of each sum -> its SQL expression.

        Raises:
            UsageError: What the run left is not kept any more.
        """
        version = self.gold.run.version_left(RECORDS)
        with self.gold.run.asked_for():
            return self.gold.engine.totals(RECORDS, by=by, of=of, where=where, version=version)

    def read(
        self, table: str, *, columns: Sequence[str] | None = None, where: str | None = None
    ) -> pa.Table:
        """Returns rows of a table as the run left it.

        Raises:
            UsageError: What the run left is not kept any more.
        """
        version = self.gold.run.version_left(table)
        with self.gold.run.asked_for():
            return self.gold.engine.read(table, columns=columns, version=version, where=where)


_GONE = (State.SUPERSEDED, State.WITHDRAWN, State.WITHDRAWING, State.REJECTED, State.FAILED)
_KEPT = ("name", "path", "supersedes", "fingerprint", "mends", "rolled_back_by")


@dataclass(frozen=True)
class ClosedRecords:
    """The deliveries and records in force when a month was closed, as they were kept.

    `close` keeps sums of the records and the deliveries that matter (`operations/kept_records`).
    The other deliveries are as the ledger has them now: they counted, without a record of the
    month, under the declaration that the last delivery of their feed was validated by.

    Attributes:
        closing: The closing.
        rows: Its rows of `ops.closed_records`.
        kept: Its rows of `ops.closed_deliveries`.
        rates: The rates of its days.
        now: The ledger as it is now, by file id.
    """

    closing: Closing
    rows: list[dict[str, Any]]
    kept: list[dict[str, Any]]
    rates: RatesTaken
    now: Mapping[int, Delivery]

    @cached_property
    def deliveries(self) -> dict[int, Delivery]:
        """The ledger as it was, by file id."""
        kept = {row["_file_id"]: row for row in self.kept}
        fingerprints = {
            row["feed"]: row["fingerprint"] for row in self.kept if State(row["state"]) not in _GONE
        }
        deliveries = {}
        for file_id, delivery in self.now.items():
            row = kept.get(file_id)
            if row is not None:
                values = {name: row[name] for name in _KEPT}
                deliveries[file_id] = replace(delivery, state=State(row["state"]), **values)
            elif file_id <= self.closing.last_file_id:
                fingerprint = fingerprints.get(delivery.feed, delivery.fingerprint)
                deliveries[file_id] = replace(
                    delivery, state=State.ARCHIVED, fingerprint=fingerprint, rolled_back_by=None
                )
        return deliveries

    @cached_property
    def in_force(self) -> Set[int]:
        """The deliveries whose records counted."""
        return in_force(self.deliveries)

    @property
    def months_on_hold(self) -> Set[date]:
        """The month, if it was on hold."""
        return {self.closing.month} if self.closing.on_hold else set()

    def path(self, file_id: int) -> str:
        """The path of the file of a delivery, below the landing folder."""
        return self.deliveries[file_id].path

    def sums(self, months: Collection[date]) -> Iterable[RecordSum]:
        """The sums of the records that counted, or had lost their key."""
        if self.closing.month not in months:
            return []
        return [
            RecordSum(
                row["_file_id"], row["store"], row["currency"], row["sold_on"], row["status"],
                row["winner_file_id"], row["records"], row["amount"],
            )
            for row in self.rows
        ]  # fmt: skip

    def is_late(self, store: str, day: date) -> bool:  # noqa: ARG002 -- as at the end of a run
        """Returns True: whatever comes for a closed month is late."""
        return True


def closed_records(
    gold: GoldSet, months: Collection[date], now: Mapping[int, Delivery]
) -> dict[date, ClosedRecords]:
    """Returns what is kept of some closed months, read in three statements however many they are.

    Args:
        gold: The gold tables of the run that knows these closings.
        months: Closed months.
        now: The ledger as that run left it, by file id.

    Raises:
        TableDamaged: A table of the closed months is missing.
        UsageError: What the run left is not kept any more.
    """
    by_table = []
    for table in (CLOSED_RECORDS, CLOSED_DELIVERIES):
        rows: dict[date, list[dict[str, Any]]] = {month: [] for month in months}
        for row in python_rows(read_left(gold.engine, gold.run, table, in_months(months))):
            rows[row["month"]].append(row)
        by_table.append(rows)
    records, deliveries = by_table
    rates = RatesTaken(gold.closed_rates, {})
    return {
        month: ClosedRecords(gold.closings[month], records[month], deliveries[month], rates, now)
        for month in sorted(months)
    }
