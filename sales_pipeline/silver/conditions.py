"""Declared SQL is tried over empty tables: by `check`, and before a run claims any file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.model import Feed
from sales_pipeline.errors import UsageError
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.tables import BRONZE_SALES, RECORDS
from sales_pipeline.silver.delivered_records import with_computed
from sales_pipeline.silver.rules import RULE_COLUMNS


@dataclass(frozen=True)
class _Declared:
    """One piece of declared SQL: where it stands, and the columns it may speak of."""

    place: str
    sql: str
    rows: DataFrame
    columns: Sequence[str]
    is_condition: bool = True

    def check(self) -> None:
        # A filter would see columns that were there before the selection of these.
        rows = self.rows.select(F.expr(self.sql).alias("found"))
        if self.is_condition:
            rows = rows.where("found")
        try:
            _ = rows.limit(0).toArrow()
        except PySparkException as error:
            what = "condition" if self.is_condition else "expression"
            raise UsageError(
                f"{self.place}: no {what} over the columns {', '.join(self.columns)}, "
                f"got {self.sql!r}. The engine says: {_first_line(error)}"
            ) from error


def check_conditions(lakehouse: Lakehouse) -> None:
    """Checks that all declared SQL is SQL over the columns that it may speak of.

    No table is read, so that there need not be any yet.

    Raises:
        UsageError: Some is not; the message names the place, the SQL and its columns.
    """
    for name, feed in lakehouse.declaration.feeds.items():
        # A feed without any needs no session.
        if feed.declared_sql:
            for declared in _declared(lakehouse, name, feed):
                declared.check()


def _declared(lakehouse: Lakehouse, name: str, feed: Feed) -> Iterator[_Declared]:
    """The SQL of a feed, what others build on first."""
    place, columns = f"feeds.{name}", list(feed.columns)
    delivered = lakehouse.local([], BRONZE_SALES).select(*columns)
    for column, computed in feed.computed.items():
        if computed.sql is not None:
            where = f"{place}.computed.{column}.sql"
            yield _Declared(where, computed.sql, delivered, columns, is_condition=False)
    if feed.exclude_when is not None:
        rows = with_computed(delivered, feed)
        there = [*columns, *feed.computed]
        yield _Declared(f"{place}.exclude_when", feed.exclude_when, rows, there)
    if feed.rules:
        sales = lakehouse.local([], RECORDS).select(*RULE_COLUMNS)
        for rule, declared in feed.rules.items():
            yield _Declared(f"{place}.rules.{rule}.holds", declared.holds, sales, RULE_COLUMNS)


def _first_line(error: PySparkException) -> str:
    return str(error).strip().splitlines()[0][:200]
