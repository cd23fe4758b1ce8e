"""Turns what pydantic found into sentences: what is wrong, what was got, what to do."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sales_pipeline.config.formats import Resolved, told_once
from sales_pipeline.config.places import Fault, Loc, deepest, value_at, written
from sales_pipeline.config.refusal import ABSENT, Refusal, complaint, did_you_mean
from sales_pipeline.config.vocabulary import keys_at, meaning, probable_key

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
    """What was written, by which the places that pydantic names become those of the file.

    Attributes:
        data: The plain data before environment variables and formats were put in.
        secret: The places whose values come from environment variables.
        resolved: Where a value that comes from a format is written.
    """

    data: object
    secret: set[Loc]
    resolved: Resolved

    def place(self, loc: Loc) -> Loc:
        """Returns where the value at a place is written."""
        return deepest(self.data, self.resolved.origin(written(loc)))


def faults_of(error: ValidationError, source: Written) -> list[Fault]:
    """Returns one fault for each thing that pydantic found, at the place where it is written.

    Args:
        error: What the validation of a whole declaration raised.
        source: What was written.
    """
    details = error.errors(include_url=False, include_input=False)
    # A key that was probably meant by an unknown one is not missing as well.
    meant = {
        (*loc[:-1], probable_key(loc))
        for loc in (written(detail["loc"]) for detail in details if _is_unknown_key(detail))
    }
    kept = (detail for detail in details if not _is_consequence(detail, source, meant))
    return told_once((written(detail["loc"]), _fault(detail, source)) for detail in kept)


def _is_consequence(detail: ErrorDetails, source: Written, meant: Container[object]) -> bool:
    """Says whether a fault is there only because of another one, which is told."""
    loc = written(detail["loc"])
    if detail["type"] == "missing":
        return loc in meant or source.resolved.is_unresolved(loc)
    # A list of which no entry is right counts as empty.
    return detail["type"] == "too_short" and bool(value_at(source.data, source.place(loc)))


def _is_unknown_key(detail: ErrorDetails) -> bool:
    return detail["type"] == "extra_forbidden"


def _fault(detail: ErrorDetails, source: Written) -> Fault:
    loc = source.place(detail["loc"])
    got = value_at(source.data, loc)
    kind, context = detail["type"], detail.get("ctx", {})
    if _is_unknown_key(detail):
        return Fault(loc, f"unknown key{_known_keys(loc)}")
    if kind == "missing":
        return Fault(loc, f"missing; write {meaning(loc)}")
    if kind in ("string_too_short", "too_short"):
        return Fault(loc, f"empty; write {_entry(loc)}")
    refusal = context.get("error")
    if isinstance(refusal, Refusal) and refusal.got is ABSENT:
        got = ABSENT
    what, do = _sentence(kind, context, got, detail["msg"])
    if loc in source.secret:
        what = what if isinstance(refusal, Refusal | None) else "not usable"
        do = "; the variable's value is not shown"
    return Fault(loc, complaint(what, got, do))


def _known_keys(loc: Loc) -> str:
    known = ", ".join(keys_at(loc[:-1]))
    return did_you_mean(probable_key(loc), otherwise=f"the keys here are {known}")


def _entry(loc: Loc) -> str:
    return meaning(loc) if str(loc[-1]) in keys_at(loc[:-1]) else "at least one character"


def _sentence(kind: str, context: dict[str, Any], got: object, message: str) -> tuple[str, str]:
    if kind == "value_error":
        error = context["error"]
        return (error.what, error.do) if isinstance(error, Refusal) else (str(error), "")
    if kind == "literal_error":
        choices = re.findall("'([^']*)'", context["expected"])
        close = get_close_matches(str(got).lower(), choices, n=1)
        what = f"not {context['expected']}"
        return what, did_you_mean(close[0] if close else None, otherwise="write it so")
    if kind == "decimal_parsing" and re.fullmatch("[0-9]+,[0-9]+", str(got)):
        return "not a number", did_you_mean(str(got).replace(",", "."), otherwise="")
    what, do = _SENTENCES.get(kind, (message, ""))
    return what.format(**context), do.format(**context)
