"""Calls of functions in declared SQL, each so that an error on a value gives NULL."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sales_pipeline.config.sql.functions import Function, functions, taken
from sales_pipeline.config.sql.kinds import BIGINT, BOOLEAN, DATE, DOUBLE, INT, NULL, TEXT, Kind
from sales_pipeline.config.sql.operands import Operand, plain
from sales_pipeline.config.sql.parsing import ExpressionRefused
from sales_pipeline.config.sql.special_functions import SPECIAL_FUNCTIONS

_RESULTS = {
    "text": TEXT,
    "integer": INT,
    "bigint": BIGINT,
    "double": DOUBLE,
    "boolean": BOOLEAN,
    "date": DATE,
    "texts": Kind("list", element=TEXT),
}

Arguments = Sequence[Operand]


WITH_SYNTAX = frozenset(
    ["case", "cast", "exists", "extract", "filter", "forall", "transform", "try_cast"]
)
"""Functions that take more than values, such as a type or a lambda."""


def known_names() -> list[str]:
    """Returns the names of all functions that declared SQL may call."""
    return sorted({*functions(), *SPECIAL_FUNCTIONS, *WITH_SYNTAX})


def called(name: str, arguments: Arguments) -> Operand:
    """Returns the call of a function that declared SQL may call.

    Raises:
        ExpressionRefused: Its arguments do not fit.
    """
    special = SPECIAL_FUNCTIONS.get(name)
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
    fitting = [taken(function.name, argument, parameter) for argument, parameter in pairs]
    if function.name == "regexp_extract":
        _check_group(arguments)
    sql = f"{function.name}({', '.join(argument.sql for argument in fitting)})"
    if function.result == "list":
        return plain(sql, fitting[0].kind, fitting)
    if function.result == "element":
        return plain(sql, fitting[0].kind.element or NULL, fitting)
    return plain(sql, _RESULTS[function.result], fitting)


def _check_group(arguments: Arguments) -> None:
    group = int(arguments[2].constant or 0) if len(arguments) > 2 else 1
    pattern = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", arguments[1].constant or "")
    groups = len(re.findall(r"\((?!\?)|\(\?P?<[A-Za-z]", pattern))
    if group > groups:
        what = f"regexp_extract asks for group {group} of a pattern with {groups}"
        raise ExpressionRefused(what, "; put the part in round brackets, or write 0 for all")
