"""Values as JSON, in the same characters on every engine."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

_WITH_LETTERS = ("0B", "0E", "0F", "1A", "1B", "1C", "1D", "1E", "1F")
"""The control characters that JSON writes as `\\u00XX` with a letter in it."""
_PAIR = "\\\\"
_NO_PAIR = "\x01"
"""Stands for a pair of backslashes: JSON has no control character but in such an escape."""


def as_json(value: Column) -> Column:
    r"""A struct as JSON, its fields in their order, those that are NULL left out.

    Engines agree on it but for a detail: whether the digits of a control character are
    `\u001B` or `\u001b`. Here they are small, as in bronze, without touching a text that
    spells such an escape out, which has a pair of backslashes: `\\u001B`.
    """
    text = _replaced(F.to_json(value), _PAIR, _NO_PAIR)
    text = reduce(lambda done, code: _replaced(done, rf"\u00{code}", rf"\u00{code.lower()}"),
                  _WITH_LETTERS, text)  # fmt: skip
    return _replaced(text, _NO_PAIR, _PAIR)


def _replaced(text: Column, old: str, new: str) -> Column:
    return F.replace(text, F.lit(old), F.lit(new))
