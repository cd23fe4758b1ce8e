"""The arguments of functions: what each parameter takes, and constants in their limits."""

from __future__ import annotations

import re

from sales_pipeline.config.sql.kinds import BOOLEAN, DOUBLE, INT, NULL, TEXT, TIMESTAMP, Kind
from sales_pipeline.config.sql.operands import Operand, as_date, checked, plain
from sales_pipeline.config.sql.parsing import ExpressionRefused

MAX_SIZE = 10_000
"""The longest text that a function may fill up to."""

_PATTERN = re.compile(
    "(?:y{4}|y{2}|M{1,4}|d{1,2}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|S{1,6}|E{1,4}|a|'[^']*'|[^A-Za-z'])+"
)
_LIMITS = {"size": (0, MAX_SIZE), "group": (0, 99)}
_CONSTANTS = ("literal", "regex", "pattern", "bits", "place", *_LIMITS)
_BITS = ("0", "224", "256", "384", "512")


def taken(name: str, argument: Operand, parameter: str) -> Operand:
    """Returns an argument as a parameter takes it."""
    if parameter in _CONSTANTS:
        return constant(name, argument, parameter)
    if argument.kind == NULL or parameter == "any":
        return argument
    if parameter in ("integer", "count"):
        return whole_number(name, argument, is_count=parameter == "count")
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


def constant(name: str, argument: Operand, parameter: str) -> Operand:
    """Returns a constant if it is in the limits of a parameter."""
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


def whole_number(name: str, argument: Operand, *, is_count: bool = False) -> Operand:
    """Returns a whole number as an INT, as functions of Spark take them."""
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
