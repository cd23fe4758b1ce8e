"""One of several values: coalesce, CASE and their like, of which some parts are not asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sales_pipeline.config.sql.kinds import BOOLEAN
from sales_pipeline.config.sql.operands import Operand, plain, unified
from sales_pipeline.config.sql.operators import comparison, either


def coalesced(arguments: Sequence[Operand]) -> Operand:
    """Returns the first that is not null; those after it are not asked."""
    values, kind = unified(arguments, "coalesce")
    failed: list[str] = []
    before: list[str] = []
    for value in values:
        failed += [f"({' AND '.join([reason, *before])})" for reason in value.failed]
        before.append(f"{value.sql} IS NULL")
    return Operand(f"coalesce({', '.join(value.sql for value in values)})", kind, tuple(failed))


def chosen(branches: Sequence[tuple[Operand, Operand]], default: Operand | None) -> Operand:
    """Returns CASE WHEN condition THEN value … ELSE default END."""
    results = [value for _, value in branches] + ([default] if default else [])
    values, kind = unified(results, "CASE")
    failed: list[str] = []
    before: list[str] = []
    parts = []
    for (condition, _), value in zip(branches, values, strict=False):
        either("CASE WHEN", [condition])  # refuses what is no condition
        failed += [" AND ".join([*before, reason]) for reason in condition.failed]
        failed += [
            " AND ".join([*before, f"coalesce({condition.sql}, FALSE)", reason])
            for reason in value.failed
        ]
        before.append(f"NOT coalesce({condition.sql}, FALSE)")
        parts.append(f"WHEN {condition.sql} THEN {value.sql}")
    if default:
        parts.append(f"ELSE {values[-1].sql}")
        failed += [" AND ".join([*before, reason]) for reason in values[-1].failed]
    return Operand(f"CASE {' '.join(parts)} END", kind, tuple(f"({reason})" for reason in failed))


def chosen_by_presence(arguments: Sequence[Operand]) -> Operand:
    """Returns `nvl2(tested, present, absent)`."""
    tested, present, absent = arguments
    given = plain(f"({tested.sql} IS NOT NULL)", BOOLEAN, [tested])
    return chosen([(given, present)], absent)


def null_if(arguments: Sequence[Operand]) -> Operand:
    """Returns `nullif(value, other)`."""
    value, other = arguments
    same = comparison("=", value, other)
    sql = f"CASE WHEN coalesce({same.sql}, FALSE) THEN NULL ELSE {value.sql} END"
    return plain(sql, value.kind, (value, same))


def extreme(name: str) -> Callable[[Sequence[Operand]], Operand]:
    """Returns how `greatest` or `least` is called."""

    def build(arguments: Sequence[Operand]) -> Operand:
        values, kind = unified(arguments, name)
        return plain(f"{name}({', '.join(value.sql for value in values)})", kind, values)

    return build
