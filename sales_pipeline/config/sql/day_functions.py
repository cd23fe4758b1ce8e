"""Functions of days and times in declared SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sales_pipeline.config.sql.arguments import constant, whole_number
from sales_pipeline.config.sql.kinds import DATE, NULL, TEXT, TIMESTAMP
from sales_pipeline.config.sql.operands import (
    Operand,
    as_date,
    checked,
    in_safe_range,
    only_if,
    plain,
)
from sales_pipeline.config.sql.parsing import ExpressionRefused

_WEEKDAYS = frozenset(
    short
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for short in (day, day[:3], day[:2])
)
_UNITS = ("year", "yyyy", "yy", "quarter", "month", "mon", "mm", "week")
FAR_DAYS, FAR_MONTHS = 3_660_000, 120_000
"""How far a day may be moved: ten thousand years; engines fail on what no date holds."""

Arguments = Sequence[Operand]


def to_date(arguments: Arguments) -> Operand:
    """Returns a text, with or without a pattern, as a day."""
    if len(arguments) == 1:
        return as_date(arguments[0], "to_date")
    moment = _parsed_time(arguments, "to_date")
    return checked(f"CAST({moment} AS DATE)", DATE, arguments[:1])


def to_timestamp(arguments: Arguments) -> Operand:
    """Returns a text, with or without a pattern, as a time."""
    if len(arguments) == 2:
        moment = _parsed_time(arguments, "to_timestamp")
        return checked(moment, TIMESTAMP, arguments[:1])
    return _as_timestamp(arguments[0])


def _as_timestamp(operand: Operand) -> Operand:
    """Returns a text or a day as a time."""
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
