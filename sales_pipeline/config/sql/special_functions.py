"""Functions of declared SQL whose result or failure needs a rule of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sales_pipeline.config.sql.functions import constant, taken, whole_number
from sales_pipeline.config.sql.kinds import DATE, NULL, TEXT, TIMESTAMP, Kind
from sales_pipeline.config.sql.operands import (
    Operand,
    as_date,
    checked,
    failures,
    in_safe_range,
    only_if,
    plain,
    unified,
)
from sales_pipeline.config.sql.operators import (
    absolute,
    arithmetic,
    chosen,
    chosen_by_presence,
    coalesced,
    extreme,
    negated,
    null_if,
)
from sales_pipeline.config.sql.parsing import ExpressionRefused

_WEEKDAYS = frozenset(
    short
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for short in (day, day[:3], day[:2])
)
_UNITS = ("year", "yyyy", "yy", "quarter", "month", "mon", "mm", "week")
FAR_DAYS, FAR_MONTHS = 3_660_000, 120_000
"""The farthest that a day may be moved: ten thousand years; engines fail on what no date holds."""

Arguments = Sequence[Operand]


def to_date(arguments: Arguments) -> Operand:
    """Returns a text, with or without a pattern, as a day."""
    if len(arguments) == 1:
        return as_date(arguments[0], "to_date")
    moment = _parsed_time(arguments, "to_date")
    return checked(f"CAST({moment} AS DATE)", DATE, arguments[:1])


def to_timestamp(arguments: Arguments) -> Operand:
    """Returns a text, with or without a pattern, as a time."""
    operand = arguments[0]
    if len(arguments) == 2:
        return checked(_parsed_time(arguments, "to_timestamp"), TIMESTAMP, [operand])
    if operand.kind not in (TEXT, DATE, TIMESTAMP, NULL):
        raise ExpressionRefused(f"{operand.kind.noun} where a time is needed", "; give it text")
    return checked(f"TRY_CAST({operand.sql} AS TIMESTAMP)", TIMESTAMP, [operand])


def _parsed_time(arguments: Arguments, name: str) -> str:
    text, pattern = arguments
    if text.kind not in (TEXT, NULL):
        do = "; leave the pattern out"
        raise ExpressionRefused(f"{text.kind.noun} where {name} takes text with a pattern", do)
    pattern = constant(name, pattern, "pattern")
    return f"try_to_timestamp({text.sql}, {pattern.sql})"


def make_date(arguments: Arguments) -> Operand:
    """Returns `make_date(year, month, day)`, for the years 1 to 9999."""
    year, month, day = (whole_number("make_date", argument) for argument in arguments)
    parts = f"lpad(CAST({year.sql} AS STRING), 4, '0'), '-', " + ", '-', ".join(
        f"lpad(CAST({part.sql} AS STRING), 2, '0')" for part in (month, day)
    )
    ranges = ((year, 9999), (month, 12), (day, 31))
    known = " AND ".join(f"{part.sql} BETWEEN 1 AND {most}" for part, most in ranges)
    sql = f"CASE WHEN {known} THEN TRY_CAST(concat({parts}) AS DATE) END"
    return checked(sql, DATE, (year, month, day))


def shifted(name: str, far: int) -> Callable[[Arguments], Operand]:
    """Returns how a function that moves a day by a number is called."""

    def build(arguments: Arguments) -> Operand:
        day, count = as_date(arguments[0], name), whole_number(name, arguments[1])
        if count.constant is not None and abs(int(count.constant)) <= far:
            return plain(f"{name}({day.sql}, {count.sql})", DATE, (day, count))
        near = only_if(f"{count.sql} BETWEEN -{far} AND {far}", count)
        return checked(f"{name}({day.sql}, {near.sql})", DATE, (day, count))

    return build


def next_day(arguments: Arguments) -> Operand:
    """Returns `next_day(day, weekday)`."""
    day, weekday = as_date(arguments[0], "next_day"), arguments[1]
    if (weekday.constant or "").lower() not in _WEEKDAYS or weekday.kind != TEXT:
        raise ExpressionRefused("next_day without a weekday", "; write one such as 'Mon'")
    return plain(f"next_day({day.sql}, {weekday.sql})", DATE, [day])


def _unit(name: str, unit: Operand) -> str:
    written = (unit.constant or "").lower()
    if written not in _UNITS:
        do = "; write 'YEAR', 'QUARTER', 'MONTH' or 'WEEK'"
        raise ExpressionRefused(f"{name} without a unit that it knows", do)
    return written.upper()


def trunc(arguments: Arguments) -> Operand:
    """Returns `trunc(day, unit)`."""
    day, unit = in_safe_range(as_date(arguments[0], "trunc")), _unit("trunc", arguments[1])
    return plain(f"trunc({day.sql}, '{unit}')", DATE, [day])


def date_trunc(arguments: Arguments) -> Operand:
    """Returns `date_trunc(unit, moment)`."""
    unit, moment = _unit("date_trunc", arguments[0]), arguments[1]
    moment = moment if moment.kind == TIMESTAMP else as_date(moment, "date_trunc")
    moment = in_safe_range(moment)
    return plain(f"date_trunc('{unit}', {moment.sql})", TIMESTAMP, [moment])


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


def _round(arguments: Arguments) -> Operand:
    number = taken("round", arguments[0], "number")
    if len(arguments) == 1:
        return _rounded("round", number, 0, "")
    places = constant("round", arguments[1], "group")
    return _rounded("round", number, int(places.constant or 0), f", {places.sql}")


def _rounded(name: str, number: Operand, places: int, further: str) -> Operand:
    kind = number.kind
    if kind.name == "decimal":
        scale = min(kind.scale, places)
        kind = Kind("decimal", min(kind.digits + 1, 38 - scale), scale)
    return plain(f"{name}({number.sql}{further})", kind, [number], number.double)


def _to_whole(name: str) -> Callable[[Arguments], Operand]:
    def build(arguments: Arguments) -> Operand:
        [number] = arguments
        if not number.kind.is_exact:
            what = f"{number.kind.noun} where {name} takes an exact number"
            raise ExpressionRefused(what, "; CAST it AS DECIMAL(18,4)")
        return _rounded(name, number, 0, "")

    return build


def _arithmetic(operator: str) -> Callable[[Arguments], Operand]:
    return lambda arguments: arithmetic(operator, arguments[0], arguments[1])


def _trying(build: Callable[[Arguments], Operand]) -> Callable[[Arguments], Operand]:
    """Returns the form of a function for which NULL instead of an error is no failure."""
    return lambda arguments: replace(build(arguments), failed=failures(arguments))


SPECIAL_FUNCTIONS: Mapping[str, tuple[int, int | None, Callable[[Arguments], Operand]]] = {
    "abs": (1, 1, lambda arguments: absolute(arguments[0])),
    "add_months": (2, 2, shifted("add_months", FAR_MONTHS)),
    "array": (1, None, array),
    "ceil": (1, 1, _to_whole("ceil")),
    "ceiling": (1, 1, _to_whole("ceiling")),
    "coalesce": (1, None, coalesced),
    "date_add": (2, 2, shifted("date_add", FAR_DAYS)),
    "date_sub": (2, 2, shifted("date_sub", FAR_DAYS)),
    "date_trunc": (2, 2, date_trunc),
    "div": (2, 2, _arithmetic("DIV")),
    "element_at": (2, 2, element_at),
    "floor": (1, 1, _to_whole("floor")),
    "get": (2, 2, _trying(lambda arguments: element(*arguments))),
    "greatest": (2, None, extreme("greatest")),
    "if": (3, 3, lambda arguments: chosen([(arguments[0], arguments[1])], arguments[2])),
    "ifnull": (2, 2, coalesced),
    "least": (2, None, extreme("least")),
    "make_date": (3, 3, make_date),
    "mod": (2, 2, _arithmetic("%")),
    "negative": (1, 1, lambda arguments: negated(arguments[0])),
    "next_day": (2, 2, next_day),
    "nullif": (2, 2, null_if),
    "nvl": (2, 2, coalesced),
    "nvl2": (3, 3, chosen_by_presence),
    "pmod": (2, 2, _arithmetic("pmod")),
    "positive": (1, 1, lambda arguments: arguments[0]),
    "reverse": (1, 1, reverse),
    "round": (1, 2, _round),
    "slice": (3, 3, part),
    "to_date": (1, 2, to_date),
    "to_timestamp": (1, 2, to_timestamp),
    "trunc": (2, 2, trunc),
    "try_add": (2, 2, _trying(_arithmetic("+"))),
    "try_divide": (2, 2, _trying(_arithmetic("/"))),
    "try_element_at": (2, 2, _trying(element_at)),
    "try_mod": (2, 2, _trying(_arithmetic("%"))),
    "try_multiply": (2, 2, _trying(_arithmetic("*"))),
    "try_subtract": (2, 2, _trying(_arithmetic("-"))),
    "try_to_date": (1, 2, _trying(to_date)),
    "try_to_timestamp": (1, 2, _trying(to_timestamp)),
}
"""Name -> how many arguments it takes (None: any number), and how its call is written."""
