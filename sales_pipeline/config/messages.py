"""Turns pydantic's errors into messages: what is wrong, what was got, what to do.

The advice comes from the model: the keys that are possible at a place, and their descriptions.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sales_pipeline.config.expansion import Resolved, without_repeats
from sales_pipeline.config.model import Declaration
from sales_pipeline.config.problems import (
    ABSENT,
    Fault,
    InvalidValue,
    Loc,
    nearest_written,
    sentence,
    suggestion,
    value_at,
    without_marks,
)
from sales_pipeline.errors import closest

_NUMBER = ("not a number", "; write one such as 0.85")
_WHOLE = ("not a whole number", "; write one such as 1000")
_MAPPING = ("not a mapping", "; write `key: value` lines below it")
_LIST = ("not a list", "; write one such as [a, b]")
_YES_OR_NO = ("neither true nor false", "; write one of them")
_SENTENCES = {
    "string_type": ("not text", "; write it in quotes"),
    "string_pattern_mismatch": ("not of the form {pattern}", "; write it so"),
    "string_too_long": ("longer than {max_length}", "; write a shorter one"),
    "decimal_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_max_digits": ("more than {max_digits} digits", "; write fewer"),
    "decimal_max_places": ("more than {decimal_places} decimals", "; write fewer"),
    "decimal_whole_digits": (
        "more than {whole_digits} digits before the decimal point",
        "; write a smaller number",
    ),
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "bool_parsing": _YES_OR_NO,
    "bool_type": _YES_OR_NO,
    "greater_than": ("not greater than {gt}", "; write a greater number"),
    "greater_than_equal": ("less than {ge}", "; write {ge} or more"),
    "less_than": ("not less than {lt}", "; write a smaller number"),
    "less_than_equal": ("greater than {le}", "; write {le} or less"),
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "tuple_type": _LIST,
    "list_type": _LIST,
}


@dataclass(frozen=True)
class Written:
    """The declaration as it is written, to find the places of pydantic's errors in it.

    Attributes:
        data: The plain data before environment variables and formats are expanded.
        secret: The places whose values come from environment variables.
        resolved: The origins of values that come from a format.
    """

    data: object
    secret: set[Loc]
    resolved: Resolved

    def place(self, loc: Loc) -> Loc:
        """Returns the place at which a value of the validated declaration is written."""
        return nearest_written(self.data, self.resolved.origin(without_marks(loc)))

    def fault(self, loc: Loc, what: str, do: str, *, shows: bool = True) -> Fault:
        """Returns the message about a place, without advice if its value is a variable's."""
        got = value_at(self.data, loc) if shows else ABSENT
        if loc in self.secret:
            do = "; the variable's value is not shown"
        return Fault(loc, sentence(what, got, do))


def faults_of(error: ValidationError, source: Written) -> list[Fault]:
    """Returns a fault for each of pydantic's errors, at the place where the value is written."""
    details = error.errors(include_url=False, include_input=False)
    # A key is not reported as missing if an unknown key was probably meant to be it.
    misspelt = {
        (*loc[:-1], probable_key(loc))
        for loc in (without_marks(detail["loc"]) for detail in details if _is_unknown_key(detail))
    }
    kept = (detail for detail in details if not _is_consequence(detail, source, misspelt))
    return without_repeats(
        (without_marks(detail["loc"]), _fault(detail, source)) for detail in kept
    )


def _is_consequence(detail: ErrorDetails, source: Written, misspelt: Container[object]) -> bool:
    """Says whether an error only follows from another one, which is reported."""
    loc = without_marks(detail["loc"])
    if detail["type"] == "missing":
        return loc in misspelt or source.resolved.is_unresolved(loc)
    # Pydantic counts a list without a valid entry as empty.
    return detail["type"] == "too_short" and bool(value_at(source.data, source.place(loc)))


def _is_unknown_key(detail: ErrorDetails) -> bool:
    return detail["type"] == "extra_forbidden"


