"""One lakehouse: its tables by name, and the only three ways to write them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sales_pipeline.commit_points import commit_point
from sales_pipeline.config.model import Declaration, Feed
from sales_pipeline.engines.engine import Engine
from sales_pipeline.engines.statements import Column
from sales_pipeline.lakehouse.arrow_types import arrow_schema, python_rows, sql_schema
from sales_pipeline.lakehouse.properties import (
    check_properties,
    properties_kept,
    properties_made_with,
)
from sales_pipeline.lakehouse.tables import (
    BRONZE_SALES,
    BRONZE_TECHNICAL,
    CATALOGUE,
    EXCHANGE_RATES,
    RUNS,
    Table,
    View,
    all_tables,
    bronze_columns,
    bronze_table,
    silver_views,
)
from sales_pipeline.together import together

if TYPE_CHECKING:
    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import DataFrame

_SMALL_AT_ONCE = 4
_TECHNICAL_NAMES = tuple(column.name for column in BRONZE_TECHNICAL)


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
    is_by_row = declaration.rates.layout == "rows"
    names = ("date", "currency", "rate", "units") if is_by_row else ("date",)
    headers = {name: getattr(declaration.rates.columns, name) for name in names}
    return {name: header for name, header in headers.items() if header is not None}


class Lakehouse:
    """The tables of one retailer on one engine.

    Args:
        declaration: What the retailer declares.
        engine: Where the tables are.

    Attributes:
        tables: The declared tables, by name.
        views: The views of them, by name; every reading method takes these names, too.
    """

    def __init__(self, declaration: Declaration, engine: Engine) -> None:
        self.declaration = declaration
        self.engine = engine
        self.further_keys = further_keys(declaration)
        sales = (name for feed in declaration.feeds.values() for name in feed.columns)
        self._headers = {
            f"bronze.{CATALOGUE}": catalogue_columns(declaration),
            f"bronze.{EXCHANGE_RATES}": rate_columns(declaration),
        }
        bronze = {BRONZE_SALES: list(dict.fromkeys(sales)), **self._headers}
        self.tables: dict[str, Table] = all_tables(
            [bronze_table(name, columns) for name, columns in bronze.items()],
            further_keys=self.further_keys,
            minor_units=declaration.minor_units,
        )
        views = [*silver_views(self.further_keys), *map(_feed_view, declaration.feeds.items())]
        self.views = {view.name: view for view in views}

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
        tables = (table for table in self.tables.values() if table is not RUNS)
        together((partial(self._prepare_table, table) for table in tables), at_once=_SMALL_AT_ONCE)
        self._prepare_views()
        self._prepare_table(RUNS)

    def _prepare_views(self) -> None:
        """Makes the views that are not there, where the engine has a place for them."""
        if self.engine.capabilities.has_folder:
            return
        for view in self.views.values():
            if not self.engine.exists(view.name):
                columns = {name: name for name in view.column_names}
                self.engine.create_view(
                    view.name, view.table, columns=columns, where=view.where, comment=view.comment
                )

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
        """A table or a view as a DataFrame, its columns in the declared order.

        Columns that a bronze table has and nobody declares any more come last. A column of the
        catalogue or of rates that was declared later has, in earlier rows, what the file had
        under its header.
        """
        view = self.views.get(name)
        if view is not None:
            return self.table(view.table).where(view.where).select(*view.column_names)
        frame = self.engine.spark().table(self.engine.table_name(name))
        late = self._late_columns(name)
        if late:
            from sales_pipeline.lakehouse.late_columns import with_late_columns

            frame = with_late_columns(frame, late)
        return frame.select(*(column.name for column in self.columns(name)))

    def columns(self, name: str) -> tuple[Column, ...]:
        """The columns of a table: the declared ones, and those of bronze that once were."""
        declared = self.tables[name].columns
        if name != BRONZE_SALES or not self.engine.exists(name):
            return declared
        known = {column.name for column in declared}
        there = [each for each in self.engine.column_names(name) if each not in known]
        return (*declared, *bronze_columns(there))

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

    def shared(self, purpose: str, rows: pa.Table) -> DataFrame:
        """A DataFrame of rows of this process that several parts of a statement use.

        They are sent to the engine once, and known there by name until the next of this purpose.

        Args:
            purpose: What they are for, as a name.
            rows: The rows.
        """
        self.frame(rows).createOrReplaceTempView(purpose)
        return self.engine.spark().table(purpose)

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

    def stream(self, name: str, condition: str, batches: pa.RecordBatchReader) -> None:
        """Replaces the rows of a table that fulfil a condition by a stream of rows, in one commit.

        Args:
            name: The table, such as `bronze.sales`.
            condition: A SQL condition over the table's columns, made of literals only.
            batches: The new rows, in the table's own columns and types.
        """
        with commit_point(f"commit {name}"):
            self.engine.replace(name, condition, batches)

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

    def _typed(self, name: str) -> list[SparkColumn]:
        from pyspark.sql import functions as F

        columns = self.columns(name)
        return [F.col(each.name).cast(each.type).alias(each.name) for each in columns]

    def has(self, name: str) -> bool:
        """Says whether a table was made, or the table of a view."""
        view = self.views.get(name)
        return self.engine.exists(view.table if view else name)

    def read(
        self,
        name: str,
        *,
        columns: Sequence[str] | None = None,
        version: int | None = None,
        file_ids: Collection[int] | None = None,
    ) -> pa.Table:
        """Reads a table or a view as Arrow; starts no session where the engine needs none.

        Args:
            name: The table or view, such as `silver.quarantine`.
            columns: Only these columns.
            version: An earlier version of the table.
            file_ids: Only rows of these deliveries, which makes a large table small.

        Raises:
            VersionGone: The version is not kept any more.
        """
        view = self.views.get(name)
        if view is None:
            return self.engine.read(name, columns=columns, version=version, file_ids=file_ids)
        return self.engine.read(
            view.table,
            columns=columns or view.column_names,
            version=version,
            file_ids=file_ids,
            where=view.where,
        )

    def totals(
        self, name: str, *, by: Sequence[str], of: str, where: str | None = None
    ) -> pa.Table:
        """Counts the rows of a table or view in groups and adds up a column, as an engine does.

        Args:
            name: The table or view, such as `silver.sales`.
            by: The columns that make the groups.
            of: A column of figures.
            where: Only rows that fulfil this SQL condition, made of literals only.
        """
        view = self.views.get(name)
        if view is None:
            return self.engine.totals(name, by=by, of=of, where=where)
        condition = view.where if where is None else f"({view.where}) AND ({where})"
        return self.engine.totals(view.table, by=by, of=of, where=condition)

    def rows(
        self, name: str, *, columns: Sequence[str] | None = None, version: int | None = None
    ) -> list[dict[str, Any]]:
        """The rows of a small table or view; none where the table was never made."""
        if not self.has(name):
            return []
        return python_rows(self.read(name, columns=columns, version=version))


def _feed_view(feed: tuple[str, Feed]) -> View:
    """The view of the delivered records of one feed."""
    name, declared = feed
    return View(
        f"bronze.{name}",
        BRONZE_SALES,
        f"The delivered records of {name}, untouched.",
        f"feed = '{name}'",
        (*declared.columns, *_TECHNICAL_NAMES),
    )


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
