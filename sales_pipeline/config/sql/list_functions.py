"""Functions of lists in declared SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sales_pipeline.config.sql.arguments import constant, whole_number
from sales_pipeline.config.sql.kinds import NULL, TEXT, Kind
from sales_pipeline.config.sql.operands import Operand, plain, unified
from sales_pipeline.config.sql.parsing import ExpressionRefused

Arguments = Sequence[Operand]


def element(values: Operand, index: Operand) -> Operand:
    """Returns `values[index]`, counted from 0."""
    _check_list(values)
    place = whole_number("[ ]", index)
    sql = f"get({values.sql}, {place.sql})"
    outside = f"{place.sql} NOT BETWEEN 0 AND size({values.sql}) - 1"
    return _picked(sql, values, place, outside)


def element_at(arguments: Arguments) -> Operand:
    """Returns `element_at(list, place)`, counted from 1 or from the end."""
    values, index = arguments[0], whole_number("element_at", arguments[1])
    _check_list(values)
    if index.constant is not None and int(index.constant) == 0:
        raise ExpressionRefused("element_at counts from 1, got 0", "; write another place")
    place = index.sql if index.constant is not None else f"NULLIF({index.sql}, 0)"
    outside = f"({index.sql} = 0 OR abs({index.sql}) > size({values.sql}))"
    return _picked(f"try_element_at({values.sql}, {place})", values, index, outside)


def _picked(sql: str, values: Operand, place: Operand, outside: str) -> Operand:
    given = plain(sql, values.kind.element or NULL, (values, place))
    there = [f"{part.sql} IS NOT NULL" for part in (values, place) if part.constant is None]
    own = f"({' AND '.join([*there, outside])})"
    return Operand(given.sql, given.kind, (*given.failed, own))


def _check_list(values: Operand) -> None:
    if values.kind.name != "list":
        what = f"an element of {values.kind.noun}"
        raise ExpressionRefused(what, "; take one of a list, such as split(label, '/')")


def array(arguments: Arguments) -> Operand:
    """Returns `array(values)`."""
    values, kind = unified(arguments, "array")
    listed = ", ".join(value.sql for value in values)
    return plain(f"array({listed})", Kind("list", element=kind), values)


def part(arguments: Arguments) -> Operand:
    """Returns `slice(list, start, length)`."""
    values, start, length = arguments
    _check_list(values)
    first, count = constant("slice", start, "place"), constant("slice", length, "size")
    return plain(f"slice({values.sql}, {first.sql}, {count.sql})", values.kind, [values])


def reverse(arguments: Arguments) -> Operand:
    """Returns a list or a text backwards."""
    kind = arguments[0].kind if arguments[0].kind.name == "list" else TEXT
    return plain(f"reverse({arguments[0].sql})", kind, arguments)
