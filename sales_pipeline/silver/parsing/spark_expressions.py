"""Small Spark expressions over delivered texts and conditions, the same on every engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from sales_pipeline.config.files import WHITE_SPACE
from sales_pipeline.visible_text import INVISIBLE

GIVEN = "_given_"
"""How the column of a text as delivered begins, where another has its value."""
_WITH_LETTERS = ("0B", "0E", "0F", "1A", "1B", "1C", "1D", "1E", "1F")
"""The control characters that JSON writes as `\\u00XX` with a letter in it."""
_PAIR = "\\\\"
_NO_PAIR = "\x01"
"""Stands for a pair of backslashes: JSON has no control character but in such an escape."""


def trimmed(text: Column) -> Column:
    """The text without white space at its ends."""
    return F.btrim(text, F.lit(WHITE_SPACE))


def filled(text: Column) -> Column:
    """The trimmed text, or null if nothing is left of it."""
    return F.nullif(trimmed(text), F.lit(""))


def visible(text: Column) -> Column:
    """The trimmed text without zero-width characters, direction marks and byte order marks."""
    is_ascii = F.octet_length(text) == F.char_length(text)
    return F.when(is_ascii, trimmed(text)).otherwise(trimmed(F.translate(text, INVISIBLE, "")))


def is_blank(text: Column) -> Column:
    """A condition: there is no text, or only white space."""
    return text.isNull() | (trimmed(text) == F.lit(""))


def any_of(conditions: Iterable[Column]) -> Column:
    """A condition: at least one of some conditions holds; false without any.

    It is built as a balanced tree, because engines recurse into predicates.
    """
    remaining = list(conditions)
    if not remaining:
        return F.lit(False)
    if len(remaining) == 1:
        return remaining[0]
    half = len(remaining) // 2
    return any_of(remaining[:half]) | any_of(remaining[half:])


def none_missing(columns: Sequence[Column]) -> Column:
    """A condition: none of some columns is null."""
    return ~any_of(column.isNull() for column in columns)


def as_json(value: Column) -> Column:
    r"""A struct as JSON, with its fields in their order and without fields that are NULL.

    Engines agree on it except for one detail: whether the digits of a control character are
    `\u001B` or `\u001b`. Here they are small, as in bronze, without touching a text that
    spells such an escape out, which has a pair of backslashes: `\\u001B`.
    """
    text = _replaced(F.to_json(value), _PAIR, _NO_PAIR)
    text = reduce(lambda so_far, code: _replaced(so_far, rf"\u00{code}", rf"\u00{code.lower()}"),
                  _WITH_LETTERS, text)  # fmt: skip
    return _replaced(text, _NO_PAIR, _PAIR)


def _replaced(text: Column, old: str, new: str) -> Column:
    return F.replace(text, F.lit(old), F.lit(new))
