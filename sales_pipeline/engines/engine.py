"""What the rest of the package may ask of an engine.

Engines differ in how a session is opened and how a table is found and read.
What they can do beyond that is data (`Capabilities`), never a question of a name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

    from sales_pipeline.engines.columns import Column


CHANGES_NO_ROW = frozenset(
    {
        "OPTIMIZE",
        "VACUUM START",
        "VACUUM END",
        "SET TBLPROPERTIES",
        "ADD COLUMN",
        "ADD COLUMNS",
        "CREATE TABLE",
    }
)
"""What Delta calls the commits that maintenance makes, and those by which a run prepares tables."""


@dataclass(frozen=True)
class Capabilities:
    """What an engine can do.

    Attributes:
        task_slots: How many tasks work at the same time; the reader makes as many partitions.
        has_folder: Whether the tables lie in the lakehouse folder; else they are in a catalog,
            and where their files lie is its own affair.
        is_leased: Whether one run at a time is kept by a lease in `ops.lock`, for several machines
            may share the tables.
        has_spark_csv: Whether the CSV reader is Spark's own, which `reader: builtin` needs.
        bytes_read_here: Landing files of at most so many bytes are read by this process and
            written without a data source, whose Python workers take seconds to start.
    """

    task_slots: int
    has_folder: bool = True
    is_leased: bool = True
    has_spark_csv: bool = True
    bytes_read_here: int = 1 << 24


@dataclass(frozen=True)
class Needs:
    """What an engine needs of the machine that calls it.

    Attributes:
        extra: The part of this package that installs it.
        packages: The packages in it that this engine uses.
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
        at: When, UTC.
        operation: What was done, in Delta's word: `WRITE`, `OPTIMIZE`.
        rows: The rows that the table had after it, or None where its files do not say.
        files: The data files that the table had after it, or None where nothing says it.
    """

    version: int
    at: datetime
    operation: str
    rows: int | None
    files: int | None


@dataclass(frozen=True)
class DataFile:
    """A file of a table: its path below the table, and its size where that is known."""

    path: str
    bytes: int | None


class Engine(Protocol):
    """One way to run Spark code over Delta tables."""

    name: str
    needs: Needs
    capabilities: Capabilities

    def versions(self) -> Mapping[str, str]:
        """What the engine is made of -> the version of that; opens a session where it has to."""

    def spark(self) -> SparkSession:
        """The session; opened at the first call. Several threads may ask for it at once."""

    def table_name(self, table: str) -> str:
        """The name under which Spark knows a table such as `silver.sales`, which was made.

        Where a session has to be told of tables, it is told of this one.
        """

    def create(self, table: str, columns: Sequence[Column], properties: Mapping[str, str]) -> None:
        """Makes a table without rows, in one commit; one that is there already is left as it is.

        Args:
            table: The table, such as `silver.sales`.
            columns: Its columns, in their order.
            properties: Its table properties.
        """

    def exists(self, table: str) -> bool:
        """Says whether the table was made."""

    def tables(self, schema: str) -> Sequence[str]:
        """Every table that a schema such as `bronze` holds, whoever made it; none without it."""

    def read(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        version: int | None = None,
        file_ids: Collection[int] | None = None,
        where: str | None = None,
    ) -> pa.Table:
        """Reads a small table as Arrow; without a session where the engine can.

        Args:
            table: The table, such as `silver.records`.
            columns: Only these columns.
            version: An earlier version of the table.
            file_ids: Only rows of these deliveries, which makes a large table small.
            where: Only rows that fulfil this SQL condition, made of literals only.

        Raises:
            VersionGone: The version asked for is not kept any more.
        """

    def replace(self, table: str, condition: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Replaces the rows of a table that fulfil a condition by rows of this process.

        One commit. Where the tables lie in a folder, a reader's batches are never in memory
        together.

        Args:
            table: The table, such as `ops.deliveries`.
            condition: A SQL condition over its columns, made of literals only.
            rows: The new rows, in the table's own columns and types.
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

        Nothing is changed where somebody else commits to the table at the same time: of all who
        try at once, one succeeds. Who did, `read` tells.

        Args:
            table: The table, such as `ops.lock`.
            row: One row: the key in its first column, then the columns that change.
            condition: A SQL condition over the row as it stands, called `old`, made of literals
                and of `now()`, the engine's time.
            stamped: Further columns, which get the engine's time.
            or_add: Whether the row is added where there is none of its key.
        """

    def totals(
        self, table: str, *, by: Sequence[str], of: str, where: str | None = None
    ) -> pa.Table:
        """Counts the rows of a table, which may be large, in groups, and adds up a column.

        Without a session where the engine can.

        Args:
            table: The table, such as `silver.sales`.
            by: The columns that make the groups.
            of: A column of figures.
            where: Only rows that fulfil this SQL condition, made of literals only.

        Returns:
            The columns of `by`, `records`, and the column `of` added up.
        """

    def version(self, table: str) -> int:
        """The Delta version of a table."""

    def history(self, table: str, *, limit: int | None = None) -> Sequence[TableVersion]:
        """The versions of a table that are still known, the latest first.

        Args:
            table: The table, such as `silver.sales`.
            limit: Only so many.
        """

    def check_version(self, table: str, version: int) -> None:
        """Checks that an earlier version of a table is still kept as a whole.

        Raises:
            VersionGone: It is not.
        """

    def restore(self, table: str, version: int) -> None:
        """Brings a table back to an earlier version, in one commit on top of the later ones.

        Args:
            table: The table, such as `silver.sales`.
            version: A version that is kept, and at most the last one.
        """

    def properties(self, table: str) -> Mapping[str, str]:
        """The table properties of a table."""

    def set_properties(self, table: str, properties: Mapping[str, str]) -> None:
        """Sets table properties, in one commit; others stay as they are."""

    def small_files(self, table: str) -> Sequence[DataFile]:
        """The data files of a table that `compact` merges; none where they are not worth it."""

    def compact(self, table: str) -> None:
        """Merges the small data files of a table, in one commit that changes no row."""

    def checkpoint(self, table: str) -> None:
        """Sums a table's log up, so that reading it costs no more as it grows."""

    def unneeded(self, table: str, *, days: int, keep: int) -> Sequence[DataFile]:
        """The files that no version of a table needs which is kept, its log included.

        Among them are those that a killed process left behind.

        Args:
            table: The table, such as `silver.sales`.
            days: Kept is what was the last version at any instant of so many days.
            keep: This version and all later ones are kept, however old they are.
        """

    def remove(self, table: str, files: Iterable[DataFile]) -> None:
        """Removes files that `unneeded` named; a table whose log was summed up stays whole."""

    def drop(self, table: str) -> None:
        """Removes a table that was made, with all its versions; half a table, too."""

    def column_names(self, table: str) -> Sequence[str]:
        """The columns that a table has, in its order."""

    def add_columns(self, table: str, columns: Mapping[str, str]) -> None:
        """Adds nullable columns (name -> simple Spark SQL type) at the end of a table."""

    def new_files(self, since: float) -> Sequence[str]:
        """Local files of tables written since a time (seconds), to be synced to the disk."""

    def close(self) -> None:
        """Ends the session, where one was opened."""
