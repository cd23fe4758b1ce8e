"""Reads the silver tables and views without Spark, as a finished run left them."""

from __future__ import annotations

from difflib import get_close_matches

import pyarrow as pa

from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, VersionGone
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.runs import chosen_run

_SCHEMA = "silver."


def read_silver(declaration: Declaration, table: str, *, run: str | None = None) -> pa.Table:
    """Returns a silver table or view as the last finished run left it.

    Args:
        declaration: The retailer's declaration.
        table: Its name, with or without `silver.`: `sales` (in force), `set_aside` (duplicates,
            displaced and excluded records), `quarantine`, `records` (all of them), `products`,
            `list_prices` or `exchange_rates`. The columns are those of docs/tables.md.
        run: The id of another finished run, to read the table as that one left it.

    Raises:
        UsageError: There is no such table or run, no run has finished yet, or what the run left
            is not kept any more.
    """
    with opened_lakehouse(declaration) as lakehouse:
        name = _full_name(lakehouse, table)
        record = chosen_run(lakehouse, run)
        view = lakehouse.views.get(name)
        version = record.version_of.get(view.table if view else name)
        if version is None:
            raise UsageError(
                f"run {record.run_id}: did not make {name} yet. Do: choose a later run."
            )
        try:
            return lakehouse.read(name, version=version)
        except VersionGone as error:
            raise UsageError(
                f"run {record.run_id}: {error}. "
                "Do: choose a later run; sales-pipeline history lists them."
            ) from error


def _full_name(lakehouse: Lakehouse, table: str) -> str:
    """The name with its schema; raises UsageError with the name that was probably meant."""
    known = [name for name in (*lakehouse.views, *lakehouse.tables) if name.startswith(_SCHEMA)]
    name = table if table.startswith(_SCHEMA) else f"{_SCHEMA}{table}"
    if name in known:
        return name
    close = get_close_matches(name, known, n=1)
    do = f". Did you mean {close[0]!r}?" if close else f"; the tables are {', '.join(known)}"
    raise UsageError(f"silver: no such table, got {table!r}{do}")
