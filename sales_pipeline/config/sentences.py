"""Turns what pydantic found into sentences: what is wrong, what was got, what to do."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sales_pipeline.config.places import Fault, Loc, deepest, value_at, written as as_written
from sales_pipeline.config.refusal import Refusal, complaint, did_you_mean
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


def faults_of(error: ValidationError, written: object, secret: set[Loc]) -> list[Fault]:
    """Returns one fault for each thing that pydantic found.

    Args:
        error: What the validation of a whole declaration raised.
        written: The plain data before environment variables were put in.
        secret: The places whose values come from environment variables.
    """
    details = error.errors(include_url=False, include_input=False)
    meant = {
        (*loc[:-1], probable_key(loc))
        for loc in (as_written(detail["loc"]) for detail in details if detail["type"] == "extra_forbidden")
    }
    return [
        _fault(detail, written, secret)
        for detail in details
        if not (detail["type"] == "missing" and detail["loc"] in meant)
    ]


def _fault(detail: ErrorDetails, written: object, secret: set[Loc]) -> Fault:
    loc = deepest(written, as_written(detail["loc"]))
    got = value_at(written, loc)
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return Fault(loc, f"unknown key{_known_keys(loc)}")
    if kind == "missing":
        return Fault(loc, f"missing; write {meaning(loc)}")
    if kind in ("string_too_short", "too_short"):
        return Fault(loc, f"empty; write {_entry(loc)}")
    what, do = _sentence(kind, context, got, detail["msg"])
    if loc in secret:
        what = what if isinstance(context.get("error"), Refusal | None) else "not usable"
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
