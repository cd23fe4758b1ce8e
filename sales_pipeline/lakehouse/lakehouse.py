"""One lakehouse: its tables by name, and the only three ways to write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sales_pipeline.commit_points import commit_point
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.engine import Engine
from sales_pipeline.lakehouse.arrow_types import arrow_schema, python_rows, sql_schema
from sales_pipeline.lakehouse.properties import (
    check_properties,
    properties_kept,
    properties_made_with,
)
from sales_pipeline.lakehouse.tables import (
    BRONZE_TECHNICAL,
    CATALOGUE,
    EXCHANGE_RATES,
    RUNS,
    Table,
    all_tables,
    bronze_table,
)
from sales_pipeline.together import together

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_SMALL_AT_ONCE = 4


def further_keys(declaration: Declaration) -> list[str]:
    """The key columns of all feeds other than `sale_id`, in the order of the declaration."""
    keys = [key for feed in declaration.feeds.values() for key in feed.key]
    return list(dict.fromkeys(key for key in keys if key != "sale_id"))


def catalogue_columns(declaration: Declaration) -> dict[str, str]:
    """Bronze column of the catalogue -> header in its files.

    A wide catalogue has `product_<language>` and `category_<language>`, a long one
    `language`, `product` and `category`; both may have `code`, `price`, `price_currency`
    and `valid_from`.
    """
    catalogue, price = declaration.catalogue, declaration.catalogue.price
    columns: dict[str, str | None] = {
        f"{part}_{language}": getattr(headers, part)
        for language, headers in catalogue.languages.items()
        for part in ("product", "category")
    }
    if catalogue.rows is not None:
        columns |= dict(catalogue.rows)
    columns["code"] = catalogue.code
    if price is not None:
        columns["price"] = price.amount
        columns["price_currency"] = price.currency_column
        columns["valid_from"] = price.valid_from
    return {name: header for name, header in columns.items() if header is not None}


def rate_columns(declaration: Declaration) -> dict[str, str]:
    """Bronze column of the exchange rates -> header in their files.

    In a file with a column for each currency, all of these are undeclared: `_extra` has them.
    """
    names = ("date", "currency", "rate") if declaration.rates.layout == "rows" else ("date",)
    return {name: getattr(declaration.rates.columns, name) for name in names}


class Lakehouse:
    """The tables of one retailer on one engine.

    Args:
        declaration: What the retailer declares.
        engine: Where the tables are.
    """

    def __init__(self, declaration: Declaration, engine: Engine) -> None:
        self.declaration = declaration
        self.engine = engine
        self.further_keys = further_keys(declaration)
        columns = {
            CATALOGUE: catalogue_columns(declaration),
            EXCHANGE_RATES: rate_columns(declaration),
        }
        columns |= {name: feed.columns for name, feed in declaration.feeds.items()}
        self._headers = {f"bronze.{name}": headers for name, headers in columns.items()}
        bronze = [bronze_table(name, headers) for name, headers in columns.items()]
        self.tables: dict[str, Table] = all_tables(
            bronze, further_keys=self.further_keys, minor_units=declaration.minor_units
        )

    def exists(self) -> bool:
        """Says whether this lakehouse was ever made: its last table is there."""
        return self.engine.exists(RUNS.name)

    def check(self) -> None:
        """Checks that this package and declaration can go on with the lakehouse.

        Raises:
            LakehouseMismatch: Another format, or another base currency.
        """
        if not self.exists():
            return
        check_properties(self.engine.properties(RUNS.name), self.declaration)

    def prepare(self) -> None:
        """Makes every table that is not there; adds columns that were declared since."""
        others = (table for table in self.tables.values() if table is not RUNS)
        together((partial(self._prepare_table, each) for each in others), at_once=_SMALL_AT_ONCE)
        self._prepare_table(RUNS)

    def _prepare_table(self, table: Table) -> None:
        if self.engine.exists(table.name):
            self.adapt(table.name)
            return
        made_with = properties_made_with(self.declaration) if table is RUNS else {}
        properties = self._properties_kept() | made_with
        with commit_point(f"make {table.name}"):
            self.engine.create(table.name, table.columns, properties)

    def adapt(self, name: str) -> None:
        """Gives a table that was made before the columns and properties that it lacks now."""
        self._add_missing_columns(self.tables[name])
        there = self.engine.properties(name)
        kept = self._properties_kept().items()
        changed = {key: value for key, value in kept if there.get(key) != value}
        if changed:
            self.engine.set_properties(name, changed)

    def _properties_kept(self) -> dict[str, str]:
        has_folder = self.engine.capabilities.has_folder
        return properties_kept(self.declaration, has_folder=has_folder)

    def _add_missing_columns(self, table: Table) -> None:
        there = set(self.engine.column_names(table.name))
        missing = {column.name: column.type for column in table.columns if column.name not in there}
        if missing:
            with commit_point(f"add columns to {table.name}"):
                self.engine.add_columns(table.name, missing)

    def table(self, name: str) -> DataFrame:
        """A table as a DataFrame, its columns in the declared order.

        A column of bronze that was declared later has, in earlier rows, what the file had
        under its header.
        """
        frame = self.engine.spark().table(self.engine.table_name(name))
        late = self._late_columns(name)
        if not late:
            return frame.select(*self.tables[name].column_names)
        from sales_pipeline.lakehouse.late_columns import with_late_columns

        return with_late_columns(frame, late).select(*self.tables[name].column_names)

    def _late_columns(self, name: str) -> dict[str, str]:
        """Column of a bronze table that was declared after it was made -> header in the files."""
        if name not in self._headers:
            return {}
        there = list(self.engine.column_names(name))
        later = there[there.index(BRONZE_TECHNICAL[-1].name) + 1 :]
        headers = self._headers[name]
        return {column: headers[column] for column in later if column in headers}

    def local(self, rows: Iterable[dict[str, Any]], name: str) -> DataFrame:
        """A DataFrame of the shape of a table from rows at hand."""
        return self.frame(self.arrow(rows, name))

    def frame(self, rows: pa.Table) -> DataFrame:
        """A DataFrame of an Arrow table at hand; the engine knows its size, so it joins cheaply."""
        if rows.num_rows:
            return self.engine.spark().createDataFrame(rows)
        return self.engine.spark().createDataFrame([], sql_schema(rows.schema))

    def arrow(self, rows: Iterable[dict[str, Any]], name: str) -> pa.Table:
        """An Arrow table of the shape of a table from rows at hand."""
        return pa.Table.from_pylist(list(rows), schema=arrow_schema(self.tables[name]))

    def replace(self, name: str, condition: str, rows: DataFrame) -> None:
        """Replaces the rows of a table that fulfil a condition, in one commit.

        The rows must fulfil the condition themselves; not every engine checks it.

        Args:
            name: The table, such as `silver.sales`.
            condition: A SQL condition over the table's columns, made of literals only.
            rows: The new rows, with at least the table's columns, found by name.
        """
        from pyspark.sql import functions as F

        typed = rows.select(*self._typed(name))
        with commit_point(f"commit {name}"):
            typed.writeTo(self.engine.table_name(name)).overwrite(F.expr(condition))

    def add(self, name: str, rows: DataFrame) -> None:
        """Adds rows to a table, in one commit; to do it twice adds them twice.

        Args:
            name: The table, such as `silver.sales`.
            rows: The new rows, with at least the table's columns, found by name.
        """
        typed = rows.select(*self._typed(name))
        with commit_point(f"commit {name}"):
            typed.writeTo(self.engine.table_name(name)).append()

    def put(self, name: str, condition: str, rows: Iterable[dict[str, Any]]) -> None:
        """Replaces the rows of a small table that fulfil a condition by rows at hand.

        It does what `replace` does, in one commit too, as cheaply as the engine can: of a run
        with few sales, most commits are such.
        """
        self._put(name, condition, self.arrow(rows, name))

    def put_few(self, name: str, condition: str, rows: DataFrame) -> None:
        """The same with rows that Spark computes, which come here first: so few that they may.

        Args:
            name: The table, such as `gold.revenue_per_month`.
            condition: A SQL condition over the table's columns, made of literals only.
            rows: The new rows, with at least the table's columns, found by name.
        """
        found = rows.select(*self._typed(name)).toArrow()
        self._put(name, condition, found.cast(arrow_schema(self.tables[name])))

    def _put(self, name: str, condition: str, rows: pa.Table) -> None:
        with commit_point(f"commit {name}"):
            self.engine.replace(name, condition, rows)

    def restore(self, name: str, version: int) -> None:
        """Brings a table back to an earlier version, where it is at another.

        Columns that were declared since are there, without values.
        """
        if self.engine.version(name) != version:
            with commit_point(f"restore {name}"):
                self.engine.restore(name, version)
            self._add_missing_columns(self.tables[name])

    def _typed(self, name: str) -> list[Column]:
        from pyspark.sql import functions as F

        columns = self.tables[name].columns
        return [F.col(each.name).cast(each.type).alias(each.name) for each in columns]

    def rows(
        self, name: str, *, columns: Sequence[str] | None = None, version: int | None = None
    ) -> list[dict[str, Any]]:
        """The rows of a small table; none where the table was never made."""
        if not self.engine.exists(name):
            return []
        found = self.engine.read(name, columns=columns, version=version)
        return python_rows(found)


def among(column: str, values: Iterable[int]) -> str:
    """A SQL condition for a column that is one of some whole numbers, runs of them as ranges.

    Thousands of them are nested a dozen deep, for engines follow a condition downwards.

    >>> among("_file_id", [3, 1, 2, 9])
    '(_file_id BETWEEN 1 AND 3 OR _file_id BETWEEN 9 AND 9)'
    >>> among("_file_id", [])
    'false'
    """
    ranges: list[tuple[int, int]] = []
    for value in sorted(set(values)):
        if ranges and ranges[-1][1] == value - 1:
            ranges[-1] = (ranges[-1][0], value)
        else:
            ranges.append((value, value))
    parts = [f"{column} BETWEEN {first:d} AND {last:d}" for first, last in ranges]
    return _any_of(parts) if parts else "false"


def _any_of(conditions: Sequence[str]) -> str:
    if len(conditions) == 1:
        return f"({conditions[0]})"
    if len(conditions) == 2:
        return f"({' OR '.join(conditions)})"
    half = len(conditions) // 2
    return f"({_any_of(conditions[:half])} OR {_any_of(conditions[half:])})"
