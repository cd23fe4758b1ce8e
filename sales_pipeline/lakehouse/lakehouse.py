"""Reads and writes the tables of one lakehouse; there are only three ways to write them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sales_pipeline.commit_points import commit_point
from sales_pipeline.engines.statements import Column
from sales_pipeline.lakehouse.arrow_types import arrow_schema, arrow_type, python_rows, sql_schema
from sales_pipeline.lakehouse.preparation import PreparedTables
from sales_pipeline.lakehouse.tables import (
    BRONZE_TABLES,
    RECORDS,
    TAX,
    bronze_columns,
)
from sales_pipeline.profile import fetched, statement

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


HELD_BYTES = 1 << 24
"""The most bytes of a small batch: an engine takes what is sent in one message."""


class Lakehouse(PreparedTables):
    """The tables of one retailer on one engine, to read and to write."""

    def table(self, name: str) -> DataFrame:
        """A table or a view as a DataFrame, its columns in the declared order.

        Columns of a bronze table that are no longer declared come last. A column that the next
        run will add is null.
        """
        view = self.views.get(name)
        if view is not None:
            return self.table(view.table).where(view.where).select(*view.column_names)
        frame = self.engine.spark().table(self.engine.table_name(name))
        if not_yet := self._columns_to_add(name):
            from pyspark.sql import functions as F

            missing = {column.name: F.lit(None).cast(column.type) for column in not_yet}
            frame = frame.withColumns(missing)
        return frame.select(*(column.name for column in self.columns(name)))

    def columns(self, name: str) -> tuple[Column, ...]:
        """The declared columns of a table; in those of bronze, then the formerly declared ones."""
        declared = self.tables[name].columns
        return (*declared, *self._former(name)) if name in BRONZE_TABLES else declared

    def _former(self, name: str) -> tuple[Column, ...]:
        """Columns of a table of records that are not declared any more, such as former keys."""
        if name not in (*BRONZE_TABLES, RECORDS) or not self.engine.exists(name):
            return ()
        known = {column.name for column in self.tables[name].columns}
        return bronze_columns(
            column for column in self.engine.column_names(name) if column not in known
        )

    def _columns_to_add(self, name: str) -> list[Column]:
        """The declared columns that a table of records lacks until a run adds them."""
        if name not in (*BRONZE_TABLES, RECORDS):
            return []
        existing = set(self.engine.column_names(name))
        return [column for column in self.tables[name].columns if column.name not in existing]

    def local(self, rows: Iterable[dict[str, Any]], name: str) -> DataFrame:
        """Returns rows of this process as a DataFrame in the columns of a table."""
        return self.frame(self.arrow(rows, name))

    def frame(self, rows: pa.Table) -> DataFrame:
        """Returns an Arrow table as a DataFrame; the engine knows its size, so it joins cheaply."""
        if rows.num_rows:
            return self.engine.spark().createDataFrame(rows)
        return self.engine.spark().createDataFrame([], sql_schema(rows.schema))

    def shared(self, purpose: str, rows: pa.Table) -> DataFrame:
        """A DataFrame of rows of this process that several parts of a statement use.

        They are sent to the engine once, and stay there by name until the next for this purpose.
        """
        name = self.engine.view_name(purpose)
        with statement(f"send {purpose}"):
            self.frame(rows).createOrReplaceTempView(name)
        return self.engine.spark().table(name)

    def arrow(self, rows: Iterable[dict[str, Any]], name: str) -> pa.Table:
        """Returns rows of this process as an Arrow table in the columns of a table."""
        return pa.Table.from_pylist(list(rows), schema=arrow_schema(self.tables[name]))

    def replace(self, name: str, condition: str, rows: DataFrame, *, are_few: bool = False) -> None:
        """Replaces the rows of a table that fulfil a condition, in one commit.

        The rows must fulfil the condition themselves; not every engine checks it.

        Args:
            name: The table, such as `silver.sales`.
            condition: A SQL condition: the table's columns, compared with literals, and no
                arithmetic. Spark keeps only one side of an OR whose other side has some.
            rows: The new rows, with at least the table's columns, found by name. Columns that are
                not declared any more become null in them.
            are_few: Whether this process can hold them, and so writes them as `put` does.
        """
        from pyspark.sql import functions as F

        columns = self.columns(name)
        typed = rows.select(
            *(F.col(column.name).cast(column.type).alias(column.name) for column in columns)
        )
        if are_few:
            made = fetched(f"make the rows of {name}", typed)
            self.stream(name, condition, made.cast(arrow_schema(self.tables[name])))
            return
        if name == RECORDS:
            nulls = [F.lit(None).cast(part.type).alias(part.name) for part in self._former(name)]
            typed = typed.select("*", *nulls)
        known_as = self.engine.table_name(name)
        with commit_point(f"commit {name}"), statement(f"write {name}"):
            options = self.engine.capabilities.write_options
            typed.writeTo(known_as).options(**options).overwrite(F.expr(condition))

    def stream(self, name: str, condition: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Replaces the rows of a table that fulfil a condition by Arrow rows, in one commit.

        Args:
            name: The table, such as `bronze.sales`.
            condition: A SQL condition over the table's columns, made of literals only.
            rows: The new rows, in the table's own columns and types; of a reader, not all of them
                are in memory together. Columns that are not declared any more become null in them.
        """
        if name == RECORDS and isinstance(rows, pa.Table):
            for column in self._former(name):
                nulls = pa.nulls(rows.num_rows, arrow_type(column.type))
                rows = rows.append_column(column.name, nulls)
        with commit_point(f"commit {name}"):
            self.engine.replace(name, condition, rows)

    def put(self, name: str, condition: str, rows: Iterable[dict[str, Any]]) -> None:
        """Replaces the rows of a small table that fulfil a condition by rows of this process.

        It does the same as `replace`, also in one commit, as cheaply as the engine can: in a run
        with few sales, most commits are of this kind.
        """
        self.stream(name, condition, self.arrow(rows, name))

    def restore(self, name: str, version: int) -> None:
        """Brings a table back to an earlier version, if it is at another.

        Columns that were declared since are added, without values.
        """
        if self.engine.version(name) != version:
            with commit_point(f"restore {name}"):
                self.engine.restore(name, version)
            self._add_missing_columns(self.tables[name])

    def has(self, name: str) -> bool:
        """Returns whether a table, or the table of a view, exists."""
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
        """Reads a table or a view as Arrow, or an earlier version, as `Engine.read` does.

        Raises:
            VersionGone: The version is not kept any more.
        """
        view = self.views.get(name)
        if view is None:
            return self.engine.read(name, columns=columns, version=version, file_ids=file_ids)
        wanted = columns or view.column_names
        there = self._there(view.table, wanted, version)
        rows = self.engine.read(
            view.table, columns=there, version=version, file_ids=file_ids, where=view.where
        )
        if there == wanted:
            return rows
        declared = {column.name: column for column in self.tables[view.table].columns}
        return _with_nulls(rows, {name: arrow_type(declared[name].type) for name in wanted})

    def _there(self, table: str, wanted: Sequence[str], version: int | None) -> Sequence[str]:
        """The wanted columns that a version of a table has; tax and keys are younger than some."""
        if {TAX, *self.further_keys}.isdisjoint(wanted):
            return wanted
        there = set(self.engine.column_names(table, version))
        return wanted if there.issuperset(wanted) else [name for name in wanted if name in there]

    def few_rows(
        self, name: str, where: str, *, columns: Sequence[str] | None = None
    ) -> pa.Table | None:
        """The rows of a table or view that fulfil a condition made of literals only.

        They have the given columns, or all in the declared order. The answer is None if this
        process should not hold them.
        """
        most = self.engine.capabilities.rows_held_here
        if not most:
            return None
        view = self.views.get(name)
        table, where = (view.table, f"({view.where}) AND ({where})") if view else (name, where)
        declared = {column.name: arrow_type(column.type) for column in self.columns(table)}
        types = declared if columns is None else {column: declared[column] for column in columns}
        existing = set(self.engine.column_names(table))
        schema = pa.schema([pair for pair in types.items() if pair[0] in existing])
        batches: list[pa.RecordBatch] = []
        count = size = 0
        for batch in self.engine.batches(table, columns=schema.names, where=where):
            batches.append(batch.cast(schema))
            count, size = count + batch.num_rows, size + batch.nbytes
            if count > most or size > HELD_BYTES:
                return None
        rows = pa.Table.from_batches(batches, schema)
        return rows if len(schema) == len(types) else _with_nulls(rows, types)

    def totals(
        self,
        name: str,
        *,
        by: Sequence[str],
        of: str | Mapping[str, str],
        where: str | None = None,
    ) -> pa.Table:
        """Counts the rows of a table or view in groups and adds up, as `Engine.totals` does."""
        view = self.views.get(name)
        if view is None:
            return self.engine.totals(name, by=by, of=of, where=where)
        condition = view.where if where is None else f"({view.where}) AND ({where})"
        return self.engine.totals(view.table, by=by, of=of, where=condition)

    def rows(
        self, name: str, *, columns: Sequence[str] | None = None, version: int | None = None
    ) -> list[dict[str, Any]]:
        """The rows of a small table or view; none if the table was never made."""
        if not self.has(name):
            return []
        return python_rows(self.read(name, columns=columns, version=version))


