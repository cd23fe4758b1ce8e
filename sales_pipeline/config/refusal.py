"""How a check on one value says no: what is wrong, what was got, what to do."""

from __future__ import annotations

from typing import Final

MAX_SHOWN = 40


class Absent:
    """Stands for a value that is not there, where None is a value that is empty."""


ABSENT: Final = Absent()


def shown(value: object) -> str:
    """Returns a value as a message shows it: quoted, short, and named where it is no text.

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


class Refusal(ValueError):
    """A declared value is refused; reads `what, got 'value'` and then what to do.

    The parts stay apart, because a value that came out of an environment variable
    must not be shown, and neither must a correction made from it.

    Attributes:
        what: What is wrong, without the value: `not a currency code`.
        got: The value; ABSENT where it tells nothing.
        do: What to do, with the mark before it: `; write EUR` or `. Did you mean 'EUR'?`.
    """

    def __init__(self, what: str, got: object, do: str) -> None:
        self.what = what
        self.got = got
        self.do = do
        super().__init__(complaint(what, got, do))


def complaint(what: str, got: object, do: str) -> str:
    """Returns the sentence of a refusal; a value that is not there is not shown.

    >>> complaint("not a currency code", "Euro", "; write EUR")
    "not a currency code, got 'Euro'; write EUR"
    >>> complaint("missing", ABSENT, "; write one")
    'missing; write one'
    """
    return f"{what}{do}" if isinstance(got, Absent) else f"{what}, got {shown(got)}{do}"


def did_you_mean(guess: str | None, *, otherwise: str) -> str:
    """Returns the end of a message: the guess, or what to write when there is none.

    >>> did_you_mean("EUR", otherwise="write a code")
    ". Did you mean 'EUR'?"
    >>> did_you_mean(None, otherwise="write a code")
    '; write a code'
    """
    return f". Did you mean '{guess}'?" if guess else f"; {otherwise}"
