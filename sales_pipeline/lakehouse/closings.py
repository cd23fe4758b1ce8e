"""The closed months, and the tables that keep their figures.

`close` first writes what is kept, then, in one commit, the rows of `ops.closings` that make it
count; `reopen` removes these rows first. So what is kept of a month without such a row never
counts, whenever a command is killed. A run leaves a version of these tables, as of all others, so
a reader finds the closed months of the run that it reads, and a rollback brings them back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from sales_pipeline.commit_points import commit_point
from sales_pipeline.config.taxes import NET_OF_TAX
from sales_pipeline.engines.engine import Engine
from sales_pipeline.errors import TableDamaged
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.declared_tables import CLOSED_TABLES, MADE_WHEN_NEEDED
from sales_pipeline.lakehouse.lakehouse import Lakehouse, in_months
from sales_pipeline.lakehouse.ops_tables import CLOSINGS
from sales_pipeline.lakehouse.runs import (
    GONE,
    RunRecord,
    finished_runs,
    forget_versions,
    has_changed_rows,
)
from sales_pipeline.lakehouse.tables import Table

LOST = (
    "sales-pipeline restore, which removes what is left of the closed months; close them again then"
)


@dataclass(frozen=True)
class Closing:
    """A closed month; see `ops.closings` for the fields."""

    month: date
    closed_at: datetime
    run_id: str
    of_run: str
    revenue: Decimal
    basis: str
    last_file_id: int
    on_hold: bool
    passed_over: tuple[str, ...] = ()

    @property
    def is_net_of_tax(self) -> bool:
        """True if tax was taken off the figures that are kept."""
        return self.basis == NET_OF_TAX


Closings = Mapping[date, Closing]
"""Month -> its closing, in the order of the months."""


def closings_left(engine: Engine, run: RunRecord) -> Closings:
    """Returns the months that were closed when a run finished.

    Raises:
        TableDamaged: A table of the closed months is missing.
        UsageError: What the run left is not kept any more.
    """
    if run.version_of.get(CLOSINGS.name, GONE) == GONE:
        return {}
    return _closings(python_rows(read_left(engine, run, CLOSINGS)))


def read_left(engine: Engine, run: RunRecord, table: Table, where: str | None = None) -> pa.Table:
    """Returns rows of a table of the closed months as a run left it.

    With `where`, a SQL condition made of literals only, they are the rows that fulfil it.

    Raises:
        TableDamaged: The table is missing.
        UsageError: What the run left is not kept any more.
    """
    version = run.version_left(table.name)
    check_kept(engine, run)
    with run.asked_for():
        return engine.read(table.name, columns=table.column_names, version=version, where=where)


def check_kept(engine: Engine, run: RunRecord) -> None:
    """Checks that no table of the closed months was lost since a run finished.

    Raises:
        TableDamaged: One was.
    """
    for name in sorted(MADE_WHEN_NEEDED & set(run.version_of)):
        if run.version_of[name] != GONE and not engine.exists(name):
            raise TableDamaged(name, "the table is missing", LOST)


def closings_now(lakehouse: Lakehouse) -> Closings:
    """Returns the closed months as the table has them, including the work of a killed command."""
    return _closings(lakehouse.rows(CLOSINGS.name))


def _closings(rows: Iterable[dict[str, Any]]) -> Closings:
    in_order = sorted(rows, key=lambda row: row["month"])
    return {
        row["month"]: Closing(**row | {"passed_over": tuple(row["passed_over"])})
        for row in in_order
    }


def keep(lakehouse: Lakehouse, copies: Mapping[str, pa.Table], closings: Sequence[Closing]) -> None:
    """Closes months: a commit for each table of what is kept, then one for all closings.

    Args:
        lakehouse: The tables; the tables of closed months are made if they are missing.
        copies: Each of `CLOSED_TABLES` by name -> its rows of these months.
        closings: The closings.
    """
    months = in_months(closing.month for closing in closings)
    for table in CLOSED_TABLES:
        lakehouse.make(table.name)
        lakehouse.stream(table.name, months, copies[table.name].to_reader())
    lakehouse.make(CLOSINGS.name)
    lakehouse.put(CLOSINGS.name, months, map(asdict, closings))


def forget(lakehouse: Lakehouse, months: Collection[date]) -> None:
    """Opens closed months again: removes their closings first, then their kept rows."""
    for table in (CLOSINGS, *reversed(CLOSED_TABLES)):
        lakehouse.put(table.name, in_months(months), [])


def are_closings_recorded(lakehouse: Lakehouse) -> bool:
    """Returns whether a finished run saw the closings as they stand; not after a kill."""
    if not lakehouse.engine.exists(CLOSINGS.name):
        return True
    runs = finished_runs(lakehouse)
    since = runs[-1].version_of.get(CLOSINGS.name, GONE) if runs else GONE
    return not has_changed_rows(lakehouse, CLOSINGS.name, since=since)


def lost_closings(lakehouse: Lakehouse, *, has_runs: bool) -> tuple[str, ...]:
    """Returns the tables of the closed months that are missing or damaged.

    If `ops.runs` cannot be read (`has_runs`), a missing table may never have been made.
    """
    engine = lakehouse.engine
    last = finished_runs(lakehouse)[-1:] if has_runs else []
    versions = last[0].version_of if last else {}
    return tuple(
        name
        for name in sorted(MADE_WHEN_NEEDED)
        if (
            engine.problem(name) is not None
            if engine.exists(name)
            else versions.get(name, GONE) != GONE
        )
    )


def forget_closings(lakehouse: Lakehouse, *, has_runs: bool) -> None:
    """Removes all tables of the closed months; first commits that their versions are gone.

    If `ops.runs` cannot be read (`has_runs`), no versions of them are known.
    """
    if has_runs:
        forget_versions(lakehouse, MADE_WHEN_NEEDED)
    for name in (CLOSINGS.name, *(table.name for table in CLOSED_TABLES)):
        if lakehouse.engine.exists(name):
            with commit_point(f"remove {name}"):
                lakehouse.engine.drop(name)
