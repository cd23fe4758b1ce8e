"""Versions, properties and files of Delta tables in a catalog, in Spark SQL."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sales_pipeline.engines.engine import CHANGES_NO_ROW, DataFile, TableVersion
from sales_pipeline.engines.folder_upkeep import worth_merging
from sales_pipeline.engines.session import OnSession, Session
from sales_pipeline.engines.statements import quoted
from sales_pipeline.profile import statement

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

_HOUR = 3600
_A_MOMENT = 0.001
"""The shortest time that VACUUM is given, in hours."""
_TOO_SHORT = "DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT"


class CatalogUpkeep(OnSession, ABC):
    """Delta tables in a catalog, without their rows."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._readable: set[tuple[str, int]] = set()
        self._vacuums: dict[str, tuple[int, float]] = {}

    @abstractmethod
    def table_name(self, table: str) -> str:
        """Returns the name of the table in its catalog."""

    @abstractmethod
    def _ask(self, select: str, table: str, version: int | None = None, rest: str = "") -> pa.Table:
        """Returns the answer to a query over one table."""

    def _run(self, purpose: str, sql: str) -> DataFrame:
        """Runs a command of SQL, and returns its answer."""
        with statement(purpose):
            return self.spark().sql(sql)

    def version(self, table: str) -> int:
        """Returns the version of the last commit."""
        return self.history(table, limit=1)[0].version

    def history(self, table: str, *, limit: int | None = None) -> Sequence[TableVersion]:
        """Returns the versions in the log, which does not say how large the table was."""
        last = "" if limit is None else f" LIMIT {limit:d}"
        with statement(f"read the versions of {table}"):
            commits = self.spark().sql(f"DESCRIBE HISTORY {self.table_name(table)}{last}")
            rows = commits.select("version", "timestamp", "operation").toArrow().to_pylist()
        return [
            TableVersion(
                row["version"],
                row["timestamp"].astimezone(UTC),
                row["operation"],
                rows=None,
                files=None,
            )
            for row in rows
        ]

    def _is_as_at(self, table: str, version: int) -> bool:
        """Returns whether no row of the table changed since a version."""
        commits = self.history(table)
        since = [commit for commit in commits if commit.version > version]
        is_known = commits[0].version >= version
        return is_known and all(commit.operation in CHANGES_NO_ROW for commit in since)

    def check_version(self, table: str, version: int) -> None:
        """Opens every file of the version, and reads no row."""
        # Successive runs left the same version of most tables.
        if (table, version) not in self._readable:
            self._ask("SELECT sum(length(_metadata.file_name)) FROM", table, version)
            self._readable.add((table, version))

    def properties(self, table: str) -> Mapping[str, str]:
        """Returns the properties of the table, with the ones that the catalog adds."""
        shown = self._run(f"read {table}", f"SHOW TBLPROPERTIES {self.table_name(table)}")
        return {row["key"]: row["value"] for row in shown.collect()}

    def set_properties(self, table: str, properties: Mapping[str, str]) -> None:
        """Sets properties of the table."""
        pairs = ", ".join(f"{quoted(key)} = {quoted(value)}" for key, value in properties.items())
        self._run(
            f"set properties of {table}",
            f"ALTER TABLE {self.table_name(table)} SET TBLPROPERTIES ({pairs})",
        )

    def small_files(self, table: str) -> Sequence[DataFile]:
        """Returns the small files of the table, as the metadata of its rows names them."""
        described = self._run(f"read {table}", f"DESCRIBE DETAIL {self.table_name(table)}")
        detail = described.collect()[0]
        if not worth_merging(DataFile("", 0) for _ in range(detail["numFiles"])):
            return []
        select = "SELECT DISTINCT _metadata.file_path AS path, _metadata.file_size AS bytes FROM"
        rows = self._ask(select, table).to_pylist()
        return worth_merging(DataFile(_last_part(row["path"]), row["bytes"]) for row in rows)

    def compact(self, table: str) -> None:
        """Merges the small files by the platform's own OPTIMIZE."""
        self._run(f"merge files of {table}", f"OPTIMIZE {self.table_name(table)}")

    def checkpoint(self, table: str) -> None:
        """Does nothing: Spark writes checkpoints by itself."""

    def unneeded(self, table: str, *, days: int, keep: int) -> Sequence[DataFile]:
        """Returns the files that VACUUM would remove; none if that could reach version `keep`.

        VACUUM goes by ages. So nothing is removed after a maintenance that merged files and was
        killed before it was recorded, or when the table kept its versions for longer until now;
        the maintenance after the next recorded one removes it.
        """
        commits, since = self.history(table), datetime.now(UTC) - timedelta(days=days)
        if all(commit.at >= since for commit in commits):
            return ()
        if any(commit.version > keep and commit.at < since for commit in commits):
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
        """Lets VACUUM remove the files, but none that was needed when `unneeded` looked."""
        if list(files):
            self._readable.clear()
            self._run(f"remove old files of {table}", self._vacuum(table))

    def _vacuum(self, table: str) -> str:
        days, looked = self._vacuums[table]
        # Rounded up, so that files that were merged meanwhile stay for their present readers.
        since = math.ceil((time.monotonic() - looked) / _HOUR / _A_MOMENT) * _A_MOMENT
        hours = f"{days * 24}" if days else f"{since:.3f}"
        return f"VACUUM {self.table_name(table)} RETAIN {hours} HOURS"

    def new_files(self, since: float) -> Sequence[str]:  # noqa: ARG002 -- as in the protocol
        """Returns none: a commit to a table in a catalog is as safe as its storage makes it."""
        return ()


def _last_part(path: str) -> str:
    return path.rpartition("/")[2]
