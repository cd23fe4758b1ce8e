"""The operators of declared SQL, each so that an error gives NULL on every engine.

Sail 0.7.2 has `try_add` and its like for whole numbers only, and computes decimals with as many
decimals as their factors have together; so decimals are kept in bounds before they meet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sales_pipeline.config.sql.kinds import BOOLEAN, DOUBLE, MAX_DIGITS, NULL, TEXT, Kind
from sales_pipeline.config.sql.operands import (
    Operand,
    aligned,
    as_bigint,
    checked,
    comparable,
    fitted,
    only_if,
    plain,
    unified,
)
from sales_pipeline.config.sql.parsing import ExpressionRefused

_SAFE_INTEGER_DIGITS = 18
_TRIED = {"+": "try_add", "-": "try_subtract", "*": "try_multiply"}
_MIN_BIGINT = "CAST('-9223372036854775808' AS BIGINT)"


def arithmetic(operator: str, left: Operand, right: Operand) -> Operand:
    """Returns `left operator right`; the operator is + - * / % DIV or pmod."""
    for operand in (left, right):
        if not operand.kind.is_number and operand.kind != NULL:
            raise _no_number(operator, operand.kind)
    if NULL in (left.kind, right.kind):
        return plain("CAST(NULL AS DOUBLE)", DOUBLE, (left, right))
    if operator == "DIV":
        return _whole_division(left, right)
    if DOUBLE in (left.kind, right.kind):
        return _doubles(operator, left, right)
    if left.kind.name == right.kind.name == "integer":
        return _integers(operator, left, right)
    return _decimals(operator, left, right)


def negated(operand: Operand) -> Operand:
    """Returns `-operand`."""
    if operand.constant is not None and operand.kind.is_number:
        return Operand(f"-{operand.sql}", operand.kind, constant=f"-{operand.constant}")
    if operand.kind.name == "integer":
        return arithmetic("-", Operand("0", Kind("integer", 1), constant="0"), operand)
    if not operand.kind.is_number:
        raise _no_number("-", operand.kind)
    return plain(f"(-{operand.sql})", operand.kind, [operand], f"(-{operand.double})")


def absolute(operand: Operand) -> Operand:
    """Returns `abs(operand)`."""
    if not operand.kind.is_number:
        raise _no_number("abs", operand.kind)
    magnitude = f"abs({operand.double})"
    if operand.kind.name == "integer" and operand.kind.digits > _SAFE_INTEGER_DIGITS:
        sql = f"abs(NULLIF({as_bigint(operand).sql}, {_MIN_BIGINT}))"
        return checked(sql, operand.kind, [operand], magnitude)
    return plain(f"abs({operand.sql})", operand.kind, [operand], magnitude)


def comparison(operator: str, left: Operand, right: Operand) -> Operand:
    """Returns `left operator right`; the operator is = <> < <= > >= or <=>."""
    first, second = comparable(left, right)
    return plain(f"({first.sql} {operator} {second.sql})", BOOLEAN, (first, second))


def membership(operand: Operand, choices: Sequence[Operand]) -> Operand:
    """Returns `operand IN (choices)`."""
    kinds = {choice.kind for choice in choices} - {NULL}
    if kinds <= {operand.kind}:
        listed = ", ".join(choice.sql for choice in choices)
        return plain(f"({operand.sql} IN ({listed}))", BOOLEAN, (operand, *choices))
    return either("OR", [comparison("=", operand, choice) for choice in choices])


def either(operator: str, conditions: Sequence[Operand]) -> Operand:
    """Returns conditions joined by AND or OR.

    One that fails makes the whole fail unless another decides it: `FALSE AND error` is false.
    """
    for condition in conditions:
        if condition.kind not in (BOOLEAN, NULL):
            raise ExpressionRefused(
                f"{condition.kind.noun} beside {operator}, which takes conditions",
                "; write a comparison",
            )
    sql = f" {operator} ".join(condition.sql for condition in conditions)
    failed = []
    for at, condition in enumerate(conditions):
        beside = [part.sql for place, part in enumerate(conditions) if place != at]
        undecided = [
            f"coalesce({part}, TRUE)" if operator == "AND" else f"NOT coalesce({part}, FALSE)"
            for part in beside
        ]
        failed += [f"({' AND '.join([reason, *undecided])})" for reason in condition.failed]
    return Operand(f"({sql})", BOOLEAN, tuple(failed))


def inverted(condition: Operand) -> Operand:
    """Returns `NOT condition`."""
    if condition.kind not in (BOOLEAN, NULL):
        raise ExpressionRefused(
            f"{condition.kind.noun} after NOT, which takes a condition", "; write a comparison"
        )
    return plain(f"(NOT {condition.sql})", BOOLEAN, [condition])


def joined_texts(left: Operand, right: Operand) -> Operand:
    """Returns `left || right`."""
    for operand in (left, right):
        if operand.kind.name == "list":
            raise ExpressionRefused("a list beside ||", "; write array_join(…)")
    return plain(f"({left.sql} || {right.sql})", TEXT, (left, right))


def _no_number(operator: str, kind: Kind) -> ExpressionRefused:
    do = "; make it one, such as TRY_CAST(quantity AS DECIMAL(18,3))"
    if kind.name in ("date", "timestamp"):
        do = "; write date_add(…, 1), date_sub(…, 1) or datediff(…, …)"
    return ExpressionRefused(f"{kind.noun} beside {operator}, which takes numbers", do)


def _doubles(operator: str, left: Operand, right: Operand) -> Operand:
    first, second = left.double, right.double
    if operator in _TRIED:
        sql = f"({first} {operator} {second})"
        return plain(sql, DOUBLE, (left, right), sql)
    divisor = f"CASE WHEN {second} <> 0 THEN {second} END"
    return checked(_applied(operator, first, divisor), DOUBLE, (left, right))


def _integers(operator: str, left: Operand, right: Operand) -> Operand:
    first, second = as_bigint(left).sql, as_bigint(right).sql
    if operator not in _TRIED:
        kind = DOUBLE if operator == "/" else Kind("integer", right.kind.digits)
        sql = _applied(operator, first, f"NULLIF({second}, 0)")
        return checked(sql, kind, (left, right))
    magnitude = f"({left.double} {operator} {right.double})"
    digits = max(left.kind.digits, right.kind.digits) + 1
    if operator == "*":
        digits = left.kind.digits + right.kind.digits
    if digits <= _SAFE_INTEGER_DIGITS:
        sql = f"({first} {operator} {second})"
        return plain(sql, Kind("integer", digits), (left, right), magnitude)
    sql = f"{_TRIED[operator]}({first}, {second})"
    return checked(sql, Kind("integer", 19), (left, right), magnitude)


def _whole_division(left: Operand, right: Operand) -> Operand:
    if not left.kind.name == right.kind.name == "integer":
        raise ExpressionRefused("a number beside DIV, which takes whole numbers", "; write /")
    first, second = as_bigint(left).sql, as_bigint(right).sql
    divisor = f"NULLIF({second}, 0)"
    if left.kind.digits > _SAFE_INTEGER_DIGITS:
        # The one quotient that does not fit.
        first = f"CASE WHEN NOT ({first} = {_MIN_BIGINT} AND {second} = -1) THEN {first} END"
    return checked(f"({first} DIV {divisor})", Kind("integer", 19), (left, right))


def _decimals(operator: str, left: Operand, right: Operand) -> Operand:
    if operator in ("+", "-", "%", "pmod"):
        return _in_one_scale(operator, left, right)
    a, b = left.kind, right.kind
    # Sail gives a quotient four decimals more than its dividend.
    scale = a.scale + (b.scale if operator == "*" else 4)
    if scale > MAX_DIGITS:
        do = f"; CAST a factor to fewer, so that they have no more than {MAX_DIGITS}"
        raise ExpressionRefused("a product of too many decimals", do)
    if operator == "*":
        return _bounded(operator, left, right, needed=a.digits + b.digits, scale=scale)
    return _quotient(left, right, scale)


def _quotient(left: Operand, right: Operand, scale: int) -> Operand:
    room = MAX_DIGITS - scale - right.kind.scale
    if room < 1:
        do = "; CAST it and the dividend to fewer, such as DECIMAL(18,4)"
        raise ExpressionRefused("a divisor of too many decimals", do)
    dividend = fitted(left, room) if left.kind.digits > room else left
    divisor = f"CASE WHEN {right.sql} <> 0 THEN {right.sql} END"
    digits = min(left.kind.digits + right.kind.scale, MAX_DIGITS - scale)
    magnitude = f"({left.double} / NULLIF({right.double}, 0))"
    sql = f"({dividend.sql} / {divisor})"
    return checked(sql, Kind("decimal", digits, scale), (left, right), magnitude)


def _in_one_scale(operator: str, left: Operand, right: Operand) -> Operand:
    first, second = aligned(left, right)
    scale = max(left.kind.scale, right.kind.scale)
    if operator in ("%", "pmod"):
        divisor = f"CASE WHEN {second.sql} <> 0 THEN {second.sql} END"
        kind = Kind("decimal", min(MAX_DIGITS - scale, second.kind.digits), scale)
        return checked(_applied(operator, first.sql, divisor), kind, (first, second))
    needed = max(left.kind.digits, right.kind.digits) + 1
    return _bounded(operator, first, second, needed=needed, scale=scale)


def _bounded(operator: str, left: Operand, right: Operand, *, needed: int, scale: int) -> Operand:
    """Returns a sum or a product, NULL where it has more digits than there is room for."""
    room = MAX_DIGITS - scale
    kind = Kind("decimal", min(needed, room), scale)
    magnitude = f"({left.double} {operator} {right.double})"
    if needed <= room:
        return plain(f"({left.sql} {operator} {right.sql})", kind, (left, right), magnitude)
    small = only_if(f"abs({magnitude}) < 1E{room}", right)
    return checked(f"({left.sql} {operator} {small.sql})", kind, (left, right), magnitude)


def _applied(operator: str, first: str, second: str) -> str:
    return f"pmod({first}, {second})" if operator == "pmod" else f"({first} {operator} {second})"


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
