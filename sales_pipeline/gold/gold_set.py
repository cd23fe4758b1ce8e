"""Reads the gold tables without Spark: one consistent set, as a finished run left it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

import pyarrow as pa

from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.engine import Engine
from sales_pipeline.gold.daily_sales import ProductDays
from sales_pipeline.gold.rate_book import RateBook, RatesTaken, book_of
from sales_pipeline.gold.spellings import Spellings, spellings_of, with_shown_products
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.closings import Closings, closings_left, read_left
from sales_pipeline.lakehouse.declared_tables import (
    CLOSED_DAYS,
    CLOSED_PRODUCTS,
    DAILY_SALES,
    SALES_CUBE,
    full_name,
    gold_tables,
)
from sales_pipeline.lakehouse.lakehouse import in_months
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.ops_tables import CLOSED_RATES
from sales_pipeline.lakehouse.runs import RunRecord, chosen_run
from sales_pipeline.lakehouse.tables import EXCHANGE_RATES, Table

_BY_RANK = ("gold.top_selling_products", "gold.top_selling_products_by_revenue")


def read_gold(declaration: Declaration, table: str, *, run: str | None = None) -> pa.Table:
    """Returns a gold table as the last finished run left it, in a fixed order of rows.

    Args:
        declaration: What the retailer declares.
        table: Its name, with or without `gold.`, such as `revenue_per_month`.
        run: The id of another finished run, to read what that one left.

    Raises:
        UsageError: There is no such table or run, no run has finished yet, or what the run
            left is not kept any more.
    """
    known = [declared.name for declared in gold_tables(declaration.minor_units)]
    name = full_name(table, known, schema="gold")
    with gold_set(declaration, run=run) as gold:
        return gold.read(name)


@dataclass(frozen=True)
class GoldSet:
    """The gold tables of one finished run, all read through one engine.

    Attributes:
        engine: The engine; it is open in the block of `gold_set`.
        declaration: The declaration of the retailer.
        run: The record of the run.
    """

    engine: Engine
    declaration: Declaration
    run: RunRecord

    def read(self, name: str, *, where: str | None = None) -> pa.Table:
        """Returns a table by its name with schema, its columns as declared, its rows in order.

        Args:
            name: The table, such as `gold.sales_cube`.
            where: Only rows that fulfil this SQL condition, made of literals only.

        Raises:
            UsageError: What the run left of it is not kept any more.
        """
        table, version = self._declared(name), self.run.version_left(name)
        with self.run.asked_for():
            rows = self.engine.read(name, columns=table.column_names, version=version, where=where)
        order = ["rank"] if name in _BY_RANK else list(table.key)
        return rows.sort_by([(column, "ascending") for column in order])

    def cube(self) -> pa.Table:
        """Returns `gold.sales_cube` as `read` does, each product under the spelling that is shown.

        Raises:
            UsageError: What the run left of it is not kept any more.
        """
        return with_shown_products(self.spellings, self._cube)

    @cached_property
    def spellings(self) -> Spellings:
        """The spellings of products that are shown in place of others."""
        return spellings_of(self.declaration, self._cube)

    @cached_property
    def _cube(self) -> pa.Table:
        return self.read(SALES_CUBE.name)

    @cached_property
    def closings(self) -> Closings:
        """The months that were closed when the run finished.

        Raises:
            TableDamaged: A table of the closed months is missing.
            UsageError: What the run left of them is not kept any more.
        """
        return closings_left(self.engine, self.run)

    @cached_property
    def closed_cube(self) -> pa.Table:
        """The rows of `gold.sales_cube` of the closed months as they were when these closed."""
        return self._closed(CLOSED_PRODUCTS)

    @cached_property
    def closed_days(self) -> pa.Table:
        """The rows of `gold.daily_sales` of the closed months as they were when these closed."""
        return self._closed(CLOSED_DAYS)

    @cached_property
    def closed_rates(self) -> Mapping[tuple[str, date], Decimal]:
        """Currency and day of the closed months -> the rate that was known when these closed."""
        rows = python_rows(self._closed(CLOSED_RATES))
        return {(row["currency"], row["sold_on"]): row["rate"] for row in rows}

    def _closed(self, table: Table) -> pa.Table:
        rows = read_left(self.engine, self.run, table, in_months(self.closings))
        return rows.sort_by([(column, "ascending") for column in table.key])

    def as_closed(self) -> AsClosed:
        """Returns daily sales and cube with the closed months as they were when these closed.

        Raises:
            TableDamaged: A table of the closed months is missing.
            UsageError: What the run left is not kept any more.
        """
        if not self.closings:
            return AsClosed(self.read(DAILY_SALES.name), self.cube())
        not_closed = f"NOT ({in_months(self.closings)})"
        days = self.read(DAILY_SALES.name, where=not_closed)
        cube = pa.concat_tables([self.read(SALES_CUBE.name, where=not_closed), self.closed_cube])
        spellings = spellings_of(self.declaration, cube)
        return AsClosed(
            pa.concat_tables([days, self.closed_days]), with_shown_products(spellings, cube)
        )

    def product_days(self, first: date, last: date) -> pa.Table:
        """Returns the sales from a first to a last day by product, which gold keeps by month only.

        Returns:
            `sold_on, store, product, category, currency` and the measures of `gold.sales_cube`,
            each product under the spelling that is shown; without months that gold has not.

        Raises:
            UsageError: What the run left is not kept any more.
        """
        return with_shown_products(self.spellings, self._product_days.between(first, last))

    @cached_property
    def _product_days(self) -> ProductDays:
        daily, taken = self.read(DAILY_SALES.name), self.rates_taken()
        return ProductDays(self.engine, self.run, daily, self._cube, taken)

    def rates_taken(self) -> RatesTaken:
        """Returns the rates that the cube took."""
        rows = python_rows(self.read("gold.rates_taken"))
        return RatesTaken(
            {(row["currency"], row["sold_on"]): row["rate"] for row in rows if row["sold_on"]},
            {(row["currency"], row["month"]): row["rate"] for row in rows if not row["sold_on"]},
        )

    def rates(self) -> RateBook:
        """Returns the rates that the run knew."""
        name = f"silver.{EXCHANGE_RATES}"
        if name not in self.run.version_of:
            return book_of(self.declaration, [])
        with self.run.asked_for():
            known = self.engine.read(name, version=self.run.version_left(name))
        return book_of(self.declaration, python_rows(known))

    def _declared(self, name: str) -> Table:
        tables = gold_tables(self.declaration.minor_units)
        return next(table for table in tables if table.name == name)


@dataclass(frozen=True)
class AsClosed:
    """Gold with the closed months as they were when these closed.

    Attributes:
        daily: The rows of `gold.daily_sales`.
        cube: The rows of `gold.sales_cube`, each product under the spelling that is shown.
    """

    daily: pa.Table
    cube: pa.Table


@contextmanager
def gold_set(declaration: Declaration, *, run: str | None = None) -> Iterator[GoldSet]:
    """Opens the gold tables that the last finished run left, or the run of an id.

    Raises:
        UsageError: No run has finished here yet, there is no such run, or the lakehouse does not
            fit the declaration.
    """
    with opened_lakehouse(declaration) as lakehouse:
        yield GoldSet(lakehouse.engine, declaration, chosen_run(lakehouse, run))
