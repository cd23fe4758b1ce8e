"""Places in a declaration: the way to a key, its value, and what is wrong there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sales_pipeline.config.refusal import ABSENT

Loc = tuple[str | int, ...]
"""The keys and list positions that lead to a value; ends in KEY for the key itself."""

KEY = "[key]"
"""How pydantic marks that a place is a mapping's key and not the value under it."""

ONE, SEVERAL = "[one]", "[several]"
"""How the model marks, in a place, which of two forms a value has; nothing is written there."""


@dataclass(frozen=True)
class Fault:
    """Something wrong at a place; the line only where the place has another one of its own."""

    loc: Loc
    message: str
    line: int | None = None


def dotted(loc: Loc) -> str:
    """Returns a place as a message shows it.

    >>> dotted(("feeds", "tokyo", "date_formats", 1))
    'feeds.tokyo.date_formats[1]'
    >>> dotted(("feeds", "Tokyo", "[key]"))
    'feeds.Tokyo'
    """
    steps = loc[:-1] if loc[-1:] == (KEY,) else loc
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".")


def value_at(data: object, loc: Loc) -> object:
    """Returns the value at a place, the key where the place is one, ABSENT where there is none.

    >>> value_at({"feeds": {"tokyo": {"key": ["a"]}}}, ("feeds", "tokyo", "key", 0))
    'a'
    """
    for before, step in enumerate(loc):
        if step == KEY:
            return loc[before - 1]
        if isinstance(data, Mapping):
            data = data.get(step, ABSENT)
        elif isinstance(data, Sequence) and not isinstance(data, str) and isinstance(step, int):
            data = data[step] if step < len(data) else ABSENT
        else:
            return ABSENT
    return data


def written(loc: Loc) -> Loc:
    """Returns a place as it can be written, without the marks of the model.

    >>> written(("rates", "fixed", "USD", "[several]", 0, "rate"))
    ('rates', 'fixed', 'USD', 0, 'rate')
    """
    return tuple(step for step in loc if step not in (ONE, SEVERAL))


def deepest(data: object, loc: Loc) -> Loc:
    """Returns a place without the list positions that are not in the data.

    A single value is taken where a list is, and pydantic then counts it as its first.

    >>> deepest({"date_formats": "x"}, ("date_formats", 0))
    ('date_formats',)
    """
    while loc and isinstance(loc[-1], int) and value_at(data, loc) is ABSENT:
        loc = loc[:-1]
    return loc


def is_related(one: Loc, other: Loc) -> bool:
    """Says whether two places are the same, or one is within the other.

    >>> is_related(("rates",), ("rates", "fixed")), is_related(("rates",), ("feeds",))
    (True, False)
    """
    return all(a == b for a, b in zip(one, other, strict=False))
