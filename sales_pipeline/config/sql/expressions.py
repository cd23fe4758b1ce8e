"""Declared SQL, understood: what it names, what it gives, and the same without errors.

A declared expression looks at one record only, gives the same whenever it is asked, and cannot
stop a run. `parse_expression` refuses what does not, and offers the same expression in a form
that gives NULL where the plain one fails on a value, on every engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sales_pipeline.config.problems import Loc, Mismatch, Plain, mapping
from sales_pipeline.config.sql.kinds import BOOLEAN, NULL, SALE_KINDS, TEXT, Kind
from sales_pipeline.config.sql.parsing import ExpressionRefused, parse
from sales_pipeline.config.sql.writing import Writer

if TYPE_CHECKING:
    from sales_pipeline.config.feed import Feed

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
    """Parses a declared expression over columns of these kinds.

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


def sql_mismatches(feed: Plain) -> Iterator[Mismatch]:
    """Finds declared SQL that is no expression over the columns of one record."""
    columns = dict.fromkeys(map(str, mapping(feed.get("columns"))), TEXT)
    computed = mapping(feed.get("computed"))
    if not columns:
        return
    for name, part in computed.items():
        place: Loc = ("computed", name, "sql")
        yield from _mismatches(place, mapping(part).get("sql"), columns, is_condition=False)
    known = columns | dict.fromkeys(map(str, computed), TEXT)
    yield from _mismatches(("exclude_when",), feed.get("exclude_when"), known)
    for name, part in mapping(feed.get("rules")).items():
        yield from _mismatches(("rules", name, "holds"), mapping(part).get("holds"), SALE_KINDS)


def computed_expression(feed: Feed, column: str) -> Expression | None:
    """Returns the expression of a computed column; None for one with the same text everywhere."""
    sql = feed.computed[column].sql
    return None if sql is None else parse_expression(sql, dict.fromkeys(feed.columns, TEXT))


def failing_columns(feed: Feed) -> dict[str, str]:
    """Returns computed column -> SQL that is true if it fails, for columns that can fail."""
    expressions = {name: computed_expression(feed, name) for name in feed.computed}
    return {
        name: expression.failed_sql
        for name, expression in expressions.items()
        if expression is not None and expression.failed_sql is not None
    }


def exclusion(feed: Feed) -> Expression | None:
    """Returns the condition for records to leave out, if the feed declares one."""
    if feed.exclude_when is None:
        return None
    known = dict.fromkeys([*feed.columns, *feed.computed], TEXT)
    return parse_condition(feed.exclude_when, known)


def rule_condition(feed: Feed, rule: str) -> Expression:
    """Returns the condition of a rule."""
    return parse_condition(feed.rules[rule].holds, SALE_KINDS)


def _mismatches(
    place: Loc, sql: object, columns: Mapping[str, Kind], *, is_condition: bool = True
) -> Iterator[Mismatch]:
    if not isinstance(sql, str) or not sql:
        return
    try:
        (parse_condition if is_condition else parse_expression)(sql, columns)
    except ExpressionRefused as error:
        noun = "condition" if is_condition else "expression"
        what = f"no {noun} over the columns {', '.join(columns)}"
        # What to do stands apart from what is wrong: it quotes from the SQL, which may be secret.
        yield Mismatch(place, what, f": {error}")
