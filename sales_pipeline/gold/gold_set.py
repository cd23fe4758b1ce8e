"""Reads the gold tables without Spark: one consistent set, as a finished run left it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

import pyarrow as pa

from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.engine import Engine
from sales_pipeline.errors import UsageError, VersionGone
from sales_pipeline.lakehouse.gold_tables import gold_tables
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.runs import chosen_run
from sales_pipeline.lakehouse.tables import Table

_SCHEMA = "gold."
_BY_RANK = ("gold.top_selling_products", "gold.top_selling_products_by_revenue")


def read_gold(declaration: Declaration, table: str, *, run: str | None = None) -> pa.Table:
    """Returns a gold table as the last finished run left it, in a fixed order of rows.

    Args:
        declaration: What the retailer declares.
        table: Its name, with or without `gold.`, such as `revenue_per_month`.
        run: The id of another finished run, to read what that one left.

    Raises:
        UsageError: There is no such table or run, no run has finished yet, or what the run
            left is not kept any more.
    """
    name = full_name(table, declaration)
    with gold_set(declaration, run=run) as gold:
        return gold.read(name)


def full_name(table: str, declaration: Declaration) -> str:
    """Returns the name of a gold table with its schema.

    Raises:
        UsageError: There is no such table; the message names the one that was probably meant.
    """
    known = [table.name for table in gold_tables(declaration.minor_units)]
    name = table if table.startswith(_SCHEMA) else f"{_SCHEMA}{table}"
    if name in known:
        return name
    close = get_close_matches(name, known, n=1)
    do = f". Did you mean {close[0]!r}?" if close else f"; the tables are {', '.join(known)}"
    raise UsageError(f"gold: no such table, got {table!r}{do}")


@dataclass(frozen=True)
class GoldSet:
    """The gold tables of one finished run, all read through one engine.

    Attributes:
        engine: The engine; it is open in the block of `gold_set`.
        declaration: The declaration of the retailer.
        run_id: The run.
        finished_at: The time at which the run finished, UTC.
        versions: Table -> the Delta version that belongs to the run.
    """

    engine: Engine
    declaration: Declaration
    run_id: str
    finished_at: datetime
    versions: Mapping[str, int]

    def read(self, name: str) -> pa.Table:
        """Returns a table by its name with schema, its columns as declared, its rows in order.

        Raises:
            UsageError: What the run left of it is not kept any more.
        """
        table, version = self._declared(name), self._version(name)
        try:
            rows = self.engine.read(name, columns=table.column_names, version=version)
        except VersionGone as error:
            raise UsageError(
                f"run {self.run_id}: {error}. "
                "Do: choose a later run; sales-pipeline history lists them."
            ) from error
        order = ["rank"] if name in _BY_RANK else list(table.key)
        return rows.sort_by([(column, "ascending") for column in order])

    def _version(self, name: str) -> int:
        if name not in self.versions:
            raise UsageError(f"run {self.run_id}: did not make {name} yet. Do: choose a later run.")
        return self.versions[name]

    def _declared(self, name: str) -> Table:
        tables = gold_tables(self.declaration.minor_units)
        return next(table for table in tables if table.name == name)


@contextmanager
def gold_set(declaration: Declaration, *, run: str | None = None) -> Iterator[GoldSet]:
    """Opens the gold tables that the last finished run left.

    Args:
        declaration: The retailer's declaration.
        run: The id of another finished run.

    Raises:
        UsageError: No run has finished here yet, there is no such run, or the lakehouse does not
            fit the declaration.
    """
    with opened_lakehouse(declaration) as lakehouse:
        chosen = chosen_run(lakehouse, run)
        finished_at, versions = chosen.finished_at, chosen.version_of
        yield GoldSet(lakehouse.engine, declaration, chosen.run_id, finished_at, versions)
