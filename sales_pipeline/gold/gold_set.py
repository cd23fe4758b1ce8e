"""Reads the gold tables without Spark: one consistent set, as a finished run left it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Context

import pyarrow as pa

from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.engine import Engine
from sales_pipeline.gold.daily_sales import SUMS
from sales_pipeline.gold.rate_book import RateBook, book_of
from sales_pipeline.gold.spellings import spellings_of, with_shown_products
from sales_pipeline.lakehouse.arrow_types import arrow_schema, python_rows
from sales_pipeline.lakehouse.declared_tables import MEASURES, SALES_CUBE, full_name, gold_tables
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.runs import RunRecord, chosen_run
from sales_pipeline.lakehouse.tables import EXCHANGE_RATES, RECORDS, SALE, Table

_EXACT = Context(prec=76)
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

    def read(self, name: str) -> pa.Table:
        """Returns a table by its name with schema, its columns as declared, its rows in order.

        Raises:
            UsageError: What the run left of it is not kept any more.
        """
        table, version = self._declared(name), self.run.version_left(name)
        with self.run.asked_for():
            rows = self.engine.read(name, columns=table.column_names, version=version)
        order = ["rank"] if name in _BY_RANK else list(table.key)
        return rows.sort_by([(column, "ascending") for column in order])

    def cube(self) -> pa.Table:
        """Returns `gold.sales_cube` as `read` does, each product under the spelling that is shown.

        Raises:
            UsageError: What the run left of it is not kept any more.
        """
        cube = self.read(SALES_CUBE.name)
        return with_shown_products(spellings_of(self.declaration, cube), cube)

    def product_days(self, first: date, last: date) -> pa.Table:
        """Returns the sales of some days by product, which gold keeps by month only, from silver.

        Args:
            first: The first day.
            last: The last day.

        Returns:
            `sold_on, store, product, category, currency` and the measures of `gold.sales_cube`,
            each product under the spelling that is shown; without months that gold has not.

        Raises:
            UsageError: What the run left is not kept any more.
        """
        by = ("sold_on", "store", "product", "category", "currency")
        days = f"sold_on BETWEEN DATE'{first}' AND DATE'{last}'"
        condition = f"({days}) AND status = '{SALE}'"
        with self.run.asked_for():
            version = self.run.version_left(RECORDS)
            sold = self.engine.totals(
                RECORDS, by=by, of=SUMS, where=condition, version=version
            ).rename_columns({"records": "sales"})
        cube = self.read(SALES_CUBE.name)
        months = {*cube["month"].unique().to_pylist()}
        rates = self.rates()
        rows = []
        for row in python_rows(sold):
            rate = rates.rate_on(row["currency"], row["sold_on"])
            if rate is not None and row["sold_on"].replace(day=1) in months:
                revenue = _EXACT.multiply(row["amount"], rate.rate)
                returned = _EXACT.multiply(row["amount_returned"], rate.rate)
                rows.append(row | {"revenue": revenue, "revenue_returned": returned})
        types = {field.name: field.type for field in arrow_schema(SALES_CUBE)}
        schema = pa.schema([(name, types.get(name, pa.date32())) for name in (*by, *MEASURES)])
        found = pa.Table.from_pylist(rows, schema=schema)
        return with_shown_products(spellings_of(self.declaration, cube), found)

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


@contextmanager
def gold_set(declaration: Declaration, *, run: str | None = None) -> Iterator[GoldSet]:
    """Opens the gold tables that the last finished run left.

    Args:
        declaration: The retailer's declaration.
        run: The id of another finished run.

    Raises:
        UsageError: No run has finished here yet, there is no such run, or the lakehouse does not
            fit the declaration.
    """
    with opened_lakehouse(declaration) as lakehouse:
        yield GoldSet(lakehouse.engine, declaration, chosen_run(lakehouse, run))
