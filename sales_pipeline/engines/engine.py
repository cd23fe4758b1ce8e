"""The interface of an engine: the rest of the package uses nothing else.

Engines differ in how a session is opened and how a table is found and read. All further
differences are data (`Capabilities`); nothing depends on the name of an engine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

    from sales_pipeline.engines.statements import Column

CHANGES_NO_ROW = frozenset([
    "OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES", "ADD COLUMN", "ADD COLUMNS",
    "CREATE TABLE",
])  # fmt: skip
"""Delta's names for commits of maintenance, and of a run that prepares its tables."""


@dataclass(frozen=True)
class Capabilities:
    """The abilities of an engine.

    Attributes:
        task_slots: The number of tasks that run at the same time; the reader makes as many
            partitions.
        has_folder: Whether the tables lie in the lakehouse folder; otherwise they are in a
            catalog, which decides where their files lie.
        is_leased: Whether a lease in `ops.lock` allows one run at a time, because several
            machines may share the tables.
        has_spark_csv: Whether the CSV reader is Spark's own, which `reader: builtin` needs.
        bytes_read_here: Landing files of at most so many bytes are read by this process and
            written without a data source, whose Python workers take seconds to start.
        counts_keys_here: Whether this process counts the keys of a batch, because the engine is in
            it and would take several times the memory.
        rows_held_here: A batch of at most so many records is held by this process: it reads them
            and writes what became of them, which takes a statement less time than a session does.
        write_options: Options of every write of a table by Spark.
    """

    task_slots: int
    has_folder: bool = True
    is_leased: bool = True
    has_spark_csv: bool = True
    bytes_read_here: int = 1 << 24
    counts_keys_here: bool = False
    rows_held_here: int = 0
    write_options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Needs:
    """The needs of an engine on the machine that uses it.

    Attributes:
        extra: The extra of this package that installs it.
        packages: The packages of that extra that this engine uses.
        java: Whether a session starts a JVM here.
    """

    extra: str
    packages: tuple[str, ...]
    java: bool = False


@dataclass(frozen=True)
class TableVersion:
    """One commit to a table.

    Attributes:
        version: The Delta version that it made.
        at: The time of the commit, UTC.
        operation: Delta's word for the commit: `WRITE`, `OPTIMIZE`.
        rows: The rows of the table after it, or None if its files do not say.
        files: The data files of the table after it, or None if nothing says it.
    """

    version: int
    at: datetime
    operation: str
    rows: int | None
    files: int | None


@dataclass(frozen=True)
class DataFile:
    """A file of a table: its path below the table, and its size if that is known."""

    path: str
    bytes: int | None


