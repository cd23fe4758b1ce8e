"""Calls of functions in declared SQL, each so that an error on a value gives NULL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from sales_pipeline.config.sql.functions import Function, functions
from sales_pipeline.config.sql.kinds import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INT,
    NULL,
    TEXT,
    TIMESTAMP,
    Kind,
    common_kind,
)
from sales_pipeline.config.sql.operands import (
    Operand,
    as_date,
    checked,
    comparable,
    in_safe_range,
    only_if,
    plain,
    unified,
)
from sales_pipeline.config.sql.operators import absolute, arithmetic, comparison, either, negated
from sales_pipeline.config.sql.parsing import ExpressionRefused

MAX_SIZE = 10_000
"""The longest text that a function may fill up to."""

_PATTERN = re.compile("(?:y{4}|y{2}|M{1,4}|d{1,2}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|S{1,6}|E{1,4}|a"
                      "|'[^']*'|[^A-Za-z'])+")  # fmt: skip
_WEEKDAYS = frozenset(
    short for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for short in (day, day[:3], day[:2])
)  # fmt: skip
_UNITS = ("year", "yyyy", "yy", "quarter", "month", "mon", "mm", "week")
_RESULTS = {"text": TEXT, "integer": INT, "bigint": BIGINT, "double": DOUBLE, "boolean": BOOLEAN, "date": DATE,
            "texts": Kind("list", element=TEXT)}  # fmt: skip
_LIMITS = {"size": (0, MAX_SIZE), "group": (0, 99)}
_BITS = ("0", "224", "256", "384", "512")
_FAR_DAYS, _FAR_MONTHS = 3_660_000, 120_000

Arguments = Sequence[Operand]


def called(name: str, arguments: Arguments) -> Operand:
    """Returns the call of a function that declared SQL may call.

    Raises:
        ExpressionRefused: Its arguments do not fit.
    """
    special = _SPECIAL.get(name)
    if special is not None:
        fewest, most, build = special
        _check_count(name, arguments, fewest, most)
        return build(arguments)
    function = functions()[name]
    most = None if function.repeats else len(function.parameters)
    _check_count(name, arguments, function.required, most)
    return _described(function, arguments)


def _check_count(name: str, arguments: Arguments, fewest: int, most: int | None) -> None:
    if len(arguments) < fewest or (most is not None and len(arguments) > most):
        count = str(fewest) if most == fewest else f"{fewest} to {most}"
        count = f"{fewest} or more" if most is None else count
        what = f"{name} with {len(arguments)} arguments, and it takes {count}"
        raise ExpressionRefused(what, "; write as many")


def _described(function: Function, arguments: Arguments) -> Operand:
    last = function.parameters[-1]
    parameters = [*function.parameters, *[last] * len(arguments)]
    pairs = zip(arguments, parameters, strict=False)
    taken = [_taken(function.name, argument, parameter) for argument, parameter in pairs]
    if function.name == "regexp_extract":
        _check_group(arguments)
    sql = f"{function.name}({', '.join(argument.sql for argument in taken)})"
    if function.result == "list":
        return plain(sql, taken[0].kind, taken)
    if function.result == "element":
        return plain(sql, taken[0].kind.element or NULL, taken)
    return plain(sql, _RESULTS[function.result], taken)


def _taken(name: str, argument: Operand, parameter: str) -> Operand:
    """The argument as the parameter takes it."""
    if parameter in ("literal", "regex", "pattern", "bits", *_LIMITS, "place"):
        return _constant(name, argument, parameter)
    if argument.kind == NULL or parameter == "any":
        return argument
    if parameter in ("integer", "count"):
        return _whole(name, argument, is_count=parameter == "count")
    if parameter == "date":
        return as_date(argument, name)
    if parameter == "moment" and argument.kind != TIMESTAMP:
        return as_date(argument, name)
    is_list = argument.kind.name == "list"
    fits = {
        "text": not is_list,
        "texts": not is_list or argument.kind.element == TEXT,
        "list": is_list,
        "number": argument.kind.is_number,
        "double": argument.kind == DOUBLE,
        "boolean": argument.kind == BOOLEAN,
        "timestamp": argument.kind == TIMESTAMP,
    }.get(parameter, True)
    if not fits:
        wanted = Kind("decimal" if parameter == "number" else parameter).noun
        do = "; make it one, such as TRY_CAST(quantity AS DECIMAL(18,3))"
        do = do if parameter == "number" else "; give it one"
        raise ExpressionRefused(f"{argument.kind.noun} where {name} takes {wanted}", do)
    return argument


def _constant(name: str, argument: Operand, parameter: str) -> Operand:
    value = argument.constant
    if value is None:
        what = f"a changing value where {name} takes a constant"
        raise ExpressionRefused(what, "; write the text or number itself")
    is_text = argument.kind == TEXT
    if parameter in ("literal", "regex"):
        fits, do = is_text, "; write a text in quotes"
    elif parameter == "pattern":
        fits = is_text and _PATTERN.fullmatch(value) is not None
        do = "; write a pattern of yyyy, MM, dd, HH, mm and ss, such as 'dd/MM/yyyy'"
    elif parameter == "bits":
        fits, do = value in _BITS, f"; write one of {', '.join(_BITS)}"
    elif parameter == "place":
        fits = argument.kind.name == "integer" and int(value) != 0 and abs(int(value)) <= MAX_SIZE
        do = "; write a whole number that is not 0"
    else:
        low, high = _LIMITS[parameter]
        fits = argument.kind.name == "integer" and low <= int(value) <= high
        do = f"; write a whole number from {low} to {high}"
    if not fits:
        raise ExpressionRefused(f"{name} does not take {value[:40]!r}", do)
    return argument


def _whole(name: str, argument: Operand, *, is_count: bool = False) -> Operand:
    """A whole number as an INT, as functions of Spark take them."""
    if argument.kind.name != "integer":
        what = f"{argument.kind.noun} where {name} takes a whole number"
        raise ExpressionRefused(what, "; CAST it AS INT")
    if argument.constant is not None and argument.kind.digits < INT.digits:
        whole = argument
    elif argument.kind.digits <= INT.digits:
        whole = plain(f"TRY_CAST({argument.sql} AS INT)", INT, [argument])
    else:
        whole = checked(f"TRY_CAST({argument.sql} AS INT)", INT, [argument])
    if not is_count or int(whole.constant or -1) >= 0:
        return whole
    # Sail fails on a negative length, Spark takes it as 0.
    return plain(f"CASE WHEN {whole.sql} < 0 THEN 0 ELSE {whole.sql} END", INT, [whole])


def _check_group(arguments: Arguments) -> None:
    group = int(arguments[2].constant or 0) if len(arguments) > 2 else 1
    pattern = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", arguments[1].constant or "")
    groups = len(re.findall(r"\((?!\?)|\(\?P?<[A-Za-z]", pattern))
    if group > groups:
        what = f"regexp_extract asks for group {group} of a pattern with {groups}"
        raise ExpressionRefused(what, "; put the part in round brackets, or write 0 for all")


def _to_date(arguments: Arguments) -> Operand:
    if len(arguments) == 1:
        return as_date(arguments[0], "to_date")
    moment = _parsed_time(arguments, "to_date")
    return checked(f"CAST({moment} AS DATE)", DATE, arguments[:1])


def _to_timestamp(arguments: Arguments) -> Operand:
    if len(arguments) == 2:
        moment = _parsed_time(arguments, "to_timestamp")
        return checked(moment, TIMESTAMP, arguments[:1])
    return cast_to_timestamp(arguments[0])


def cast_to_timestamp(operand: Operand) -> Operand:
    """Returns a text or a day as a time."""
    if operand.kind not in (TEXT, DATE, TIMESTAMP, NULL):
        raise ExpressionRefused(f"{operand.kind.noun} where a time is needed", "; give it text")
    return checked(f"TRY_CAST({operand.sql} AS TIMESTAMP)", TIMESTAMP, [operand])


def _parsed_time(arguments: Arguments, name: str) -> str:
    text, pattern = arguments
    if text.kind not in (TEXT, NULL):
        do = "; leave the pattern out"
        raise ExpressionRefused(f"{text.kind.noun} where {name} takes text with a pattern", do)
    pattern = _constant(name, pattern, "pattern")
    return f"try_to_timestamp({text.sql}, {pattern.sql})"


def _make_date(arguments: Arguments) -> Operand:
    year, month, day = (_whole("make_date", argument) for argument in arguments)
    parts = f"lpad(CAST({year.sql} AS STRING), 4, '0'), '-', " + ", '-', ".join(
        f"lpad(CAST({part.sql} AS STRING), 2, '0')" for part in (month, day)
    )
    ranges = ((year, 9999), (month, 12), (day, 31))
    known = " AND ".join(f"{part.sql} BETWEEN 1 AND {most}" for part, most in ranges)
    sql = f"CASE WHEN {known} THEN TRY_CAST(concat({parts}) AS DATE) END"
    return checked(sql, DATE, (year, month, day))


def _shifted(name: str, far: int) -> Callable[[Arguments], Operand]:
    def build(arguments: Arguments) -> Operand:
        day, count = as_date(arguments[0], name), _whole(name, arguments[1])
        if count.constant is not None and abs(int(count.constant)) <= far:
            return plain(f"{name}({day.sql}, {count.sql})", DATE, (day, count))
        near = only_if(f"{count.sql} BETWEEN -{far} AND {far}", count)
        return checked(f"{name}({day.sql}, {near.sql})", DATE, (day, count))

    return build


def _next_day(arguments: Arguments) -> Operand:
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


def _trunc(arguments: Arguments) -> Operand:
    day, unit = in_safe_range(as_date(arguments[0], "trunc")), _unit("trunc", arguments[1])
    return plain(f"trunc({day.sql}, '{unit}')", DATE, [day])


def _date_trunc(arguments: Arguments) -> Operand:
    unit, moment = _unit("date_trunc", arguments[0]), arguments[1]
    moment = moment if moment.kind == TIMESTAMP else as_date(moment, "date_trunc")
    moment = in_safe_range(moment)
    return plain(f"date_trunc('{unit}', {moment.sql})", TIMESTAMP, [moment])


def element(values: Operand, index: Operand) -> Operand:
    """Returns `values[index]`, counted from 0."""
    _check_list(values)
    place = _whole("[ ]", index)
    sql = f"get({values.sql}, {place.sql})"
    outside = f"{place.sql} NOT BETWEEN 0 AND size({values.sql}) - 1"
    return _picked(sql, values, place, outside)


def _element_at(arguments: Arguments) -> Operand:
    values, index = arguments[0], _whole("element_at", arguments[1])
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


def _array(arguments: Arguments) -> Operand:
    values, kind = unified(arguments, "array")
    listed = ", ".join(value.sql for value in values)
    return plain(f"array({listed})", Kind("list", element=kind), values)


def _slice(arguments: Arguments) -> Operand:
    values, start, length = arguments
    _check_list(values)
    first, count = _constant("slice", start, "place"), _constant("slice", length, "size")
    return plain(f"slice({values.sql}, {first.sql}, {count.sql})", values.kind, [values])


def _reverse(arguments: Arguments) -> Operand:
    kind = arguments[0].kind if arguments[0].kind.name == "list" else TEXT
    return plain(f"reverse({arguments[0].sql})", kind, arguments)


def coalesced(arguments: Arguments) -> Operand:
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
    return Operand(f"CASE {' '.join(parts)} END", kind, tuple(f"({each})" for each in failed))


def _nvl2(arguments: Arguments) -> Operand:
    tested, present, absent = arguments
    given = plain(f"({tested.sql} IS NOT NULL)", BOOLEAN, [tested])
    return chosen([(given, present)], absent)


def _nullif(arguments: Arguments) -> Operand:
    value, other = arguments
    same = comparison("=", value, other)
    sql = f"CASE WHEN coalesce({same.sql}, FALSE) THEN NULL ELSE {value.sql} END"
    return plain(sql, value.kind, (value, same))


def _extreme(name: str) -> Callable[[Arguments], Operand]:
    def build(arguments: Arguments) -> Operand:
        values, kind = unified(arguments, name)
        return plain(f"{name}({', '.join(value.sql for value in values)})", kind, values)

    return build


def _round(arguments: Arguments) -> Operand:
    number = _taken("round", arguments[0], "number")
    if len(arguments) == 1:
        return _rounded("round", number, 0, "")
    places = _constant("round", arguments[1], "group")
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


def _arithmetic(operator: str, *, tries: bool = False) -> Callable[[Arguments], Operand]:
    def build(arguments: Arguments) -> Operand:
        result = arithmetic(operator, arguments[0], arguments[1])
        if not tries:
            return result
        kept = plain("", result.kind, arguments)
        return Operand(result.sql, result.kind, kept.failed, magnitude=result.magnitude)

    return build


def _trying(build: Callable[[Arguments], Operand]) -> Callable[[Arguments], Operand]:
    """The form of a function that gives NULL instead of an error, of which it is no failure."""

    def tried(arguments: Arguments) -> Operand:
        return Operand(build(arguments).sql, build(arguments).kind, plain("", TEXT, arguments).failed)

    return tried


def _get(arguments: Arguments) -> Operand:
    return element(*arguments)


_SPECIAL: Mapping[str, tuple[int, int | None, Callable[[Arguments], Operand]]] = {
    "abs": (1, 1, lambda arguments: absolute(arguments[0])),
    "add_months": (2, 2, _shifted("add_months", _FAR_MONTHS)),
    "array": (1, None, _array),
    "ceil": (1, 1, _to_whole("ceil")),
    "ceiling": (1, 1, _to_whole("ceiling")),
    "coalesce": (1, None, coalesced),
    "date_add": (2, 2, _shifted("date_add", _FAR_DAYS)),
    "date_sub": (2, 2, _shifted("date_sub", _FAR_DAYS)),
    "date_trunc": (2, 2, _date_trunc),
    "div": (2, 2, _arithmetic("DIV")),
    "element_at": (2, 2, _element_at),
    "floor": (1, 1, _to_whole("floor")),
    "get": (2, 2, _trying(_get)),
    "greatest": (2, None, _extreme("greatest")),
    "if": (3, 3, lambda arguments: chosen([(arguments[0], arguments[1])], arguments[2])),
    "ifnull": (2, 2, coalesced),
    "least": (2, None, _extreme("least")),
    "make_date": (3, 3, _make_date),
    "mod": (2, 2, _arithmetic("%")),
    "negative": (1, 1, lambda arguments: negated(arguments[0])),
    "next_day": (2, 2, _next_day),
    "nullif": (2, 2, _nullif),
    "nvl": (2, 2, coalesced),
    "nvl2": (3, 3, _nvl2),
    "pmod": (2, 2, _arithmetic("pmod")),
    "positive": (1, 1, lambda arguments: arguments[0]),
    "reverse": (1, 1, _reverse),
    "round": (1, 2, _round),
    "slice": (3, 3, _slice),
    "to_date": (1, 2, _to_date),
    "to_timestamp": (1, 2, _to_timestamp),
    "trunc": (2, 2, _trunc),
    "try_add": (2, 2, _arithmetic("+", tries=True)),
    "try_divide": (2, 2, _arithmetic("/", tries=True)),
    "try_element_at": (2, 2, _trying(_element_at)),
    "try_mod": (2, 2, _arithmetic("%", tries=True)),
    "try_multiply": (2, 2, _arithmetic("*", tries=True)),
    "try_subtract": (2, 2, _arithmetic("-", tries=True)),
    "try_to_date": (1, 2, _trying(_to_date)),
    "try_to_timestamp": (1, 2, _trying(_to_timestamp)),
}
