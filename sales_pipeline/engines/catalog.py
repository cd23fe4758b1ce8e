"""Delta tables in a catalog, known by their names; where their files lie is the catalog's affair.

All is asked in Spark SQL, in as few statements as can be: on a JVM each costs a second. What
cannot change while a run holds the lakehouse is asked once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sales_pipeline.engines.columns import create_statement, quoted
from sales_pipeline.engines.engine import CHANGES_NO_ROW, Capabilities, DataFile, TableVersion
from sales_pipeline.engines.housekeeping import worth_merging
from sales_pipeline.engines.merged_row import merge_row, merge_statement
from sales_pipeline.engines.session import OnSession, Session
from sales_pipeline.errors import UsageError, VersionGone

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.errors import PySparkException

    from sales_pipeline.engines.columns import Column

_HOUR = 3600
_A_MOMENT = 0.001
"""In hours, the unit of VACUUM."""
_NO_SCHEMA = "SCHEMA_NOT_FOUND"
_TOO_SHORT = "DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT"
_MADE_AT_ONCE = ("DELTA_", "TABLE_OR_VIEW_ALREADY_EXISTS")
_APPEARS_WITHIN_SECONDS = 30
_LOOK_EVERY_SECONDS = 0.5
_GONE = ("DELTA_", "FAILED_READ_FILE")
"""How the conditions begin that Spark names where a version, or a file of it, is not there."""


class CatalogEngine(OnSession):
    """Tables in the schemas `<schema>_bronze`, `_silver`, `_gold` and `_ops` of a catalog.

    Args:
        catalog: The catalog.
        schema: How its schemas begin.
        session: What runs Spark code over them.
    """

    def __init__(self, catalog: str, schema: str, session: Session) -> None:
        super().__init__(session)
        self._catalog, self._schema = catalog, schema
        self._schemas: set[str] = set()
        self._made: set[str] = set()
        self._columns: dict[str, Sequence[str]] = {}
        self._kept: set[tuple[str, int]] = set()
        self._vacuums: dict[str, tuple[int, float]] = {}
        self.capabilities = Capabilities(task_slots=session.task_slots, has_folder=False)

    def table_name(self, table: str) -> str:
        """The name of the table in its catalog, each part in backticks."""
        layer, name = table.split(".")
        return f"{self.schema_name(layer)}.`{name}`"

    def schema_name(self, layer: str) -> str:
        """The name of the schema of `bronze`, `silver`, `gold` or `ops` in its catalog."""
        return f"`{self._catalog}`.`{self._schema}_{layer}`"

    def exists(self, table: str) -> bool:
        """Asks for the tables of its schema, all at once; what is there stays there."""
        if table not in self._made:
            layer = table.split(".")[0]
            self._made.update(self.tables(layer))
        return table in self._made

    def tables(self, schema: str) -> Sequence[str]:
        """Asks for the tables of the schema."""
        return [f"{schema}.{name}" for name in self._tables_in(schema)]

    def _tables_in(self, layer: str) -> list[str]:
        from pyspark.errors import PySparkException

        session = self.spark()
        try:
            rows = session.sql(f"SHOW TABLES IN {self.schema_name(layer)}").collect()
        except PySparkException as error:
            if error.getCondition() == _NO_SCHEMA:
                return []
            raise UsageError(
                f"catalog: cannot look into {self.schema_name(layer)}: {_reason(error)}. "
                "Do: name another catalog, or ask for the rights to use this one."
            ) from error
        self._schemas.add(layer)
        return [row["tableName"] for row in rows if not row["isTemporary"]]

    def create(self, table: str, columns: Sequence[Column], properties: Mapping[str, str]) -> None:
        """Makes the table, and its schema where that is not there either."""
        from pyspark.errors import PySparkException

        self._make_schema(table.split(".")[0])
        statement = create_statement(self.table_name(table), columns, properties)
        try:
            self.spark().sql(statement)
        except PySparkException as error:
            # Of two who make it at once one is refused, whatever IF NOT EXISTS says.
            is_conflict = (error.getCondition() or "").startswith(_MADE_AT_ONCE)
            if not (is_conflict and self._appears(table)):
                raise
        self._made.add(table)

    def _appears(self, table: str) -> bool:
        """Whether a table is soon in the catalog; its log has an entry before that."""
        until = time.monotonic() + _APPEARS_WITHIN_SECONDS
        while not self.exists(table):
            if time.monotonic() > until:
                return False
            time.sleep(_LOOK_EVERY_SECONDS)
        return True

    def _make_schema(self, layer: str) -> None:
        from pyspark.errors import PySparkException

        # One that is there may well be somebody's who lets nobody else make any.
        if layer in self._schemas:
            return
        session = self.spark()
        try:
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
        of_files = None if file_ids is None else f"_file_id IN ({_listed(file_ids)})"
        return self._ask(f"SELECT {what} FROM", table, version, _where(of_files, where))

    def _ask(self, select: str, table: str, version: int | None = None, rest: str = "") -> pa.Table:
        from pyspark.errors import PySparkException

        at = "" if version is None else f" VERSION AS OF {version:d}"
        try:
            answer = self.spark().sql(f"{select} {self.table_name(table)}{at}{rest}").toArrow()
        except PySparkException as error:
            if version is None or not _says_gone(error):
                raise
            # Delta refuses versions of a certain age, even where nothing came after them.
            if not self._is_as_at(table, version):
                raise VersionGone(table, version) from error
            return self._ask(select, table, rest=rest)
        return _as_delta_rs_gives_it(answer)

    def _is_as_at(self, table: str, version: int) -> bool:
        """Says whether the rows of a table are still those that it had at a version."""
        commits = self.history(table)
        since = [each for each in commits if each.version > version]
        is_known = commits[0].version >= version
        return is_known and all(each.operation in CHANGES_NO_ROW for each in since)

    def replace(self, table: str, condition: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Replaces rows by an overwrite, or a mere deletion where there are none."""
        import pyarrow as pa
        from pyspark.sql import functions as F

        rows = rows.read_all() if isinstance(rows, pa.RecordBatchReader) else rows
        name = self.table_name(table)
        if not rows.num_rows:
            self.spark().sql(f"DELETE FROM {name} WHERE {condition}")  # noqa: S608 -- as the caller's
            return
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
        statement = merge_statement(
            row.column_names, condition=condition, stamped=stamped, or_add=or_add
        )
        merge_row(self.spark(), self.table_name(table), row, statement=statement)

    def totals(
        self, table: str, *, by: Sequence[str], of: str, where: str | None = None
    ) -> pa.Table:
        """Adds up in one statement."""
        groups, sums = ", ".join(map(_name, by)), _name(of)
        select = f"SELECT {groups}, count(*) AS records, sum({sums}) AS {sums} FROM"
        return self._ask(select, table, rest=f"{_where(where)} GROUP BY {groups}")

    def version(self, table: str) -> int:
        """The version of the table's last commit."""
        return self.history(table, limit=1)[0].version

    def history(self, table: str, *, limit: int | None = None) -> Sequence[TableVersion]:
        """The versions in the table's log, which does not say how large the table was."""
        last = "" if limit is None else f" LIMIT {limit:d}"
        found = self.spark().sql(f"DESCRIBE HISTORY {self.table_name(table)}{last}")
        rows = found.select("version", "timestamp", "operation").toArrow().to_pylist()
        return [_table_version(row) for row in rows]

    def check_version(self, table: str, version: int) -> None:
        """Opens every file of the version, and reads no row."""
        # Runs that follow each other left the same version of most tables.
        if (table, version) not in self._kept:
            self._ask("SELECT sum(length(_metadata.file_name)) FROM", table, version)
            self._kept.add((table, version))

    def restore(self, table: str, version: int) -> None:
        """Restores the table, where its rows changed since; no data file is written."""
        if self._is_as_at(table, version):
            return
        self.spark().sql(f"RESTORE TABLE {self.table_name(table)} TO VERSION AS OF {version:d}")
        self._columns.pop(table, None)

    def properties(self, table: str) -> Mapping[str, str]:
        """The properties of the table, those that the catalog adds among them."""
        rows = self.spark().sql(f"SHOW TBLPROPERTIES {self.table_name(table)}").collect()
        return {row["key"]: row["value"] for row in rows}

    def set_properties(self, table: str, properties: Mapping[str, str]) -> None:
        """Sets properties of the table."""
        pairs = ", ".join(f"{quoted(key)} = {quoted(value)}" for key, value in properties.items())
        self.spark().sql(f"ALTER TABLE {self.table_name(table)} SET TBLPROPERTIES ({pairs})")

    def small_files(self, table: str) -> Sequence[DataFile]:
        """The small files of the table, as the rows in them name them."""
        detail = self.spark().sql(f"DESCRIBE DETAIL {self.table_name(table)}").collect()[0]
        if not worth_merging(DataFile("", 0) for _ in range(detail["numFiles"])):
            return []
        select = "SELECT DISTINCT _metadata.file_path AS path, _metadata.file_size AS bytes FROM"
        rows = self._ask(select, table).to_pylist()
        return worth_merging(DataFile(_last_part(row["path"]), row["bytes"]) for row in rows)

    def compact(self, table: str) -> None:
        """Merges them as the platform does."""
        self.spark().sql(f"OPTIMIZE {self.table_name(table)}")

    def checkpoint(self, table: str) -> None:
        """Nothing to do: whoever writes a commit sums up the log now and then."""

    def unneeded(self, table: str, *, days: int, keep: int) -> Sequence[DataFile]:
        """What VACUUM would remove, which goes by ages: none where that might reach `keep`.

        Maintenance that merged files and was killed before it was recorded left such a table;
        once it is recorded, the next one finds what there is. That is so, too, where the table
        was told so far to keep its versions for longer.
        """
        commits, since = self.history(table), datetime.now(UTC) - timedelta(days=days)
        if all(each.at >= since for each in commits):
            return ()
        if any(each.version > keep and each.at < since for each in commits):
            return ()
        self._vacuums[table] = (days, time.monotonic())
        from pyspark.errors import PySparkException

        try:
            rows = self.spark().sql(f"{self._vacuum(table)} DRY RUN").collect()
        except PySparkException as error:
            if error.getCondition() == _TOO_SHORT:
                return ()
            raise
        return [DataFile(_last_part(row[0]), None) for row in rows]

    def remove(self, table: str, files: Iterable[DataFile]) -> None:
        """Lets VACUUM remove them, and nothing that was needed when `unneeded` looked."""
        if list(files):
            self._kept.clear()
            self.spark().sql(self._vacuum(table))

    def _vacuum(self, table: str) -> str:
        days, looked = self._vacuums[table]
        # Rounded up, so that what was merged meanwhile leaves its files to who reads them now.
        since = math.ceil((time.monotonic() - looked) / _HOUR / _A_MOMENT) * _A_MOMENT
        hours = f"{days * 24}" if days else f"{since:.3f}"
        return f"VACUUM {self.table_name(table)} RETAIN {hours} HOURS"

    def drop(self, table: str) -> None:
        """Drops the table; a catalog may keep it for a while, to be undropped."""
        self.spark().sql(f"DROP TABLE IF EXISTS {self.table_name(table)}")
        self._made.discard(table)
        self._columns.pop(table, None)

    def column_names(self, table: str) -> Sequence[str]:
        """The columns of the table; only `add_columns` and `restore` change them."""
        if table not in self._columns:
            self._columns[table] = self.spark().table(self.table_name(table)).columns
        return self._columns[table]

    def add_columns(self, table: str, columns: Mapping[str, str]) -> None:
        """Adds columns at the end of the table."""
        added = ", ".join(f"{_name(name)} {type_}" for name, type_ in columns.items())
        self.spark().sql(f"ALTER TABLE {self.table_name(table)} ADD COLUMNS ({added})")
        self._columns.pop(table, None)

    def new_files(self, since: float) -> Sequence[str]:  # noqa: ARG002 -- as in the protocol
        """None: a commit to a table in a catalog is as safe as its storage makes it."""
        return ()


