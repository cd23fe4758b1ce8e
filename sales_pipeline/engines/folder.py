"""Delta tables in a folder that this process sees, whichever Spark writes the large ones.

What needs no session (small tables, versions, properties, keeping house) comes from delta-rs
(`deltalake`) on the same files; how the session knows a table is a subclass's own.
"""

from __future__ import annotations

import os
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sales_pipeline.engines import housekeeping
from sales_pipeline.engines.engine import Capabilities, DataFile, TableVersion
from sales_pipeline.engines.session import OnSession, Session
from sales_pipeline.errors import ExtraMissing, UsageError, VersionGone

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from deltalake.schema import ArrayType, PrimitiveType

    from sales_pipeline.engines.columns import Column

_NO_FOLDER = frozenset("[]\\^|%")


class FolderEngine(OnSession, ABC):
    """Delta tables in one lakehouse folder, `<schema>/<table>` each.

    Args:
        lakehouse: The folder of the tables.
        session: What runs Spark code over them.
    """

    is_leased = True

    def __init__(self, lakehouse: Path, session: Session) -> None:
        super().__init__(session)
        check_folder(lakehouse)
        self._lakehouse = lakehouse.absolute()
        self._known: dict[str, DeltaTable] = {}
        self.capabilities = Capabilities(
            session.task_slots, is_leased=self.is_leased, has_spark_csv=session.has_spark_csv
        )

    @abstractmethod
    def table_name(self, table: str) -> str:
        """The name under which Spark knows the table."""

    def create(self, table: str, columns: Sequence[Column], properties: Mapping[str, str]) -> None:
        """Makes the table with delta-rs, in a hundredth of what a session on a JVM takes for it."""
        from deltalake import DeltaTable, Field, Schema
        from deltalake.exceptions import CommitFailedError

        fields = [
            Field(
                each.name,
                _delta_type(each.type),
                nullable=each.nullable,
                metadata={"comment": each.comment},
            )
            for each in columns
        ]
        self._known.pop(table, None)  # One that was here before, and was removed.
        # Where somebody else makes it at the same time, it is there already.
        with suppress(CommitFailedError):
            DeltaTable.create(
                self._folder(table),
                schema=Schema(fields),
                mode="ignore",
                configuration=dict(properties),
                # Properties of our own are no keys that it knows.
                raise_if_key_not_exists=False,
            )

    def exists(self, table: str) -> bool:
        """Says whether the table's Delta log has an entry; its folder comes before the first."""
        log = self._folder(table) / "_delta_log"
        if not log.is_dir():
            return False
        with os.scandir(log) as entries:
            return any(each.name.endswith(".json") for each in entries)

    def tables(self, schema: str) -> Sequence[str]:
        """The folders in that of the schema; half a table is one, too."""
        folder = self._lakehouse / schema
        if not folder.is_dir():
            return []
        with os.scandir(folder) as entries:
            return sorted(f"{schema}.{each.name}" for each in entries if each.is_dir())

    def read(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        version: int | None = None,
        file_ids: Collection[int] | None = None,
        where: str | None = None,
    ) -> pa.Table:
        """Reads the table with delta-rs."""
        from deltalake.exceptions import DeltaError
        from pyarrow import ArrowException

        what = ", ".join(map(_quoted, columns)) if columns else "*"
        condition = _conditions(file_ids, where)
        question = f"SELECT {what} FROM asked{condition}"  # noqa: S608 -- quoted names, literals
        try:
            return _ask(self._delta(table, version), question)
        except (DeltaError, ArrowException, OSError) as error:
            if version is None:
                raise
            raise VersionGone(table, version) from error

    def replace(self, table: str, condition: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Replaces rows with delta-rs, which costs a quarter of what a session takes for it."""
        from deltalake import write_deltalake

        write_deltalake(self._delta(table), rows, mode="overwrite", predicate=condition)

    def change_row(
        self,
        table: str,
        row: pa.Table,
        *,
        condition: str,
        stamped: Sequence[str],
        or_add: bool = False,
    ) -> None:
        """Merges the row with delta-rs, which sees commits that conflict."""
        from deltalake.exceptions import CommitFailedError

        key, *changed = row.column_names
        values = {each: f"new.{each}" for each in changed} | dict.fromkeys(stamped, "now()")
        merge = self._delta(table).merge(
            row, f"old.{key} = new.{key}", source_alias="new", target_alias="old"
        )
        merge.when_matched_update(values, predicate=condition)
        if or_add:
            merge.when_not_matched_insert({key: f"new.{key}"} | values)
        with suppress(CommitFailedError):
            merge.execute()

    def totals(
        self, table: str, *, by: Sequence[str], of: str, where: str | None = None
    ) -> pa.Table:
        """Adds up with delta-rs; the table is never in memory as a whole."""
        groups = ", ".join(map(_quoted, by))
        sums = f"count(*) AS records, sum({_quoted(of)}) AS {_quoted(of)}"
        condition = _conditions(None, where)
        question = f"SELECT {groups}, {sums} FROM asked{condition} GROUP BY {groups}"  # noqa: S608 -- quoted names
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
        # It gives a path with odd characters as their codes.
        if not all(Path(each).exists() or Path(unquote(each)).exists() for each in files):
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
        """Adds columns at the end of the table."""
        from deltalake import Field

        fields = [Field(name, _delta_type(type_)) for name, type_ in columns.items()]
        self._delta(table).alter.add_columns(fields)

    def new_files(self, since: float) -> Sequence[str]:
        """Table files and log entries written since a time."""
        # Not all of the lakehouse folder: the archive has a folder for every file ever delivered.
        tables = (log.parent for log in self._lakehouse.glob("*/*/_delta_log"))
        files = (path for each in tables for path in each.rglob("*") if path.is_file())
        return [str(path) for path in files if path.stat().st_mtime >= since]

    def drop(self, table: str) -> None:
        """Removes the table's folder, and that of its schema where nothing is left in it."""
        folder = self._folder(table)
        self._known.pop(table, None)
        shutil.rmtree(folder)
        with suppress(OSError):
            folder.parent.rmdir()

    def _folder(self, table: str) -> Path:
        schema, name = table.split(".")
        return self._lakehouse / schema / name

    def _delta(self, table: str, version: int | None = None) -> DeltaTable:
        try:
            from deltalake import DeltaTable
        except ImportError as error:
            raise ExtraMissing(self.needs.extra, "deltalake") from error
        if version is not None:
            return DeltaTable(self._folder(table), version=version)
        # Reading a log from its beginning costs many times as much as looking for what is new.
        known = self._known.get(table)
        if known is None:
            known = self._known[table] = DeltaTable(self._folder(table))
        else:
            known.update_incremental()
        return known


def check_folder(lakehouse: Path) -> None:
    """Checks that Delta tables can lie in a folder, for some characters mean something in an URL.

    Raises:
        UsageError: Its path, links followed, has such a character.
    """
    place = str(lakehouse.resolve())
    if odd := sorted(_NO_FOLDER.intersection(place)):
        raise UsageError(
            f"lakehouse: no folder for tables, its path has {' and '.join(odd)}, got {place!r}. "
            "Do: choose one whose path has none of " + " ".join(sorted(_NO_FOLDER))
        )


def _delta_type(sql: str) -> PrimitiveType | ArrayType:
    """The type of Delta for a type of Spark SQL; Delta has a few names of its own.

    >>> _delta_type("ARRAY<BIGINT>")
    ArrayType(PrimitiveType("long"), contains_null=True)
    """
    from deltalake.schema import ArrayType, PrimitiveType

    if array := re.fullmatch(r"ARRAY<(.+)>", sql):
        return ArrayType(_delta_type(array[1]))
    name = sql.lower()
    return PrimitiveType({"bigint": "long", "int": "integer"}.get(name, name))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _conditions(file_ids: Collection[int] | None, where: str | None) -> str:
    """The WHERE of a question: rows of some deliveries that fulfil a condition."""
    of_files = None if file_ids is None else f"_file_id IN ({_listed(file_ids)})"
    conditions = [f"({condition})" for condition in (of_files, where) if condition is not None]
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


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
