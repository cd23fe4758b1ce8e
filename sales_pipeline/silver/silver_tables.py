"""Reads the silver tables and views without Spark, as a finished run left them."""

from __future__ import annotations

import pyarrow as pa

from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.declared_tables import full_name
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.runs import chosen_run


def read_silver(declaration: Declaration, table: str, *, run: str | None = None) -> pa.Table:
    """Returns a silver table or view as the last finished run left it.

    Args:
        declaration: The retailer's declaration.
        table: Its name, with or without `silver.`: `sales` (in force), `set_aside` (duplicates,
            displaced and excluded records), `quarantine`, `records` (all of them), `products`,
            `list_prices` or `exchange_rates`. docs/tables.md lists the columns.
        run: The id of another finished run, to read the table as it left it.

    Raises:
        UsageError: There is no such table or run, no run has finished yet, or that version
            is not kept any more.
    """
    with opened_lakehouse(declaration) as lakehouse:
        names = (*lakehouse.views, *lakehouse.tables)
        known = [name for name in names if name.startswith("silver.")]
        name = full_name(table, known, schema="silver")
        record, view = chosen_run(lakehouse, run), lakehouse.views.get(name)
        version = record.version_left(view.table if view else name)
        with record.asked_for():
            return lakehouse.read(name, version=version)