def _table_version(commit: Mapping[str, Any]) -> TableVersion:
    at: datetime = commit["timestamp"]
    return TableVersion(
        version=commit["version"],
        at=at.astimezone(UTC),
        operation=commit["operation"],
        rows=None,
        files=None,
    )


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _where(*conditions: str | None) -> str:
    """The WHERE of a statement; nothing where there is no condition."""
    given = [f"({condition})" for condition in conditions if condition is not None]
    return f" WHERE {' AND '.join(given)}" if given else ""


def _listed(numbers: Collection[int]) -> str:
    return ", ".join(f"{number:d}" for number in sorted(numbers)) or "NULL"


def _last_part(path: str) -> str:
    return path.rpartition("/")[2]


def _reason(error: PySparkException) -> str:
    return (error.getMessage() or str(error)).strip().partition("\n")[0].rstrip(".")


def _says_gone(error: PySparkException) -> bool:
    return (error.getCondition() or "").startswith(_GONE)


def _as_delta_rs_gives_it(answer: pa.Table) -> pa.Table:
    """An answer of Spark in plain types: times in UTC whatever a session calls it, no comments."""
    import pyarrow as pa

    fields = [pa.field(each.name, _plain(each.type), each.nullable) for each in answer.schema]
    return answer.cast(pa.schema(fields))


def _plain(type_: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", "UTC")
    if pa.types.is_list(type_):
        return pa.list_(_plain(type_.value_type))
    return type_