def _with_nulls(rows: pa.Table, types: Mapping[str, pa.DataType]) -> pa.Table:
    """The rows with columns of these names and types; one that they lack is null."""
    there = set(rows.column_names)
    columns = [
        rows[name] if name in there else pa.nulls(rows.num_rows, type_)
        for name, type_ in types.items()
    ]
    return pa.table(columns, names=list(types))


def among(column: str, values: Iterable[int]) -> str:
    """A SQL condition that a column is one of some whole numbers, consecutive ones as a range.

    It is built as a balanced tree, because engines recurse into conditions.

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
    return any_of(parts) if parts else "false"


def any_of(conditions: Sequence[str]) -> str:
    """A SQL condition that holds where at least one of some conditions holds."""
    if len(conditions) == 1:
        return f"({conditions[0]})"
    if len(conditions) == 2:
        return f"({' OR '.join(conditions)})"
    half = len(conditions) // 2
    return f"({any_of(conditions[:half])} OR {any_of(conditions[half:])})"


def in_months(months: Iterable[date]) -> str:
    """A SQL condition for a column `month` that is one of some months.

    >>> in_months([date(2025, 1, 1)])
    "month IN (DATE'2025-01-01')"
    """
    days = ", ".join(f"DATE'{month.isoformat()}'" for month in sorted(months))
    return f"month IN ({days})"
