"""Opens the lakehouse of a retailer, as every command does first; that starts no session.

Engines raise errors of many kinds when a table cannot be read or written. `named_damage` is the
one place that turns them into `TableDamaged`, with the table, its file and the command that helps
(P12): after an error it looks which table is damaged.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sales_pipeline.commit_points import commit_point
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.session import check_installed
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import SalesPipelineError, TableDamaged, UsageError, VersionGone
from sales_pipeline.lakehouse.closings import LOST as LOST_CLOSINGS
from sales_pipeline.lakehouse.declared_tables import MADE_WHEN_NEEDED
from sales_pipeline.lakehouse.holding import Hold
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ops_tables import BALANCE, DELIVERIES, RUNS
from sales_pipeline.lakehouse.rollback_steps import finish_rollback
from sales_pipeline.lakehouse.runs import finished_runs, forget_versions
from sales_pipeline.lakehouse.table_removal import is_removal_unfinished
from sales_pipeline.lakehouse.tables import BRONZE_SALES, RECORDS, bronze_table_of

_BRONZE, _GOLD = "bronze.", "gold."
_DERIVED = ("silver.", _GOLD)
_MISSING = "the table is missing"
_RESTORE = "sales-pipeline restore, which makes the ledger again from bronze and the archive"
_RESET = (
    "sales-pipeline reset, which moves every archived file back to the landing folder, "
    "and then sales-pipeline run"
)
_REBUILD = "sales-pipeline rebuild, which makes silver and gold again from bronze and the ledger"
_RUN = "sales-pipeline run, which makes it again"
_NOT_WRITABLE = tuple(os.strerror(number) for number in (errno.EACCES, errno.EROFS, errno.EPERM))


@contextmanager
def opened_lakehouse(declaration: Declaration, *, makes_again: bool = False) -> Iterator[Lakehouse]:
    """Opens the lakehouse of a retailer, even if no run has made it yet.

    Args:
        declaration: What the retailer declares.
        makes_again: Whether the command makes missing tables of silver and gold again, and gold
            of an earlier format.

    Raises:
        ExtraMissing: A package that the engine needs is not installed.
        UsageError: There is no Java, and the engine needs it.
        LakehouseMismatch: The lakehouse does not fit the declaration.
        TableDamaged: A table is missing, damaged, or cannot be written; also while it is open.
    """
    with closing(open_engine(declaration)) as engine:
        check_installed(engine.needs)
        lakehouse = Lakehouse(declaration, engine)
        with named_damage(lakehouse):
            lakehouse.check(makes_again=makes_again)
            check_ledger(lakehouse)
            missing = [] if makes_again else missing_derived(lakehouse)
            if missing:
                raise missing_table(lakehouse, missing[0])
            yield lakehouse


@contextmanager
def made_lakehouse(declaration: Declaration, *, makes_again: bool = False) -> Iterator[Lakehouse]:
    """Opens the lakehouse that earlier runs of a retailer made, as `opened_lakehouse` does.

    Raises:
        UsageError: No run has made it yet.
    """
    with opened_lakehouse(declaration, makes_again=makes_again) as lakehouse:
        if not lakehouse.exists():
            place = declaration.tables_place
            raise UsageError(f"lakehouse: none at {place} yet. Do: sales-pipeline run")
        yield lakehouse


def check_ledger(lakehouse: Lakehouse) -> None:
    """Checks that a lakehouse which was made before still has its ledger and bronze.

    Raises:
        TableDamaged: A table is missing that no run can make again.
    """
    folder = Path(lakehouse.declaration.lakehouse)
    if lakehouse.engine.capabilities.has_folder and is_removal_unfinished(folder):
        return
    missing = [name for name in lakehouse.tables if not lakehouse.engine.exists(name)]
    if missing and _was_made(lakehouse, missing):
        for name in (DELIVERIES.name, RUNS.name):
            if name in missing:
                raise missing_table(lakehouse, name)
        for name in missing:
            if name.startswith(_BRONZE) and _is_delivered(lakehouse, name):
                raise missing_table(lakehouse, name)
    if DELIVERIES.name not in missing and is_ledger_empty(lakehouse):
        problem = f"has no delivery although bronze has records, at {_place(lakehouse)}"
        raise damaged_table(lakehouse, DELIVERIES.name, problem)


def is_ledger_empty(lakehouse: Lakehouse) -> bool:
    """Returns whether the ledger is new and bronze has records, as after a killed restore."""
    engine = lakehouse.engine
    if engine.version(DELIVERIES.name) > 0 or not engine.exists(BRONZE_SALES):
        return False
    return bool(lakehouse.totals(BRONZE_SALES, by=["feed"], of="_row").num_rows)


def _was_made(lakehouse: Lakehouse, missing: Sequence[str]) -> bool:
    """Returns whether runs worked here. A killed first run may leave tables without rows."""
    if RUNS.name not in missing:
        return True
    return any(_has_commits(lakehouse, name) for name in lakehouse.tables if name not in missing)


def _has_commits(lakehouse: Lakehouse, table: str) -> bool:
    try:
        return lakehouse.engine.version(table) > 0
    except Exception:  # noqa: BLE001 -- of any engine; a table that cannot be read was written
        return True


def _is_delivered(lakehouse: Lakehouse, bronze: str) -> bool:
    """Returns whether the ledger has a delivery with records in a bronze table."""
    rows = lakehouse.rows(DELIVERIES.name, columns=["feed", "rows"])
    return any(row["rows"] and bronze_table_of(row["feed"]) == bronze for row in rows)


def missing_derived(lakehouse: Lakehouse) -> list[str]:
    """The tables of silver, gold and the balance that are missing from a lakehouse with a ledger.

    A run makes them again.
    """
    if not lakehouse.exists():
        return []
    derived = filter(is_derived, lakehouse.tables)
    return [name for name in derived if not lakehouse.engine.exists(name)]


def damaged_derived(lakehouse: Lakehouse) -> list[str]:
    """The tables of silver, gold and the balance that are there and cannot be read."""
    there = filter(lakehouse.engine.exists, filter(is_derived, lakehouse.tables))
    return [name for name in there if lakehouse.engine.problem(name) is not None]


def check_versions(lakehouse: Lakehouse) -> None:
    """Checks that the large tables in a folder are no older than the last run left them.

    A run without new files reads neither of them, and would not notice a log that was cut.

    Raises:
        TableDamaged: The log of a table ends before the version that the last run left.
    """
    runs = finished_runs(lakehouse) if lakehouse.engine.capabilities.has_folder else []
    if not runs:
        return
    for name in (BRONZE_SALES, RECORDS):
        left, there = runs[-1].version_of.get(name, -1), lakehouse.engine.version(name)
        if there < left:
            problem = (
                f"its log ends with version {there}, and the last run left version {left}, "
                f"at {_place(lakehouse, name)}"
            )
            raise damaged_table(lakehouse, name, problem)


def is_derived(table: str) -> bool:
    """Returns whether a run or `rebuild` can make a table again."""
    return table.startswith(_DERIVED) or table == BALANCE.name


def prepare_again(lakehouse: Lakehouse) -> None:
    """Makes missing tables; first commits that the earlier versions of lost ones are gone."""
    missing = missing_derived(lakehouse)
    if missing:
        forget_versions(lakehouse, missing)
    lakehouse.prepare()


def remove_earlier_gold(lakehouse: Lakehouse, hold: Hold) -> None:
    """Removes gold of an earlier format, so that the run makes it again as if it were lost.

    Each step is safe to do twice; the format of the lakehouse changes last.
    """
    if lakehouse.has_earlier_gold and hold.take(lakehouse.engine):
        # Another run may have made it again meanwhile.
        lakehouse.check(makes_again=True)
    if not lakehouse.has_earlier_gold:
        return
    finish_rollback(lakehouse, hold)
    remove_derived(lakehouse, [name for name in lakehouse.tables if name.startswith(_GOLD)])
    lakehouse.record_gold_format()


def remove_derived(lakehouse: Lakehouse, tables: Collection[str]) -> None:
    """Removes tables of silver and gold; first commits that their earlier versions are gone."""
    forget_versions(lakehouse, tables)
    for name in tables:
        if is_derived(name) and lakehouse.engine.exists(name):
            with commit_point(f"remove {name}"):
                lakehouse.engine.drop(name)


def missing_table(lakehouse: Lakehouse, table: str) -> TableDamaged:
    """Returns the error of a table that is not there."""
    do = _RUN if is_derived(table) else _command(lakehouse, table)
    return TableDamaged(table, f"{_MISSING}, at {_place(lakehouse, table)}", do)


def damaged_table(lakehouse: Lakehouse, table: str, problem: str) -> TableDamaged:
    """Returns the error of a table that cannot be read."""
    return TableDamaged(table, problem, _command(lakehouse, table))


def _command(lakehouse: Lakehouse, table: str) -> str:
    if is_derived(table):
        return _REBUILD
    if table in MADE_WHEN_NEEDED:
        return LOST_CLOSINGS
    # The ledger is restored from bronze.
    has_bronze = lakehouse.engine.exists(BRONZE_SALES)
    return _RESET if table.startswith(_BRONZE) or not has_bronze else _RESTORE


def _place(lakehouse: Lakehouse, table: str = DELIVERIES.name) -> str:
    if not lakehouse.engine.capabilities.has_folder:
        return lakehouse.engine.table_name(table)
    return str(Path(lakehouse.declaration.lakehouse, *table.split(".")))


@contextmanager
def named_damage(lakehouse: Lakehouse) -> Iterator[None]:
    """Names the table that makes the block fail, if a table does.

    Raises:
        TableDamaged: A table is damaged, or cannot be written.
    """
    try:
        yield
    except SalesPipelineError as error:
        # A version that belongs to the last run and cannot be read is damage, not old age.
        cause = error if isinstance(error, VersionGone) else error.__cause__
        if isinstance(cause, VersionGone) and (named := _named(lakehouse, [cause.table])):
            raise named from error
        raise
    except Exception as error:
        if os.strerror(errno.ENOSPC) in str(error):
            raise
        named = _unwritable(lakehouse, error)
        if named is None and lakehouse.engine.blames_table(error):
            named = _named(lakehouse, list(lakehouse.tables))
        if named is not None:
            raise named from error
        raise


def _named(lakehouse: Lakehouse, tables: Sequence[str]) -> TableDamaged | None:
    for name in tables:
        problem = lakehouse.engine.problem(name) if lakehouse.engine.exists(name) else None
        if problem is not None:
            return damaged_table(lakehouse, name, problem)
    return None


def _unwritable(lakehouse: Lakehouse, error: Exception) -> TableDamaged | None:
    """The first table whose folder refuses what the error says that the system refused."""
    if not any(reason in str(error) for reason in _NOT_WRITABLE):
        return None
    if not lakehouse.engine.capabilities.has_folder:
        return None
    do = "let the user of this command write to it, and run again; nothing is lost"
    for name in lakehouse.tables:
        folder = Path(lakehouse.declaration.lakehouse, *name.split("."))
        for place in (folder, folder / "_delta_log"):
            if place.is_dir() and not os.access(place, os.W_OK | os.X_OK):
                return TableDamaged(name, f"cannot be written, at {place}", do)
    return None
