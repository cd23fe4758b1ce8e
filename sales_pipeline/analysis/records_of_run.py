"""The records that a finished run left in silver, its ledger, and the rates that its gold took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import pyarrow as pa

from sales_pipeline.exact import EXACT
from sales_pipeline.gold.gold_set import GoldSet, RatesTaken
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.ledger import IN_FORCE, Delivery, delivery_of
from sales_pipeline.lakehouse.ops_tables import DELIVERIES
from sales_pipeline.lakehouse.tables import RECORDS

AMOUNT_DECIMALS, RATE_DECIMALS = 4, 14
REVENUE_DECIMALS = AMOUNT_DECIMALS + RATE_DECIMALS
"""Amounts and rates are counted in their smallest units, so that sums of whole numbers are exact
and fast; a product of both has so many decimals, as `gold.sales_cube` has."""


def amount_units(amount: Decimal | None) -> int:
    """Returns an amount in units of 0.0001; 0 if there is none.

    >>> amount_units(Decimal("10.5000"))
    105000
    """
    return 0 if amount is None else int(EXACT.scaleb(amount, AMOUNT_DECIMALS))


def rate_units(rate: Decimal) -> int:
    """Returns a rate in units of its last decimal."""
    return int(EXACT.scaleb(rate, RATE_DECIMALS))


def revenue_of(units: int) -> Decimal:
    """Returns a revenue from its smallest units, unrounded.

    >>> revenue_of(8_500_000_000_000_000_000)
    Decimal('8.500000000000000000')
    """
    return EXACT.scaleb(Decimal(units), -REVENUE_DECIMALS)


@dataclass(frozen=True)
class RecordsOfRun:
    """What a finished run left, read from the versions of the tables that it made.

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
        counting = {file_id for file_id, each in self.deliveries.items() if each.state in IN_FORCE}
        return counting - {self.deliveries[file_id].supersedes for file_id in counting}

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


def groups(totals: pa.Table, *names: str) -> Iterator[tuple[Any, ...]]:
    """Yields some columns of a table row by row."""
    columns = (totals[name].to_pylist() for name in names)
    yield from zip(*columns, strict=True)


def in_months(months: Iterable[date]) -> str:
    """Returns a SQL condition for records of some months, made of literals only.

    >>> in_months([date(2025, 1, 1)])
    "month IN (DATE'2025-01-01')"
    """
    days = ", ".join(f"DATE'{month.isoformat()}'" for month in sorted(months))
    return f"month IN ({days})"
