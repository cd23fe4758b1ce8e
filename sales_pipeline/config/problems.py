"""Problems in a declaration: where they are, what is wrong, what was got and what to do.

A check on one value raises `InvalidValue`. A check across values yields a `Mismatch`: it works on
plain data, as the YAML holds it, so that it also runs on a declaration with other mistakes and
all of them are in one report. A `Fault` is a finished message at a place of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

Loc = tuple[str | int, ...]
"""The keys and list positions that lead to a value; ends in KEY for the key itself."""

Plain = Mapping[str, object]
"""A part of a declaration as the YAML holds it."""

KEY = "[key]"
"""Pydantic's mark for a place that is a mapping's key and not the value under it."""

ONE, SEVERAL = "[one]", "[several]"
"""Marks of the model for the form of a value, one or a list; they are not written in the file."""

MAX_SHOWN = 40


class Absent:
    """A value that is missing, whereas None is a value that is empty."""


ABSENT: Final = Absent()


class InvalidValue(ValueError):
    """A declared value cannot be used; reads `what, got 'value'` and then what to do.

    The parts are kept apart, because a value from an environment variable must not be shown,
    and neither must a correction that was made from it.

    Attributes:
        what: What is wrong, without the value: `not a currency code`.
        got: The value; ABSENT if it tells the reader nothing.
        do: What to do, with the mark before it: `; write EUR` or `. Did you mean 'EUR'?`.
    """

    def __init__(self, what: str, got: object, do: str) -> None:
        self.what = what
        self.got = got
        self.do = do
        super().__init__(sentence(what, got, do))


@dataclass(frozen=True)
class Mismatch:
    """Values that do not fit together. It never holds a value, which may be a secret.

    Attributes:
        loc: The place to correct.
        what: What is wrong.
        do: What to do, with the mark before it.
        shows: Whether the message shows the value at that place.
    """

    loc: Loc
    what: str
    do: str
    shows: bool = True


@dataclass(frozen=True)
class Fault:
    """A message about a place. It has a line of its own if the place is on several lines."""

    loc: Loc
    message: str
    line: int | None = None


def below(loc: Loc, mismatches: Iterable[Mismatch]) -> Iterator[Mismatch]:
    """Yields mismatches of a part with their places seen from the parts around it."""
    return (replace(mismatch, loc=(*loc, *mismatch.loc)) for mismatch in mismatches)


def sentence(what: str, got: object, do: str) -> str:
    """Returns the message `what, got 'value'` and what to do; a missing value is not shown.

    >>> sentence("not a currency code", "Euro", "; write EUR")
    "not a currency code, got 'Euro'; write EUR"
    >>> sentence("missing", ABSENT, "; write one")
    'missing; write one'
    """
    return f"{what}{do}" if isinstance(got, Absent) else f"{what}, got {shown(got)}{do}"


def shown(value: object) -> str:
    """Returns a value for a message: quoted and shortened, or its kind if it is not text.

    >>> shown("utf8"), shown(None), shown(True), shown(7), shown({"a": 1}), shown([1])
    ("'utf8'", 'nothing', 'true', '7', 'a mapping', 'a list')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = value[: MAX_SHOWN + 1] if isinstance(value, str) else value
    written = repr(text) if isinstance(text, str) else str(text)
    return written if len(written) <= MAX_SHOWN + 2 else f"{written[:MAX_SHOWN]}…"


def suggestion(guess: str | None, *, otherwise: str) -> str:
    """Returns the end of a message: the guess, or what to write if there is none.

    >>> suggestion("EUR", otherwise="write a code")
    ". Did you mean 'EUR'?"
    >>> suggestion(None, otherwise="write a code")
    '; write a code'
    """
    return f". Did you mean '{guess}'?" if guess else f"; {otherwise}"


def checked(
    value: str, guess: str, is_valid: Callable[[str], object], *, what: str, do: str
) -> str:
    """Returns a valid value unchanged.

    Raises:
        InvalidValue: It is not valid; suggests the guess if that is, else what to do.
    """
    if is_valid(value):
        return value
    raise InvalidValue(what, value, suggestion(guess if is_valid(guess) else None, otherwise=do))


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


def without_marks(loc: Loc) -> Loc:
    """Returns a place as it is written in the file, without the marks of the model.

    >>> without_marks(("rates", "fixed", "USD", "[several]", 0, "rate"))
    ('rates', 'fixed', 'USD', 0, 'rate')
    """
    return tuple(step for step in loc if step not in (ONE, SEVERAL))


def value_at(data: object, loc: Loc) -> object:
    """Returns the value at a place, or the key if the place is one; ABSENT if it is missing.

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


def nearest_written(data: object, loc: Loc) -> Loc:
    """Returns a place without list positions at its end that are not in the data.

    A key that takes a list also takes a single value, which pydantic counts as its first.

    >>> nearest_written({"date_formats": "x"}, ("date_formats", 0))
    ('date_formats',)
    """
    while loc and isinstance(loc[-1], int) and value_at(data, loc) is ABSENT:
        loc = loc[:-1]
    return loc


def mapping(value: object) -> Plain:
    """Returns the value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def entries(value: object) -> list[object]:
    """Returns the entries of a list; a single text counts as a list of one."""
    if isinstance(value, str):
        return [value]
    return list(value) if isinstance(value, list | tuple) else []


def day_of(value: object) -> date | None:
    """Returns a day, parsed if it is text; None if it is not a day."""
    if isinstance(value, date):
        return value
    with suppress(ValueError):
        return date.fromisoformat(str(value))
    return None


def order_mismatches(value: object) -> Iterable[Mismatch]:
    """Yields entries of a dated list that are not in the order of their days."""
    if not isinstance(value, list | tuple):
        return
    earlier: date | None = None
    for at, entry in enumerate(map(mapping, value)):
        since = day_of(entry.get("since"))
        if at and entry.get("since") is None:
            yield Mismatch((at, "since"), "missing", "; write the first day of this entry")
        elif since and earlier and since <= earlier:
            do = "; write the entries in the order of their days"
            yield Mismatch((at, "since"), "not after the entry before it", do)
        earlier = since or earlier
