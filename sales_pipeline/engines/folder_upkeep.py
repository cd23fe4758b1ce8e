"""Versions, properties and files of Delta tables in a folder, all by delta-rs, without a session.

delta-rs can also list the files that no version needs. But Sail's checkpoints forget when a commit
removed a file, so delta-rs would take the age of the file instead, and remove it too early.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sales_pipeline.engines.damaged_folder import commits_in, problem_in
from sales_pipeline.engines.engine import DataFile, TableVersion
from sales_pipeline.engines.session import OnSession, Session
from sales_pipeline.errors import ExtraMissing, VersionGone

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable, WriterProperties

DATA_FILE_BYTES = 8 << 20
"""Size of a written or merged file of a table.

The correction of one record writes as much again, and a statement that reads some deliveries skips
the other files and divides those that are left among its tasks by their size: of large files, each
a part, that would be unequal work. Smaller ones take longer to read: with files of 2 MiB a day's
file onto 30 million records costs a fifth more.
"""
_GROUP_ROWS = 1 << 18
"""Rows of a part of a data file that one task reads; a file of fewer parts keeps cores waiting."""
_SMALL = DATA_FILE_BYTES // 4
"""A file of the size that the engines write is not merged."""
_WORTH_MERGING = 3
"""The fewest small files that are merged; the record of each maintenance is always one."""
_DAY = 86_400
_LOG_FILE = re.compile(r"(\d{20})\.(?:json|crc|checkpoint\.parquet)")
_HALF = re.compile(r".+#\d+")
"""A file that was being written when its process was killed has a number behind its name."""


def writer_properties(schema: pa.Schema) -> WriterProperties:
    """Returns how the data files of a table with these columns are written.

    Texts have no statistics: no reader skips files by them, and to compare them all takes a third
    of the time of a write. Ids and numbers of records mostly grow from row to row, so files store
    their differences: those of 3 million sales with ids in sequence take a third of the space.
    """
    from deltalake import ColumnProperties, WriterProperties

    texts = (field.name for field in schema if field.type == "string")
    columns = {name: ColumnProperties(statistics_enabled="NONE") for name in texts}
    columns["sale_id"] = ColumnProperties(encoding="DELTA_BYTE_ARRAY", statistics_enabled="NONE")
    columns["_row"] = ColumnProperties(encoding="DELTA_BINARY_PACKED", statistics_enabled="CHUNK")
    return WriterProperties(
        compression="SNAPPY", max_row_group_size=_GROUP_ROWS, column_properties=columns
    )


class FolderUpkeep(OnSession):
    """Delta tables in one lakehouse folder, `<schema>/<table>` each, without their rows."""

    def __init__(self, lakehouse: Path, session: Session) -> None:
        super().__init__(session)
        self._lakehouse = lakehouse.absolute()
        self._known: dict[str, DeltaTable] = {}

    def forget_tables(self) -> None:
        """Opens every table anew from now on."""
        self._known.clear()

    def problem(self, table: str) -> str | None:
        """Looks at the log, then at each data file that the last version names."""
        return problem_in(self._folder(table))

    def blames_table(self, error: Exception) -> bool:  # noqa: ARG002 -- to look costs little here
        """Blames it for any error, because errors of delta-rs and Spark have too many forms."""
        return True

    def version(self, table: str) -> int:
        """Returns the version of the last commit."""
        return self._delta(table).version()

    def history(self, table: str, *, limit: int | None = None) -> Sequence[TableVersion]:
        """Returns the versions in the log, with the statistics of their files."""
        from deltalake.exceptions import DeltaError

        versions = []
        for commit in self._delta(table).history(limit):
            try:
                versions.append(self._table_version(table, commit))
            except DeltaError:
                # The process was killed while the log was being shortened.
                break
        return versions

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
        """Checks that the version is in the log and its files are in the folder."""
        from deltalake.exceptions import DeltaError

        try:
            files = self._delta(table, version).file_uris()
        except (DeltaError, OSError) as error:
            raise VersionGone(table, version) from error
        # A path may have odd characters as their codes.
        if not all(Path(file).exists() or Path(unquote(file)).exists() for file in files):
            raise VersionGone(table, version)

    def restore(self, table: str, version: int) -> None:
        """Restores the table; writes no data file."""
        self._delta(table).restore(version)

    def properties(self, table: str) -> Mapping[str, str]:
        """Returns the properties in the metadata of the table."""
        configuration: Mapping[str, str] = self._delta(table).metadata().configuration
        return configuration

    def set_properties(self, table: str, properties: Mapping[str, str]) -> None:
        """Sets properties in the metadata of the table."""
        # delta-rs does not know the keys of our own properties.
        alter = self._delta(table).alter
        alter.set_table_properties(dict(properties), raise_if_not_exists=False)

    def column_names(self, table: str, version: int | None = None) -> Sequence[str]:
        """Returns the columns in the schema of the table."""
        from deltalake.exceptions import DeltaError

        try:
            return [field.name for field in self._delta(table, version).schema().fields]
        except (DeltaError, OSError) as error:
            if version is None:
                raise
            raise VersionGone(table, version) from error

    def small_files(self, table: str) -> Sequence[DataFile]:
        """Returns the small files that the log names."""
        files = self._delta(table).get_add_actions(flatten=True)
        columns = (files.column(name).to_pylist() for name in ("path", "size_bytes"))
        return worth_merging(DataFile(*file) for file in zip(*columns, strict=True))

    def compact(self, table: str) -> None:
        """Merges the small files, if there are enough of them."""
        if self.small_files(table):
            import pyarrow as pa

            known = self._delta(table)
            properties = writer_properties(pa.schema(known.schema().to_arrow()))
            known.optimize.compact(target_size=DATA_FILE_BYTES, writer_properties=properties)

    def checkpoint(self, table: str) -> None:
        """Writes a checkpoint if the last version has none.

        delta-rs writes one by itself too, but counts only its own commits.
        """
        if self.version(table) not in _checkpoints(self._folder(table)):
            self._delta(table).create_checkpoint()

    def unneeded(self, table: str, *, days: int, keep: int) -> Sequence[DataFile]:
        """Returns the files that no kept version needs, and files that killed processes left."""
        folder, since = self._folder(table), time.time() - days * _DAY
        first = max(min(keep, _last_before(since, folder)), _first_known(folder))
        checkpoints = (*_checkpoints(folder), self.version(table))
        begins = max((version for version in checkpoints if version <= first), default=0)
        paths = {
            *_old_data(folder, first, since),
            *_log_before(begins, folder),
            *_half_written(folder),
        }
        return [
            DataFile(str(path.relative_to(folder)), path.stat().st_size) for path in sorted(paths)
        ]

    def remove(self, table: str, files: Iterable[DataFile]) -> None:
        """Removes files, the oldest part of the log first, so that the log never has a gap."""
        for file in sorted(files, key=lambda file: file.path):
            (self._folder(table) / file.path).unlink(missing_ok=True)

    def new_files(self, since: float) -> Sequence[str]:
        """Returns table files and log entries written since a time."""
        # Not all of the lakehouse folder: the archive has a folder for every delivered file.
        tables = (log.parent for log in self._lakehouse.glob("*/*/_delta_log"))
        files = (path for table in tables for path in table.rglob("*") if path.is_file())
        return [str(path) for path in files if path.stat().st_mtime >= since]

    def _folder(self, table: str) -> Path:
        schema, name = table.split(".")
        return self._lakehouse / schema / name

    def _delta(self, table: str, version: int | None = None) -> DeltaTable:
        try:
            from deltalake import DeltaTable
        except ImportError as error:
            raise ExtraMissing(self.needs.extra, "deltalake") from error
        if version is not None:
            if version < 0:  # The table was lost since, and made anew.
                raise VersionGone(table, version)
            return DeltaTable(self._folder(table), version=version)
        # Reading a log from its beginning costs many times as much as reading its new entries.
        opened = self._known.get(table)
        if opened is None:
            opened = self._known[table] = DeltaTable(self._folder(table))
        else:
            opened.update_incremental()
        return opened


def worth_merging(files: Iterable[DataFile]) -> list[DataFile]:
    """Returns the small data files of a table, or none if there are too few to merge."""
    small = [file for file in files if file.bytes is not None and file.bytes < _SMALL]
    return small if len(small) >= _WORTH_MERGING else []


def _old_data(folder: Path, first: int, since: float) -> Iterator[Path]:
    """Yields data files that no version from `first` on needs and that nobody may be writing."""
    from deltalake import DeltaTable

    kept = DeltaTable(folder, version=first).get_add_actions(flatten=True)
    needed = set(kept["path"].to_pylist())
    for commit in commits_in(_log(folder)):
        if int(commit.stem) > first:
            needed |= _added(commit)
    # A log may write odd characters of a name as their codes; either is the name of a file.
    needed |= {unquote(name) for name in needed}
    for path in folder.rglob("*.parquet"):
        name = path.relative_to(folder)
        is_data = not name.parts[0].startswith("_")
        if is_data and name.as_posix() not in needed and path.stat().st_mtime < since:
            yield path


def _added(commit: Path) -> set[str]:
    actions = map(json.loads, commit.read_text(encoding="utf-8").splitlines())
    return {action["add"]["path"] for action in actions if "add" in action}


def _log_before(version: int, folder: Path) -> Iterator[Path]:
    for path in _log(folder).iterdir():
        name = _LOG_FILE.fullmatch(path.name)
        if name and int(name[1]) < version:
            yield path


def _half_written(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*#*") if _HALF.fullmatch(path.name))


def _log(folder: Path) -> Path:
    return folder / "_delta_log"


def _checkpoints(folder: Path) -> list[int]:
    return sorted(int(path.name[:20]) for path in _log(folder).glob("*.checkpoint.parquet"))


def _first_known(folder: Path) -> int:
    """Returns the first version that can be read; a log is shortened from its beginning."""
    is_whole = int(commits_in(_log(folder))[0].stem) == 0
    return 0 if is_whole else _checkpoints(folder)[0]


def _last_before(moment: float, folder: Path) -> int:
    """Returns the version that the table had at a moment."""
    commits = [(int(path.stem), path.stat().st_mtime) for path in commits_in(_log(folder))]
    young = min((version for version, at in commits if at >= moment), default=commits[-1][0] + 1)
    return young - 1
