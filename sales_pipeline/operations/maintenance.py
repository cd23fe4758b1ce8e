"""`maintain`: merges small files, and removes files that no kept version needs.

It changes no row and touches no delivered file: in the archive, only copies that a kill
cut short are removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sales_pipeline.bronze.file_moves import ARCHIVE, REJECTED
from sales_pipeline.commit_points import commit_point
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.engine import DataFile
from sales_pipeline.lakehouse.holding import held
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.lakehouse.ops_tables import LOCK
from sales_pipeline.lakehouse.runs import (
    MAINTAIN,
    RunRecord,
    begun_run,
    check_finished,
    chosen_run,
    record_end,
    table_versions,
    utc_now,
)
from sales_pipeline.landing.archive import partial_files, sync

_LOCK_DAYS = 1


@dataclass(frozen=True)
class TableUpkeep:
    """The maintenance of one table: its small data files are merged, unneeded files removed."""

    table: str
    small: tuple[DataFile, ...]
    unneeded: tuple[DataFile, ...]


@dataclass(frozen=True)
class Maintenance:
    """The maintenance of a lakehouse, planned or done.

    Attributes:
        keep_days: For how many days earlier versions are kept.
        tables: The tables with something to do.
        left_behind: Files that killed commands left beside the tables; paths below the lakehouse.
        is_done: True if it was done, and not only planned.
        run_id: The run that it is recorded as; None if it gave no table another version.
    """

    keep_days: int
    tables: tuple[TableUpkeep, ...]
    left_behind: tuple[DataFile, ...] = ()
    is_done: bool = False
    run_id: str | None = None

    @property
    def freed_bytes(self) -> int | None:
        """The bytes of the removed files; None if the size of any is not known."""
        of_tables = (file for upkeep in self.tables for file in upkeep.unneeded)
        return bytes_of((*of_tables, *self.left_behind))


def bytes_of(files: Iterable[DataFile]) -> int | None:
    """The bytes of some files together; None if the size of any is not known."""
    sizes = [file.bytes for file in files]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def foreseen_maintenance(declaration: Declaration) -> Maintenance:
    """Plans a maintenance; changes nothing.

    Raises:
        UsageError: There is no lakehouse yet, or a killed run has to be finished first.
    """
    with made_lakehouse(declaration) as lakehouse:
        return _foreseen(lakehouse, _last_run(lakehouse))


def maintain(declaration: Declaration, *, wait_seconds: float = 0) -> Maintenance:
    """Merges small files, records that as a run, and removes versions older than the declared days.

    The state after the last finished run is readable at every instant; until the next maintenance,
    also for readers that began before. A killed maintenance may be repeated, also after a run.

    Raises:
        UsageError: There is no lakehouse yet, or a killed run has to be finished first.
        LakehouseBusy: Another run holds the lakehouse.
    """
    with (
        held(declaration, MAINTAIN, wait_seconds=wait_seconds) as hold,
        made_lakehouse(declaration) as lakehouse,
    ):
        hold.take(lakehouse.engine)
        last = _last_run(lakehouse)
        planned = _foreseen(lakehouse, last)
        run_id = _merge(lakehouse, last, planned)
        _remove(lakehouse, planned)
        return replace(planned, is_done=True, run_id=run_id)


def _last_run(lakehouse: Lakehouse) -> RunRecord:
    last = chosen_run(lakehouse)
    check_finished(lakehouse, last)
    return last


def _folder(lakehouse: Lakehouse) -> Path:
    return Path(lakehouse.declaration.lakehouse)


def _foreseen(lakehouse: Lakehouse, last: RunRecord) -> Maintenance:
    days = lakehouse.declaration.keep_days
    upkeeps = (_table_upkeep(lakehouse, name, last) for name in lakehouse.existing())
    tables = tuple(
        upkeep for upkeep in (*upkeeps, *_lock_upkeep(lakehouse)) if upkeep.small or upkeep.unneeded
    )
    return Maintenance(days, tables, left_behind=tuple(_left_behind(_folder(lakehouse))))


def _table_upkeep(lakehouse: Lakehouse, name: str, last: RunRecord) -> TableUpkeep:
    engine, days = lakehouse.engine, lakehouse.declaration.keep_days
    # Readers read the versions that the last run left, and the present ones of other tables.
    kept = last.version_of.get(name)
    keep = engine.version(name) if kept is None else kept
    unneeded = engine.unneeded(name, days=days, keep=keep)
    return TableUpkeep(name, tuple(engine.small_files(name)), tuple(unneeded))


def _lock_upkeep(lakehouse: Lakehouse) -> Iterator[TableUpkeep]:
    """The upkeep of the lease's table: each renewal adds a version; nobody reads earlier ones."""
    engine = lakehouse.engine
    if engine.exists(LOCK.name):
        keep = engine.version(LOCK.name)
        unneeded = engine.unneeded(LOCK.name, days=_LOCK_DAYS, keep=keep)
        yield TableUpkeep(LOCK.name, (), tuple(unneeded))


def _merge(lakehouse: Lakehouse, last: RunRecord, planned: Maintenance) -> str | None:
    """Merges small files; returns the id of the run that it is recorded as.

    It takes one commit a table, which changes no row; if it is killed between two, it leaves
    readers with the state after the last run, and the next maintenance goes on with it.
    """
    engine, started_at = lakehouse.engine, utc_now()
    small = {upkeep.table for upkeep in planned.tables if upkeep.small}
    for name in lakehouse.existing():
        with commit_point(f"sum up the log of {name}"):
            engine.checkpoint(name)
        lakehouse.adapt(name)
        if name in small:
            with commit_point(f"merge small files of {name}"):
                engine.compact(name)
    # Merged files are on the disk before the record names them, and before any file is removed.
    sync(list(engine.new_files(started_at.timestamp())))
    versions = table_versions(lakehouse)
    if versions == last.versions:
        return None
    begun = begun_run(lakehouse, MAINTAIN, started_at, figures_of=last)
    return record_end(lakehouse, begun, versions=versions).run_id


def _remove(lakehouse: Lakehouse, planned: Maintenance) -> None:
    """Removes the files that were planned before the merge, so that readers keep merged ones."""
    for upkeep in planned.tables:
        with commit_point(f"remove old files of {upkeep.table}"):
            lakehouse.engine.remove(upkeep.table, upkeep.unneeded)
    for path in [_folder(lakehouse) / file.path for file in planned.left_behind]:
        path.unlink()
    for put_aside in list(_put_aside(_folder(lakehouse))):
        shutil.rmtree(put_aside)


def _left_behind(folder: Path) -> Iterator[DataFile]:
    """Copies to the archive that a kill cut short, and tables that a killed reset put aside."""
    copies = (path for name in (ARCHIVE, REJECTED) for path in partial_files(folder / name))
    tables = (path for put_aside in _put_aside(folder) for path in put_aside.rglob("*"))
    for path in sorted({*copies, *tables}):
        if path.is_file():
            yield DataFile(str(path.relative_to(folder)), path.stat().st_size)


def _put_aside(folder: Path) -> Iterator[Path]:
    # `reset` renames tables to this before it removes them; nothing reads them any more.
    return folder.glob(".*.removed")
