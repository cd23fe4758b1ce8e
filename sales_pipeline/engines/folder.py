"""Delta tables in a folder that this process sees; Spark or Sail writes the large ones.

Work that needs no session is done by delta-rs (`deltalake`) on the same files: small tables here,
versions and files in `folder_upkeep`. A subclass says how its session finds a table.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from sales_pipeline.engines.engine import Capabilities
from sales_pipeline.engines.folder_upkeep import DATA_FILE_BYTES, FolderUpkeep, writer_properties
from sales_pipeline.engines.session import Session, usable_cores
from sales_pipeline.engines.statements import Column, merged_values, sums, where_clause
from sales_pipeline.errors import UsageError, VersionGone
from sales_pipeline.profile import statement

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from deltalake.schema import ArrayType, PrimitiveType


_NO_FOLDER = frozenset("[]\\^|%")
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""Control characters, and what stands for bytes that are no UTF-8."""


class FolderEngine(FolderUpkeep, ABC):
    """Delta tables in one lakehouse folder, `<schema>/<table>` each."""

    is_leased = True
    bytes_read_here = 1 << 28
    counts_keys_here = False
    rows_held_here = 50_000
    write_options: Mapping[str, str] = MappingProxyType({})

    def __init__(self, lakehouse: Path, session: Session) -> None:
        check_folder(lakehouse)
        super().__init__(lakehouse, session)
        self.capabilities = Capabilities(
            usable_cores(),
            is_leased=self.is_leased,
            has_spark_csv=session.has_spark_csv,
            bytes_read_here=self.bytes_read_here,
            counts_keys_here=self.counts_keys_here,
            rows_held_here=self.rows_held_here,
            write_options=self.write_options,
        )

    @abstractmethod
    def table_name(self, table: str) -> str:
        """Returns the name under which Spark knows the table."""

    def create(self, table: str, columns: Sequence[Column], properties: Mapping[str, str]) -> None:
        """Makes the table with delta-rs, which takes a hundredth of the time of a JVM session."""
        from deltalake import DeltaTable, Field, Schema
        from deltalake.exceptions import CommitFailedError

        fields = [
            Field(
                column.name,
                _delta_type(column.type),
                nullable=column.nullable,
                metadata={"comment": column.comment},
            )
            for column in columns
        ]
        self._known.pop(table, None)  # An earlier table of this name, which was removed.
        # If another process makes it at the same time, it exists already.
        with suppress(CommitFailedError), statement(f"make {table}"):
            DeltaTable.create(
                self._folder(table),
                schema=Schema(fields),
                mode="ignore",
                configuration=dict(properties),
                # delta-rs does not know the keys of our own properties.
                raise_if_key_not_exists=False,
            )

    def create_view(
        self,
        view: str,
        table: str,
        *,
        columns: Mapping[str, str],
        where: str,
        comment: str,
    ) -> None:
        """Nothing to do: a folder has no views, docs/tables.md shows the filter of each."""

    def exists(self, table: str) -> bool:
        """Returns whether the Delta log has an entry; a table's folder exists before that."""
        log = self._folder(table) / "_delta_log"
        if not log.is_dir():
            return False
        with os.scandir(log) as entries:
            return any(entry.name.endswith(".json") for entry in entries)

    def tables(self, schema: str) -> Sequence[str]:
        """Returns the folders in the folder of the schema, half-made tables too."""
        folder = self._lakehouse / schema
        if not folder.is_dir():
            return []
        with os.scandir(folder) as entries:
            return sorted(f"{schema}.{entry.name}" for entry in entries if entry.is_dir())

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
        what = ", ".join(map(_quoted, columns)) if columns else "*"
        condition = where_clause(file_ids, where)
        question = f"SELECT {what} FROM asked{condition}"  # noqa: S608 -- quoted names, literals
        return self._answer(table, version, question, purpose=f"read {table}")

    def batches(
        self, table: str, *, columns: Sequence[str], where: str
    ) -> Iterator[pa.RecordBatch]:
        """Yields the rows as delta-rs reads them; they are never in memory together."""
        what = ", ".join(map(_quoted, columns))
        question = f"SELECT {what} FROM asked WHERE {where}"  # noqa: S608 -- quoted names, literals
        with statement(f"read {table}"):
            yield from _asked(self._delta(table), question)

    def _answer(self, table: str, version: int | None, question: str, *, purpose: str) -> pa.Table:
        from deltalake.exceptions import DeltaError
        from pyarrow import ArrowException

        try:
            with statement(purpose):
                return _asked(self._delta(table, version), question).read_all()
        except (DeltaError, ArrowException, OSError) as error:
            if version is None:
                raise
            raise VersionGone(table, version) from error

    def replace(self, table: str, condition: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Replaces rows with delta-rs, which costs a quarter of what a session takes for it."""
        from deltalake import write_deltalake

        known = self._delta(table)
        _check_writable(self._folder(table))
        with statement(f"write {table}"):
            write_deltalake(
                known,
                rows,
                mode="overwrite",
                predicate=condition,
                target_file_size=DATA_FILE_BYTES,
                writer_properties=writer_properties(rows.schema),
            )

    def change_row(
        self,
        table: str,
        row: pa.Table,
        *,
        condition: str,
        stamped: Sequence[str],
        or_add: bool = False,
    ) -> None:
        """Merges the row with delta-rs, which detects commits that conflict."""
        from deltalake.exceptions import CommitFailedError

        key, values = merged_values(row.column_names, stamped)
        merge = self._delta(table).merge(
            row, f"old.{key} = new.{key}", source_alias="new", target_alias="old"
        )
        merge.when_matched_update(values, predicate=condition)
        if or_add:
            merge.when_not_matched_insert({key: f"new.{key}"} | values)
        with suppress(CommitFailedError), statement(f"change a row of {table}"):
            merge.execute()

    def totals(
        self,
        table: str,
        *,
        by: Sequence[str],
        of: str | Mapping[str, str],
        where: str | None = None,
        version: int | None = None,
    ) -> pa.Table:
        """Adds up with delta-rs; the table is never in memory as a whole."""
        groups = ", ".join(map(_quoted, by))
        condition = where_clause(None, where)
        question = f"SELECT {groups}, {sums(of, _quoted)} FROM asked{condition} GROUP BY {groups}"  # noqa: S608 -- quoted names
        return self._answer(table, version, question, purpose=f"add up {table}")

    def add_columns(self, table: str, columns: Mapping[str, str]) -> None:
        """Adds columns at the end of the table."""
        from deltalake import Field

        fields = [Field(name, _delta_type(type_)) for name, type_ in columns.items()]
        with statement(f"add columns to {table}"):
            self._delta(table).alter.add_columns(fields)

    def drop(self, table: str) -> None:
        """Removes the folder of the table, and the folder of its schema if it is empty then."""
        folder = self._folder(table)
        self._known.pop(table, None)
        shutil.rmtree(folder)
        with suppress(OSError):
            folder.parent.rmdir()


def check_folder(lakehouse: Path) -> None:
    """Checks that Delta tables can lie in a folder: its path is used as an URL.

    Raises:
        UsageError: The path, links resolved, has a character with a meaning in URLs, or one that no
            URL has.
    """
    place = str(lakehouse.resolve())
    if _NO_TEXT.search(place):
        raise UsageError(
            "lakehouse: no folder for tables, its path has control characters or bytes that are no "
            f"UTF-8, got {place!r}. Do: choose another one"
        )
    if odd := sorted(_NO_FOLDER.intersection(place)):
        raise UsageError(
            f"lakehouse: no folder for tables, its path has {' and '.join(odd)}, got {place!r}. "
            "Do: choose one whose path has none of " + " ".join(sorted(_NO_FOLDER))
        )


def _check_writable(folder: Path) -> None:
    """Raises the system's error where nothing can be written; delta-rs would print a panic, too."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _delta_type(sql: str) -> PrimitiveType | ArrayType:
    """Returns the Delta type of a Spark SQL type; some have another name in Delta.

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


def _asked(table: DeltaTable, question: str) -> pa.RecordBatchReader:
    """Returns the answer of delta-rs to a query over a table, which the query calls `asked`.

    The alternative, a PyArrow dataset, imports pandas, which takes half a second and sometimes
    aborts the process at its end.
    """
    import pyarrow as pa
    from deltalake import QueryBuilder

    answer = QueryBuilder().register("asked", table).execute(question)
    answer_schema = pa.schema(answer.schema)
    schema = pa.schema([column.with_type(_as_in_spark(column.type)) for column in answer_schema])
    # `pa.table` would import pandas too, only to check whether the answer is a pandas frame.
    return pa.RecordBatchReader.from_stream(answer, schema)


def _as_in_spark(type_: pa.DataType) -> pa.DataType:
    """Returns the type with strings instead of the string views that delta-rs uses."""
    import pyarrow as pa

    if pa.types.is_string_view(type_):
        return pa.string()
    if pa.types.is_list(type_):
        return pa.list_(type_.value_field.with_type(_as_in_spark(type_.value_type)))
    return type_
