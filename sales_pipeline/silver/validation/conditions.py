"""Asks the engine whether it knows all declared SQL: for `check`, and before a run claims files.

What needs no engine is checked when the declaration is loaded (`config/sql`). What is left are
regular expressions and types, of which each engine has its own view.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sales_pipeline.config.feed import Feed
from sales_pipeline.config.model import Declaration
from sales_pipeline.config.sql.expressions import (
    Expression,
    computed_expression,
    exclusion,
    rule_condition,
)
from sales_pipeline.config.sql.kinds import SALE_KINDS
from sales_pipeline.errors import UsageError
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.profile import fetched

_AT_ONCE = 200
"""The expressions of one statement: engines take longer than in proportion for wide ones."""

# A record that is not empty: engines look at some regular expressions only with a text to match.
_VALUES: Mapping[str, pa.Array] = {
    "date": pa.array([date(2025, 1, 31)]),
    "text": pa.array(["0"]),
    "decimal": pa.array([Decimal(1)], pa.decimal128(18, 4)),
}


@dataclass(frozen=True)
class _Declared:
    """One piece of declared SQL, and the first place where it stands."""

    place: str
    sql: str
    expression: Expression


def check_conditions(lakehouse: Lakehouse) -> None:
    """Checks that the engine takes all declared SQL; equal SQL of several feeds is asked once.

    No table is read, so that there need not be any yet.

    Raises:
        UsageError: It does not take some; the message names the places and the SQL.
    """
    over_texts, over_sales = _declared_once(lakehouse.declaration)
    refused: list[str] = []
    if over_texts:
        named = {column for declared in over_texts for column in declared.expression.columns}
        record = dict.fromkeys(["_", *sorted(named)], _VALUES["text"])
        refused += _refused(lakehouse.frame(pa.table(record)), over_texts)
    if over_sales:
        record = {column: _VALUES[kind.name] for column, kind in SALE_KINDS.items()}
        refused += _refused(lakehouse.frame(pa.table(record)), over_sales)
    if refused:
        raise UsageError("\n".join(refused))


def _declared_once(declaration: Declaration) -> tuple[list[_Declared], list[_Declared]]:
    """The declared SQL over texts of files and over sales, each expression once."""
    over_texts: dict[str, _Declared] = {}
    over_sales: dict[str, _Declared] = {}
    for name, feed in declaration.feeds.items():
        for place, sql, expression in _of_feed(feed):
            declared = _Declared(f"feeds.{name}.{place}", sql, expression)
            over = over_sales if place.startswith("rules.") else over_texts
            over.setdefault(expression.safe_sql, declared)
    return list(over_texts.values()), list(over_sales.values())


def _of_feed(feed: Feed) -> Iterator[tuple[str, str, Expression]]:
    for column, computed in feed.computed.items():
        expression = computed_expression(feed, column)
        if expression is not None:
            yield f"computed.{column}.sql", str(computed.sql), expression
    if (excluded := exclusion(feed)) is not None:
        yield "exclude_when", str(feed.exclude_when), excluded
    for rule, declared in feed.rules.items():
        yield f"rules.{rule}.holds", declared.holds, rule_condition(feed, rule)


def _refused(record: DataFrame, declared: list[_Declared]) -> Iterator[str]:
    """Yields the engine's errors about the SQL that it refuses, found by halving."""
    if len(declared) > _AT_ONCE:
        yield from _refused(record, declared[:_AT_ONCE])
        yield from _refused(record, declared[_AT_ONCE:])
        return
    try:
        fetched("try the declared SQL", record.select(*_columns(declared)))
    except PySparkException as error:
        half = len(declared) // 2
        if half == 0:
            [culprit] = declared
            first_line = str(error).strip().splitlines()[0][:200]
            yield (
                f"{culprit.place}: no SQL that the engine takes, got {culprit.sql!r}. "
                f"It says: {first_line}"
            )
            return
        yield from _refused(record, declared[:half])
        yield from _refused(record, declared[half:])


def _columns(declared: list[_Declared]) -> Iterator[Column]:
    for place, expression in enumerate(part.expression for part in declared):
        yield F.expr(expression.safe_sql).alias(f"sql_{place}")
        if expression.failed_sql is not None:
            yield F.expr(expression.failed_sql).alias(f"failed_{place}")
