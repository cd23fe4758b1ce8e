"""Declared SQL, understood: what it names, what it gives, and the same without errors.

A declared expression looks at one record only, gives the same whenever it is asked, and cannot
stop a run. `parse_expression` refuses what does not, and offers the same expression in a form
that gives NULL where the plain one fails on a value, on every engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sales_pipeline.config.sql.kinds import BOOLEAN, NULL, Kind
from sales_pipeline.config.sql.parsing import ExpressionRefused, parse
from sales_pipeline.config.sql.writing import Writer

MAX_SAFE_LENGTH = 100_000
"""The characters that the safe form of an expression may have."""


@dataclass(frozen=True)
class Expression:
    """A declared expression that may be asked of any record.

    Attributes:
        columns: The columns that it names, as they are declared, each once.
        kind: What it gives.
        safe_sql: The same, with NULL where the plain expression fails on a value.
        failed_sql: A condition, never null, that holds where the plain expression fails; None
            for one that cannot fail.
    """

    columns: tuple[str, ...]
    kind: Kind
    safe_sql: str
    failed_sql: str | None


def parse_expression(text: str, columns: Mapping[str, Kind]) -> Expression:
    """Parses a declared expression.

    Args:
        text: The expression.
        columns: The columns that it may name, and what they hold.

    Raises:
        ExpressionRefused: It is no expression of one record over these columns.
    """
    return _parsed_once(text, tuple(columns.items()))


def parse_condition(text: str, columns: Mapping[str, Kind]) -> Expression:
    """Parses a declared expression that is true or false.

    Raises:
        ExpressionRefused: It is no condition of one record over these columns.
    """
    expression = parse_expression(text, columns)
    if expression.kind not in (BOOLEAN, NULL):
        what = f"{expression.kind.noun} where a condition is needed"
        raise ExpressionRefused(what, "; write a comparison such as amount > 0")
    return expression


@lru_cache(maxsize=4096)
def _parsed_once(text: str, columns: tuple[tuple[str, Kind], ...]) -> Expression:
    parsed = parse(text)
    writer = Writer(parsed, dict(columns))
    try:
        result = writer.written(parsed.tree)
        parsed.check_whole()
    except RecursionError:
        raise ExpressionRefused("nested too deep", "; compute parts of it in columns") from None
    failed = " OR ".join(result.failed) if result.failed else None
    if len(result.sql) + len(failed or "") > MAX_SAFE_LENGTH:
        what = "too many operations that can fail, one in another"
        raise ExpressionRefused(what, "; compute parts of it in columns of their own")
    return Expression(tuple(writer.named), result.kind, result.sql, failed and f"({failed})")
