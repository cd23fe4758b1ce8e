"""Declared SQL conditions are tried on an empty selection before any file is claimed."""

from __future__ import annotations

from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from sales_pipeline.errors import UsageError
from sales_pipeline.lakehouse.lakehouse import Lakehouse


def check_conditions(lakehouse: Lakehouse) -> None:
    """Checks that every declared condition is SQL over the columns of its feed.

    Raises:
        UsageError: One is not; the message names the feed, the condition and its columns.
    """
    for name, feed in lakehouse.declaration.feeds.items():
        if feed.exclude_when is None:
            continue
        rows = lakehouse.table(f"bronze.{name}").select(*feed.columns)
        try:
            _ = rows.where(F.expr(feed.exclude_when)).limit(0).toArrow()
        except PySparkException as error:
            raise UsageError(
                f"feeds.{name}.exclude_when: no condition over the columns "
                f"{', '.join(feed.columns)}, got {feed.exclude_when!r}. "
                f"The engine says: {_first_line(error)}"
            ) from error


def _first_line(error: PySparkException) -> str:
    return str(error).strip().splitlines()[0][:200]
