"""Records of a closed month as they were kept, as the earlier side of adjustments.

`close` keeps sums of the records and the deliveries that matter (`operations/kept_records`). The
other deliveries are as the ledger has them now: they counted, without a record of the month, under
the declaration that the last delivery of their feed was validated by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from sales_pipeline.analysis.records_of_run import RecordSum, in_force
from sales_pipeline.gold.gold_set import GoldSet
from sales_pipeline.gold.rate_book import RatesTaken
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.closings import Closing, read_left
from sales_pipeline.lakehouse.lakehouse import in_months
from sales_pipeline.lakehouse.ledger import Delivery, State
from sales_pipeline.lakehouse.ops_tables import CLOSED_DELIVERIES, CLOSED_RECORDS

_KEPT = ("name", "path", "supersedes", "fingerprint", "mends", "rolled_back_by")


@dataclass(frozen=True)
class ClosedRecords:
    """The deliveries and records in force when a month was closed.

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


_GONE = (State.SUPERSEDED, State.WITHDRAWN, State.WITHDRAWING, State.REJECTED, State.FAILED)


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
