"""The SQL that a feed declares: which columns each piece may name, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sales_pipeline.config.problems import Loc, Mismatch, Plain, mapping
from sales_pipeline.config.sql.expressions import Expression, parse_condition, parse_expression
from sales_pipeline.config.sql.kinds import SALE_KINDS, TEXT, Kind
from sales_pipeline.config.sql.parsing import ExpressionRefused

if TYPE_CHECKING:
    from sales_pipeline.config.feed import Feed


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