def _fault(detail: ErrorDetails, source: Written) -> Fault:
    loc = source.place(detail["loc"])
    kind, context = detail["type"], detail.get("ctx", {})
    if _is_unknown_key(detail):
        return Fault(loc, f"unknown key{_known_keys(loc)}")
    if kind == "missing":
        return Fault(loc, f"missing; write {meaning(loc)}")
    if kind in ("string_too_short", "too_short"):
        return Fault(loc, f"empty; write {_entry(loc)}")
    error = context.get("error")
    what, do = _what_and_do(kind, context, value_at(source.data, loc), detail["msg"])
    if loc in source.secret and not isinstance(error, InvalidValue | None):
        what = "not usable"
    is_telling = not isinstance(error, InvalidValue) or error.got is not ABSENT
    return source.fault(loc, what, do, shows=is_telling)


def _known_keys(loc: Loc) -> str:
    known = ", ".join(keys_at(loc[:-1]))
    return suggestion(probable_key(loc), otherwise=f"the keys here are {known}")


def _entry(loc: Loc) -> str:
    return meaning(loc) if str(loc[-1]) in keys_at(loc[:-1]) else "at least one character"


def _what_and_do(kind: str, context: dict[str, Any], got: object, message: str) -> tuple[str, str]:
    if kind == "value_error":
        error = context["error"]
        return (error.what, error.do) if isinstance(error, InvalidValue) else (str(error), "")
    if kind == "literal_error":
        choices = re.findall("'([^']*)'", context["expected"])
        do = suggestion(closest(str(got).lower(), choices), otherwise="write it so")
        return f"not {context['expected']}", do
    if kind == "decimal_parsing" and re.fullmatch("[0-9]+,[0-9]+", str(got)):
        return "not a number", suggestion(str(got).replace(",", "."), otherwise="")
    what, do = _SENTENCES.get(kind, (message, ""))
    return what.format(**context), do.format(**context)


def keys_at(loc: Loc) -> dict[str, FieldInfo]:
    """Returns the keys of the part of a declaration at a place.

    >>> list(keys_at(("catalogue", "languages", "fr")))
    ['product', 'category']
    """
    return {name: field for kind in _parts_at(loc) for name, field in _fields(kind)}


def _parts_at(loc: Loc) -> list[type[BaseModel]]:
    kinds: list[Any] = [Declaration]
    for step in loc:
        kinds = [below for kind in kinds for below in _below(kind, step)]
    return [kind for kind in kinds if _is_part(kind)]


def _fields(kind: type[BaseModel]) -> Iterable[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in kind.model_fields.items()]


def _below(kind: Any, step: str | int) -> Iterator[Any]:
    """Yields the types that the value of a key, or an entry of a list, can have."""
    fields = dict(_fields(kind)) if _is_part(kind) else {}
    if step in fields:
        yield from _members(fields[str(step)].annotation)
    elif get_origin(kind) is dict or (get_origin(kind) is tuple and isinstance(step, int)):
        yield from _members(get_args(kind)[-1 if get_origin(kind) is dict else 0])


def _members(kind: Any) -> Iterator[Any]:
    """Yields every member of a union, or the type itself, without annotations."""
    if get_origin(kind) is Annotated:
        yield from _members(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for member in get_args(kind):
            yield from _members(member)
    else:
        yield kind


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def probable_key(loc: Loc) -> str | None:
    """Returns the known key of the same part that an unknown one was probably meant to be.

    >>> probable_key(("base_curency",)), probable_key(("catalogue", "delimiter"))
    ('base_currency', 'csv.delimiter')
    """
    known = keys_at(loc[:-1])
    wrong = str(loc[-1])
    deeper = (f"{key}.{wrong}" for key in known if wrong in keys_at((*loc[:-1], key)))
    return closest(wrong.lower().replace("-", "_"), known) or next(deeper, None)


def meaning(loc: Loc) -> str:
    """Returns the description of a key, from the model, for the middle of a message.

    >>> meaning(("feeds", "paris", "currency"))
    'the currency of every amount, an ISO 4217 code'
    """
    from sales_pipeline.config.descriptions import descriptions

    known = {key: text for kind in _parts_at(loc[:-1]) for key, text in descriptions(kind).items()}
    text = " ".join(known.get(str(loc[-1]), "").split())
    sentence = text.split(". ")[0].split("; ")[0].removesuffix(".")
    return sentence[:1].lower() + sentence[1:]
