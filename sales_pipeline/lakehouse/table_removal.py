"""Removes the tables of a lakehouse, so that a killed removal can be finished later.

In a folder the ledger goes first, in one step: from then on nothing tells what the other tables
hold, and a remaining table is known to be unwanted. In a catalog there is no such step: there
`ops.runs` says so, and goes last. Files are no part of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from sales_pipeline.commit_points import commit_point
from sales_pipeline.engines.engine import Engine
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ops_tables import LOCK, RUNS
from sales_pipeline.lakehouse.preparation import WHEN_REMOVED

_LEDGER = "ops"
_SCHEMAS = (_LEDGER, "gold", "silver", "bronze")


def remove_tables(
    lakehouse: Lakehouse, feeds: Iterable[str], *, then: Callable[[], None] = lambda: None
) -> None:
    """Removes all tables except `ops.lock`.

    Args:
        lakehouse: The tables.
        feeds: The feeds in the ledger, of which some may no longer be declared.
        then: Called after `ops.lock`, which names the run at work, had to be removed too.
    """
    if lakehouse.engine.capabilities.has_folder:
        _remove_folders(Path(lakehouse.declaration.lakehouse), then=then)
    else:
        _drop([*lakehouse.tables, *(f"bronze.{feed}" for feed in feeds)], lakehouse.engine)


def _drop(names: Iterable[str], engine: Engine) -> None:
    """Drops tables, once `ops.runs` says that they are on their way out; it goes last itself."""
    existing = [name for name in dict.fromkeys(names) if engine.exists(name) and name != RUNS.name]
    is_made = engine.exists(RUNS.name)
    if is_made:
        with commit_point("begin to remove the tables"):
            engine.set_properties(RUNS.name, WHEN_REMOVED)
    # The ledger after all others: it knows feeds that are declared no more.
    for name in sorted(existing, key=lambda table: table.startswith(_LEDGER)):
        with commit_point(f"remove {name}"):
            engine.drop(name)
    if is_made:
        engine.drop(RUNS.name)


def _remove_folders(lakehouse: Path, *, then: Callable[[], None] = lambda: None) -> None:
    """Removes all tables; renames each schema first, so that nobody reads half of it."""
    if not _has_tables(lakehouse / _LEDGER):
        # Without it a removal that is killed would look like a ledger that was lost.
        _doomed(lakehouse / _LEDGER).mkdir(exist_ok=True)
    for schema in _SCHEMAS:
        folder = lakehouse / schema
        if _has_tables(folder):
            shutil.rmtree(_doomed(folder), ignore_errors=True)
            with commit_point(f"remove the tables of {schema}"):
                folder.rename(_doomed(folder))
            if schema == _LEDGER:
                then()
    for schema in reversed(_SCHEMAS):  # The ledger last: it says that there is more to remove.
        shutil.rmtree(_doomed(lakehouse / schema), ignore_errors=True)


def finish_removal(lakehouse: Path) -> None:
    """Finishes a killed removal in a folder; called before any table is made."""
    if is_removal_unfinished(lakehouse):
        _remove_folders(lakehouse)


def is_removal_unfinished(lakehouse: Path) -> bool:
    """Returns whether a removal was killed, or is in progress."""
    ledger = lakehouse / _LEDGER
    return _doomed(ledger).exists() and not _has_tables(ledger)


def _has_tables(schema: Path) -> bool:
    """Returns whether a schema has a table other than `ops.lock`."""
    lock = LOCK.name.partition(".")[2]
    names = {folder.name for folder in schema.iterdir()} if schema.is_dir() else set()
    return schema.is_dir() and (schema.name != _LEDGER or names != {lock})


def _doomed(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.removed")
