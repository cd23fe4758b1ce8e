"""Delta tables in a catalog, by their names; the catalog decides on the place of their files.

Everything is Spark SQL, in as few statements as possible, because each costs a second on a JVM.
Facts that cannot change while a run holds the lakehouse are asked for once.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sales_pipeline.engines.catalog_upkeep import CatalogUpkeep
from sales_pipeline.engines.engine import Capabilities
from sales_pipeline.engines.session import Session, usable_cores
from sales_pipeline.engines.statements import (
    Column,
    create_statement,
    merge_row,
    merge_statement,
    quoted,
    sums,
    where_clause,
)
from sales_pipeline.errors import UsageError, VersionGone
from sales_pipeline.profile import statement

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.errors import PySparkException


_NO_SCHEMA = "SCHEMA_NOT_FOUND"
_MADE_AT_ONCE = ("DELTA_", "TABLE_OR_VIEW_ALREADY_EXISTS")
_APPEARS_WITHIN_SECONDS = 30
_LOOK_EVERY_SECONDS = 0.5
_GONE = ("DELTA_", "FAILED_READ_FILE")
"""Prefixes of the error conditions of a version, or one of its files, that is missing."""


class CatalogEngine(CatalogUpkeep):
    """Tables in the schemas `<schema>_bronze`, `_silver`, `_gold` and `_ops` of a catalog.

    Args:
        catalog: The catalog.
        schema: The prefix of its schemas.
        session: The session that runs Spark code over them.
    """

    def __init__(self, catalog: str, schema: str, session: Session) -> None:
        super().__init__(session)
        self._catalog, self._schema = catalog, schema
        self._schemas: set[str] = set()
        self._made: set[str] = set()
        self._columns: dict[str, Sequence[str]] = {}
        self.capabilities = Capabilities(task_slots=usable_cores(), has_folder=False)

    def table_name(self, table: str) -> str:
        """Returns the name of the table in its catalog, each part in backticks."""
        layer, name = table.split(".")
        return f"{self.schema_name(layer)}.`{name}`"

    def schema_name(self, layer: str) -> str:
        """Returns the name of the schema of `bronze`, `silver`, `gold` or `ops` in the catalog."""
        return f"`{self._catalog}`.`{self._schema}_{layer}`"

    def forget_tables(self) -> None:
        """Asks anew for tables, schemas, columns and versions from now on."""
        self._schemas.clear()
        self._made.clear()
        self._columns.clear()
        self._readable.clear()

    def exists(self, table: str) -> bool:
        """Asks for all tables of the schema at once; remembers the ones that exist."""
        if table not in self._made:
            layer = table.split(".")[0]
            self._made.update(self.tables(layer))
        return table in self._made

    def tables(self, schema: str) -> Sequence[str]:
        """Returns the tables of the schema."""
        from pyspark.errors import PySparkException

        session = self.spark()
        try:
            with statement(f"list the tables of {schema}"):
                rows = session.sql(f"SHOW TABLES IN {self.schema_name(schema)}").collect()
        except PySparkException as error:
            if error.getCondition() == _NO_SCHEMA:
                return []
            raise UsageError(
                f"catalog: cannot look into {self.schema_name(schema)}: {_reason(error)}. "
                "Do: name another catalog, or ask for the rights to use this one."
            ) from error
        self._schemas.add(schema)
        return [f"{schema}.{row['tableName']}" for row in rows if not row["isTemporary"]]

    def create(self, table: str, columns: Sequence[Column], properties: Mapping[str, str]) -> None:
        """Makes the table, and its schema if that does not exist either."""
        from pyspark.errors import PySparkException

        self._make_schema(table.split(".")[0])
        create_table = create_statement(self.table_name(table), columns, properties)
        try:
            self._run(f"make {table}", create_table)
        except PySparkException as error:
            # Of two at once one is refused, in spite of IF NOT EXISTS.
            is_conflict = (error.getCondition() or "").startswith(_MADE_AT_ONCE)
            if not (is_conflict and self._appears(table)):
                raise
        self._made.add(table)

    def create_view(
        self,
        view: str,
        table: str,
        *,
        columns: Mapping[str, str],
        where: str,
        comment: str,
    ) -> None:
        """Makes the view in one statement."""
        shown = ", ".join(f"{_name(column)} AS {_name(name)}" for name, column in columns.items())
        self._run(
            f"make {view}",
            f"CREATE OR REPLACE VIEW {self.table_name(view)} COMMENT {quoted(comment)} "  # noqa: S608 -- quoted names, our own condition
            f"AS SELECT {shown} FROM {self.table_name(table)} WHERE {where}",
        )
        self._made.add(view)

    def _appears(self, table: str) -> bool:
        """Waits for a table to be in the catalog; its log has an entry before that."""
        until = time.monotonic() + _APPEARS_WITHIN_SECONDS
        while not self.exists(table):
            if time.monotonic() > until:
                return False
            time.sleep(_LOOK_EVERY_SECONDS)
        return True

    def _make_schema(self, layer: str) -> None:
        from pyspark.errors import PySparkException

        # An existing schema may belong to somebody who lets nobody else make schemas.
        if layer in self._schemas:
            return
        session = self.spark()
        try:
            with statement(f"make the schema of {layer}"):
                session.sql(f"CREATE SCHEMA IF NOT EXISTS {self.schema_name(layer)}")
        except PySparkException as error:
            raise UsageError(
                f"catalog: cannot make {self.schema_name(layer)}: {_reason(error)}. "
                "Do: make that schema, or ask for the rights to."
            ) from error
        self._schemas.add(layer)

    def read(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        version: int | None = None,
        file_ids: Collection[int] | None = None,
        where: str | None = None,
    ) -> pa.Table:
        """Reads the table in one statement."""
        what = ", ".join(map(_name, columns)) if columns else "*"
        return self._ask(f"SELECT {what} FROM", table, version, where_clause(file_ids, where))

    def batches(
        self, table: str, *, columns: Sequence[str], where: str
    ) -> Iterator[pa.RecordBatch]:
        """Yields the rows that one statement reads."""
        yield from self.read(table, columns=columns, where=where).to_batches()

    def _ask(self, select: str, table: str, version: int | None = None, rest: str = "") -> pa.Table:
        from pyspark.errors import PySparkException

        if version is not None and version < 0:  # The table was lost since, and made anew.
            raise VersionGone(table, version)
        at = "" if version is None else f" VERSION AS OF {version:d}"
        try:
            with statement(f"read {table}"):
                answer = self.spark().sql(f"{select} {self.table_name(table)}{at}{rest}").toArrow()
        except PySparkException as error:
            if version is None or not _says_gone(error):
                raise
            # Delta refuses versions of a certain age, even if no row changed after them.
            if not self._is_as_at(table, version):
                raise VersionGone(table, version) from error
            return self._ask(select, table, rest=rest)
        return _as_in_delta_rs(answer)

    def problem(self, table: str) -> str | None:
        """Opens every file of the last version, and reads no row."""
        from pyspark.errors import PySparkException

        try:
            self._ask("SELECT sum(length(_metadata.file_name)) FROM", table)
        except PySparkException as error:
            return f"cannot be read: {_reason(error)}" if _says_gone(error) else None
        return None

    def blames_table(self, error: Exception) -> bool:
        """Blames it for Delta's errors about files only; a lost server fails for every table."""
        from pyspark.errors import PySparkException

        return isinstance(error, PySparkException) and _says_gone(error)

    def replace(self, table: str, condition: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Replaces rows by an overwrite, or by a deletion if there are no new ones."""
        import pyarrow as pa
        from pyspark.sql import functions as F

        rows = rows.read_all() if isinstance(rows, pa.RecordBatchReader) else rows
        name = self.table_name(table)
        if not rows.num_rows:
            self._run(f"write {table}", f"DELETE FROM {name} WHERE {condition}")  # noqa: S608 -- as the caller's
            return
        with statement(f"write {table}"):
            self.spark().createDataFrame(rows).writeTo(name).overwrite(F.expr(condition))

    def change_row(
        self,
        table: str,
        row: pa.Table,
        *,
        condition: str,
        stamped: Sequence[str],
        or_add: bool = False,
    ) -> None:
        """Merges the row in one statement, by the clock of the server."""
        merge = merge_statement(
            row.column_names, condition=condition, stamped=stamped, or_add=or_add
        )
        with statement(f"change a row of {table}"):
            merge_row(self.spark(), self.table_name(table), row, statement=merge)

    def totals(
        self,
        table: str,
        *,
        by: Sequence[str],
        of: str | Mapping[str, str],
        where: str | None = None,
        version: int | None = None,
    ) -> pa.Table:
        """Adds up in one statement."""
        groups = ", ".join(map(_name, by))
        select = f"SELECT {groups}, {sums(of, _name)} FROM"
        clauses = f"{where_clause(None, where)} GROUP BY {groups}"
        return self._ask(select, table, version, clauses)

    def restore(self, table: str, version: int) -> None:
        """Restores the table if its rows changed since; writes no data file."""
        if self._is_as_at(table, version):
            return
        self._run(
            f"restore {table}",
            f"RESTORE TABLE {self.table_name(table)} TO VERSION AS OF {version:d}",
        )
        self._columns.pop(table, None)

    def drop(self, table: str) -> None:
        """Drops the table; a catalog may keep it for a while, for UNDROP."""
        self._run(f"remove {table}", f"DROP TABLE IF EXISTS {self.table_name(table)}")
        self._made.discard(table)
        self._columns.pop(table, None)

    def column_names(self, table: str, version: int | None = None) -> Sequence[str]:
        """Returns the columns of the table; only `add_columns` and `restore` change them."""
        if version is not None:
            return list(self._ask("SELECT * FROM", table, version, " LIMIT 0").column_names)
        if table not in self._columns:
            self._columns[table] = self.spark().table(self.table_name(table)).columns
        return self._columns[table]

    def add_columns(self, table: str, columns: Mapping[str, str]) -> None:
        """Adds columns at the end of the table."""
        added = ", ".join(f"{_name(name)} {type_}" for name, type_ in columns.items())
        self._run(
            f"add columns to {table}", f"ALTER TABLE {self.table_name(table)} ADD COLUMNS ({added})"
        )
        self._columns.pop(table, None)


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _reason(error: PySparkException) -> str:
    return (error.getMessage() or str(error)).strip().partition("\n")[0].rstrip(".")


def _says_gone(error: PySparkException) -> bool:
    return (error.getCondition() or "").startswith(_GONE)


def _as_in_delta_rs(answer: pa.Table) -> pa.Table:
    """Returns an answer of Spark in the types of delta-rs: times in UTC, no column comments."""
    import pyarrow as pa

    fields = [
        pa.field(column.name, _plain(column.type), column.nullable) for column in answer.schema
    ]
    return answer.cast(pa.schema(fields))


def _plain(type_: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", "UTC")
    if pa.types.is_list(type_):
        return pa.list_(_plain(type_.value_type))
    return type_
