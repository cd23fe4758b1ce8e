"""Calls of functions in declared SQL, each so that an error on a value gives NULL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sales_pipeline.config.sql.arguments import constant, taken
from sales_pipeline.config.sql.choices import (
    chosen,
    chosen_by_presence,
    coalesced,
    extreme,
    null_if,
)
from sales_pipeline.config.sql.day_functions import (
    FAR_DAYS,
    FAR_MONTHS,
    date_trunc,
    make_date,
    next_day,
    shifted,
    to_date,
    to_timestamp,
    trunc,
)
from sales_pipeline.config.sql.functions import Function, functions
from sales_pipeline.config.sql.kinds import BIGINT, BOOLEAN, DATE, DOUBLE, INT, NULL, TEXT, Kind
from sales_pipeline.config.sql.list_functions import array, element, element_at, part, reverse
from sales_pipeline.config.sql.operands import Operand, failures, plain
from sales_pipeline.config.sql.operators import absolute, arithmetic, negated
from sales_pipeline.config.sql.parsing import ExpressionRefused

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


def _arithmetic(operator: str, *, tries: bool = False) -> Callable[[Arguments], Operand]:
    def build(arguments: Arguments) -> Operand:
        result = arithmetic(operator, arguments[0], arguments[1])
        if not tries:
            return result
        return replace(result, failed=failures(arguments))

    return build


def _trying(build: Callable[[Arguments], Operand]) -> Callable[[Arguments], Operand]:
    """The form of a function that gives NULL instead of an error, of which it is no failure."""

    def tried(arguments: Arguments) -> Operand:
        return Operand(
            build(arguments).sql, build(arguments).kind, plain("", TEXT, arguments).failed
        )

    return tried


def _get(arguments: Arguments) -> Operand:
    return element(*arguments)


_SPECIAL: Mapping[str, tuple[int, int | None, Callable[[Arguments], Operand]]] = {
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
    "get": (2, 2, _trying(_get)),
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
    "try_add": (2, 2, _arithmetic("+", tries=True)),
    "try_divide": (2, 2, _arithmetic("/", tries=True)),
    "try_element_at": (2, 2, _trying(element_at)),
    "try_mod": (2, 2, _arithmetic("%", tries=True)),
    "try_multiply": (2, 2, _arithmetic("*", tries=True)),
    "try_subtract": (2, 2, _arithmetic("-", tries=True)),
    "try_to_date": (1, 2, _trying(to_date)),
    "try_to_timestamp": (1, 2, _trying(to_timestamp)),
}
