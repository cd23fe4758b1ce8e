"""The embedded engine: Sail in this process, Delta tables in a folder, no JVM.

Sail (`pysail`) answers the Spark Connect protocol on the loopback interface. What it
does not offer (reading without a session, versions, properties, new columns) comes from
delta-rs (`deltalake`) on the same files.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sales_pipeline.commit_points import safe_point
from sales_pipeline.engines import housekeeping
from sales_pipeline.engines.engine import Capabilities, DataFile, TableVersion
from sales_pipeline.engines.interrupts import Interrupts
from sales_pipeline.errors import ExtraMissing, VersionGone

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from pyspark.sql import SparkSession


@cache
def _server_port() -> int:
    """Starts the server of this process on a free loopback port, once."""
    os.environ.setdefault("RUST_LOG", "off")
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    interrupts = Interrupts()
    server.start()
    _, port = server.listening_address
    # The server stops when it is collected, so it is kept as long as the process lives.
    _RUNNING.append((server, interrupts))
    return int(port)


@cache
def _settle_server() -> None:
    """Takes Ctrl-C back from the server, once, a while after its start."""
    _, interrupts = _RUNNING[-1]
    interrupts.put_back()


_RUNNING: list[tuple[Any, Interrupts]] = []
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # Finding the line of every call for error messages costs a fifth of a small run.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
}


@contextmanager
def _main_has_a_file() -> Iterator[None]:
    """Lets PySpark be imported where `__main__` is no file: `python -c`, a notebook.

    The client takes such a program for its own test run, and asks for a SPARK_HOME.
    """
    main = sys.modules["__main__"]
    if hasattr(main, "__file__"):
        yield
        return
    main.__file__ = "<embedded>"
    try:
        yield
    finally:
        del main.__file__


class EmbeddedEngine:
    """Sail and delta-rs over the tables of one lakehouse folder.

    Args:
        lakehouse: The folder of the tables, `<schema>/<table>` each.

    Raises:
        ExtraMissing: pysail, pyspark-client or deltalake is not installed.
    """

    name = "embedded"

    def __init__(self, lakehouse: Path) -> None:
        self._lakehouse = lakehouse.absolute()
        self._session: SparkSession | None = None
        self._opening = Lock()
        self._known: dict[str, DeltaTable] = {}
        self.capabilities = Capabilities(task_slots=len(os.sched_getaffinity(0)))

    def spark(self) -> SparkSession:
        """The session; the server starts on a free loopback port at the first call."""
        with self._opening:
            if self._session is None:
                self._session = self._open()
            return self._session

    def _open(self) -> SparkSession:
        try:
            port = _server_port()
            with warnings.catch_warnings(), _main_has_a_file():
                warnings.simplefilter("ignore", FutureWarning)
                from pyspark.sql import SparkSession

                session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").create()
        except ImportError as error:
            raise ExtraMissing("embedded", str(error.name or error)) from error
        # The server is in this process: who asks again after its end would wait for minutes.
        session.client.set_retry_policies([])
        try:
            for key, value in _SETTINGS.items():
                session.conf.set(key, value)
        except Exception:
            safe_point()  # Until here Ctrl-C ends the server.
            raise
        _settle_server()
        return session

    def table_name(self, table: str) -> str:
        """The name under which Spark knows the table."""
        return table

    def location(self, table: str) -> str | None:
        """The folder of the table."""
        return str(self._folder(table))

    def exists(self, table: str) -> bool:
        """Says whether the table's Delta log has an entry; its folder comes before the first."""
        log = self._folder(table) / "_delta_log"
        if not log.is_dir():
            return False
        with os.scandir(log) as entries:
            return any(each.name.endswith(".json") for each in entries)

    def read(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        version: int | None = None,
        file_ids: Collection[int] | None = None,
    ) -> pa.Table:
        """Reads the table with delta-rs."""
        from deltalake.exceptions import DeltaError
        from pyarrow import ArrowException

        what = ", ".join(map(_quoted, columns)) if columns else "*"
        where = "" if file_ids is None else f" WHERE _file_id IN ({_listed(file_ids)})"
        question = f"SELECT {what} FROM asked{where}"  # noqa: S608 -- quoted names, whole numbers
        try:
            return _ask(self._delta(table, version), question)
        except (DeltaError, ArrowException, OSError) as error:
            if version is None:
                raise
            raise VersionGone(table, version) from error

    def replace(self, table: str, condition: str, rows: pa.Table) -> None:
        """Replaces rows with delta-rs, which costs a quarter of what a session takes for it."""
        from deltalake import write_deltalake

        write_deltalake(self._delta(table), rows, mode="overwrite", predicate=condition)

    def totals(self, table: str, *, by: Sequence[str], of: str) -> pa.Table:
        """Adds up with delta-rs; the table is never in memory as a whole."""
        groups = ", ".join(map(_quoted, by))
        sums = f"count(*) AS records, sum({_quoted(of)}) AS {_quoted(of)}"
        question = f"SELECT {groups}, {sums} FROM asked GROUP BY {groups}"  # noqa: S608 -- quoted names
        return _ask(self._delta(table), question)

    def version(self, table: str) -> int:
        """The version of the table's last commit."""
        return self._delta(table).version()

    def history(self, table: str, *, limit: int | None = None) -> Sequence[TableVersion]:
        """The versions in the table's log, and what the statistics of their files say."""
        from deltalake.exceptions import DeltaError

        found = []
        for each in self._delta(table).history(limit):
            try:
                found.append(self._table_version(table, each))
            except DeltaError:
                # What is left of a log that was being shortened when its process was killed.
                break
        return found

    def _table_version(self, table: str, commit: Mapping[str, Any]) -> TableVersion:
        files = self._delta(table, commit["version"]).get_add_actions(flatten=True)
        known = files.schema.names
        counts = files.column("num_records").to_pylist() if "num_records" in known else [None]
        return TableVersion(
            version=commit["version"],
            at=datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
            operation=commit.get("operation", "unknown"),
            rows=None if None in counts else sum(counts),
            files=files.num_rows,
        )

    def check_version(self, table: str, version: int) -> None:
        """Looks whether the version is in the log, and its files in the folder."""
        from deltalake.exceptions import DeltaError

        try:
            files = self._delta(table, version).file_uris()
        except (DeltaError, OSError) as error:
            raise VersionGone(table, version) from error
        if not all(Path(each).exists() for each in files):
            raise VersionGone(table, version)

    def restore(self, table: str, version: int) -> None:
        """Restores the table with delta-rs; no data file is written."""
        self._delta(table).restore(version)

    def properties(self, table: str) -> Mapping[str, str]:
        """The properties in the table's metadata."""
        configuration: Mapping[str, str] = self._delta(table).metadata().configuration
        return configuration

    def set_properties(self, table: str, properties: Mapping[str, str]) -> None:
        """Sets properties in the table's metadata."""
        self._delta(table).alter.set_table_properties(dict(properties))

    def small_files(self, table: str) -> Sequence[DataFile]:
        """The small files that the table's log names."""
        return housekeeping.small_files(self._delta(table))

    def compact(self, table: str) -> None:
        """Merges them with delta-rs."""
        housekeeping.compact(self._delta(table))

    def checkpoint(self, table: str) -> None:
        """Writes a checkpoint with delta-rs, which counts only the commits that it makes itself."""
        housekeeping.checkpoint(self._delta(table), self._folder(table))

    def unneeded(self, table: str, *, days: int, keep: int) -> Sequence[DataFile]:
        """The files in the table's folder that no version needs which is kept."""
        return housekeeping.unneeded(self._delta(table), self._folder(table), days=days, keep=keep)

    def remove(self, table: str, files: Iterable[DataFile]) -> None:
        """Removes them, the beginning of the log first, so that it never has a gap."""
        for each in sorted(files, key=lambda file: file.path):
            (self._folder(table) / each.path).unlink(missing_ok=True)

    def column_names(self, table: str) -> Sequence[str]:
        """The columns in the table's schema."""
        return [field.name for field in self._delta(table).schema().fields]

    def add_columns(self, table: str, columns: Mapping[str, str]) -> None:
        """Adds columns at the end of the table; Delta has small letters for the names of types."""
        from deltalake import Field
        from deltalake.schema import PrimitiveType

        fields = [
            Field(name, PrimitiveType("long" if type_ == "BIGINT" else type_.lower()))
            for name, type_ in columns.items()
        ]
        self._delta(table).alter.add_columns(fields)

    def new_files(self, since: float) -> Sequence[str]:
        """Table files and log entries written since a time."""
        # Not all of the lakehouse folder: the archive has a folder for every file ever delivered.
        tables = (log.parent for log in self._lakehouse.glob("*/*/_delta_log"))
        files = (path for each in tables for path in each.rglob("*") if path.is_file())
        return [str(path) for path in files if path.stat().st_mtime >= since]

    def close(self) -> None:
        """Closes the session; the server stays for the next one, until the process ends."""
        with self._opening:
            if self._session is not None:
                self._session.stop()
                self._session = None

    def _folder(self, table: str) -> Path:
        schema, name = table.split(".")
        return self._lakehouse / schema / name

    def _delta(self, table: str, version: int | None = None) -> DeltaTable:
        try:
            from deltalake import DeltaTable
        except ImportError as error:
            raise ExtraMissing("embedded", "deltalake") from error
        if version is not None:
            return DeltaTable(self._folder(table), version=version)
        # Reading a log from its beginning costs many times as much as looking for what is new.
        known = self._known.get(table)
        if known is None:
            known = self._known[table] = DeltaTable(self._folder(table))
        else:
            known.update_incremental()
        return known


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _listed(numbers: Collection[int]) -> str:
    return ", ".join(f"{number:d}" for number in sorted(numbers)) or "NULL"


def _ask(table: DeltaTable, question: str) -> pa.Table:
    """What delta-rs answers to a question in SQL about a table, there called `asked`.

    Its other way, a PyArrow dataset, imports pandas, which takes half a second, and now and
    then aborts the process at its end.
    """
    import pyarrow as pa
    from deltalake import QueryBuilder

    answer = QueryBuilder().register("asked", table).execute(question)
    given = pa.schema(answer.schema)
    wanted = pa.schema([each.with_type(_as_spark_gives_it(each.type)) for each in given])
    # `pa.table` would import pandas too, only to see that the answer is none of its frames.
    return pa.RecordBatchReader.from_stream(answer, wanted).read_all()


def _as_spark_gives_it(type_: pa.DataType) -> pa.DataType:
    """The type of a column with texts instead of the views of texts that delta-rs gives."""
    import pyarrow as pa

    if pa.types.is_string_view(type_):
        return pa.string()
    if pa.types.is_list(type_):
        return pa.list_(type_.value_field.with_type(_as_spark_gives_it(type_.value_type)))
    return type_