class Engine(Protocol):
    """One way to run Spark code over Delta tables.

    Tables and views have the names of their schemas: `silver.sales`. Conditions are Spark SQL over
    the columns of their table, made of literals only.
    """

    name: str
    needs: Needs
    capabilities: Capabilities

    def versions(self) -> Mapping[str, str]:
        """Returns component -> version; opens a session if the engine has to."""

    def spark(self) -> SparkSession:
        """Returns the session; opens it at the first call. Several threads may call at once."""

    def view_name(self, purpose: str) -> str:
        """Returns the name of the temporary view for a purpose; no other engine uses it.

        Several lakehouses, and a notebook with views of its own, may share a session.
        """

    def table_name(self, table: str) -> str:
        """Returns the name under which Spark knows an existing table such as `silver.sales`.

        If a session has to register tables, it registers this one.
        """

    def create(self, table: str, columns: Sequence[Column], properties: Mapping[str, str]) -> None:
        """Makes a table without rows, in one commit; an existing table stays as it is."""

    def create_view(
        self,
        view: str,
        table: str,
        *,
        columns: Mapping[str, str],
        where: str,
        comment: str,
    ) -> None:
        """Makes a view of a table, or makes it anew; does nothing if tables lie in a folder.

        Args:
            view: The view.
            table: The table.
            columns: The columns that it shows: name in the view -> column of the table.
            where: The condition of its rows.
            comment: What a row is.
        """

    def exists(self, table: str) -> bool:
        """Returns whether the table exists."""

    def tables(self, schema: str) -> Sequence[str]:
        """Returns all tables in a schema such as `bronze`, of other programs too."""

    def problem(self, table: str) -> str | None:
        """Returns the fault of the log or a data file of an existing table, or None.

        It names the file if it can. It may read all of the table's log, so it is asked after an
        error, and before a table is used that may be damaged.
        """

    def blames_table(self, error: Exception) -> bool:
        """Returns whether an error may come from a damaged table, so that `problem` is worth it."""

    def forget_tables(self) -> None:
        """Drops all cached facts about tables, because others may have changed them until now."""

    def read(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        version: int | None = None,
        file_ids: Collection[int] | None = None,
        where: str | None = None,
    ) -> pa.Table:
        """Reads a small table as Arrow, or an earlier version; without a session if it can.

        With `columns`, `file_ids` and `where`, only these columns, and rows of these deliveries
        that fulfil the condition: a large table becomes a small one.

        Raises:
            VersionGone: The version asked for is not kept any more.
        """

    def batches(
        self, table: str, *, columns: Sequence[str], where: str
    ) -> Iterator[pa.RecordBatch]:
        """Yields some columns of the rows of a table that fulfil a condition.

        The table may be large if the tables lie in a folder.
        """

    def replace(self, table: str, condition: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Replaces the rows of a table that fulfil a condition by rows of this process.

        It is one commit. The rows are in the table's own columns and types. If the tables lie in a
        folder, a reader's batches are never in memory together.
        """

    def change_row(
        self,
        table: str,
        row: pa.Table,
        *,
        condition: str,
        stamped: Sequence[str],
        or_add: bool = False,
    ) -> None:
        """Changes the one row of a table if it fulfils a condition, in one commit.

        If others commit to the table at the same time, exactly one of them succeeds; `read` shows
        the row of the winner.

        Args:
            table: The table.
            row: One row: the key in its first column, then the columns that change.
            condition: A condition over the row as it stands, called `old`, which may use `now()`,
                the engine's time.
            stamped: Further columns, which get the engine's time.
            or_add: Whether the row is added if there is none with its key.
        """

    def totals(
        self,
        table: str,
        *,
        by: Sequence[str],
        of: str | Mapping[str, str],
        where: str | None = None,
        version: int | None = None,
    ) -> pa.Table:
        """Counts the rows of a table, which may be large, in groups, and adds up a column.

        Without a session if the engine can.

        Args:
            table: The table.
            by: The columns that make the groups.
            of: A column of figures, or the name of each sum -> the SQL expression that is added
                up, made of the table's columns and literals only.
            where: The condition of the rows that count; all do without it.
            version: An earlier version of the table.

        Returns:
            The columns of `by`, `records`, and the column `of` or the sums.

        Raises:
            VersionGone: The version is not kept any more.
        """

    def version(self, table: str) -> int:
        """Returns the Delta version of a table."""

    def history(self, table: str, *, limit: int | None = None) -> Sequence[TableVersion]:
        """Returns the versions of a table that are still known, the latest `limit` first."""

    def check_version(self, table: str, version: int) -> None:
        """Checks that an earlier version of a table is still kept as a whole.

        Raises:
            VersionGone: It is not.
        """

    def restore(self, table: str, version: int) -> None:
        """Brings a table back to a version that is kept, in one commit on top of the later ones."""

    def properties(self, table: str) -> Mapping[str, str]:
        """Returns the table properties of a table."""

    def set_properties(self, table: str, properties: Mapping[str, str]) -> None:
        """Sets table properties, in one commit; others stay as they are."""

    def small_files(self, table: str) -> Sequence[DataFile]:
        """Returns the data files that `compact` would merge; none if there are too few."""

    def compact(self, table: str) -> None:
        """Merges the small data files of a table, in one commit that changes no row."""

    def checkpoint(self, table: str) -> None:
        """Writes a checkpoint of the log, so that reading it costs no more as it grows."""

    def unneeded(self, table: str, *, days: int, keep: int) -> Sequence[DataFile]:
        """Returns the files of a table and its log that no kept version needs.

        That includes files which a killed process left behind.

        Args:
            table: The table.
            days: Every version that was the last one at some time in so many days is kept.
            keep: This version and all later ones are kept, however old they are.
        """

    def remove(self, table: str, files: Iterable[DataFile]) -> None:
        """Removes files that `unneeded` named; the table needs a checkpoint before."""

    def drop(self, table: str) -> None:
        """Removes a table with all its versions; a half-made table too."""

    def column_names(self, table: str, version: int | None = None) -> Sequence[str]:
        """Returns the columns of a table, or of an earlier version of it, in its order.

        Raises:
            VersionGone: The version asked for is not kept any more.
        """

    def add_columns(self, table: str, columns: Mapping[str, str]) -> None:
        """Adds nullable columns (name -> simple Spark SQL type) at the end of a table."""

    def new_files(self, since: float) -> Sequence[str]:
        """Returns local files of tables written since a time (seconds), to sync them to disk."""

    def close(self) -> None:
        """Ends the session if one was opened."""
