"""Makes text safe to print: names in files are untrusted; values of the environment are secret.

Used wherever text goes to a terminal, or to a file that a person may open there or in a
spreadsheet.
"""

from __future__ import annotations

import re

_written: dict[str, str] = {}
"""A text with values of environment variables -> the text of the declaration in its place."""
_LEAST, _LEAST_OF_A_WORD = 4, 8
_SPACES = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_HALF_CHARACTERS = re.compile(r"[\ud800-\udfff]")
# The last four are the wide forms of the first four, which some spreadsheets take, too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def hide(value: str, written: str) -> None:
    """Replaces a secret value in all printed text, unless it is so short that any text may hold it.

    Args:
        value: A text of the declaration with the values of environment variables.
        written: The same text as written in the declaration, such as `/data/${NAME}`.
    """
    if len(value) >= (_LEAST_OF_A_WORD if value.isalnum() else _LEAST):
        _written[value] = written


def as_written(text: str) -> str:
    """Returns a text with the declaration's `${NAME}` in place of values from the environment.

    >>> hide("/data/hunter2", "/data/${PLACE}")
    >>> as_written("no such folder, got '/data/hunter2/landing'")
    "no such folder, got '/data/${PLACE}/landing'"
    """
    for value in sorted(_written, key=len, reverse=True):
        text = text.replace(value, _written[value])
    return text


def printable(text: str) -> str:
    r"""Returns text on one line, without characters that a terminal obeys.

    Line ends and tabs become a space. Other control characters, and characters that change the
    direction of writing, are shown by their number, so that two names never look the same.

    >>> print(printable("Pot\x1b[31m\nrouge"))
    Pot\x1b[31m rouge
    """
    shown = _CONTROLS.sub(_number, _SPACES.sub(" ", as_written(text)))
    return _HALF_CHARACTERS.sub("\ufffd", shown)


def printable_lines(text: str) -> str:
    r"""Returns a message of several lines, each of them printable.

    >>> print(printable_lines("one\ntwo\x07"))
    one
    two\x07
    """
    return "\n".join(printable(line) for line in text.split("\n"))


def without_control_characters(text: str) -> str:
    r"""Returns text on one line, without the characters that `printable` shows by number.

    >>> without_control_characters("Pot\x1b[31m\nrouge")
    'Pot[31m rouge'
    """
    return _HALF_CHARACTERS.sub("\ufffd", _CONTROLS.sub("", _SPACES.sub(" ", text)))


def is_formula(text: str) -> bool:
    """Returns whether a spreadsheet may run a text as a formula, also behind white space.

    >>> is_formula("=1+1"), is_formula(" =1+1"), is_formula("Tea")
    (True, True, False)
    """
    return text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS)


def spreadsheet_text(text: str) -> str:
    """Returns text on one line that no spreadsheet runs: a leading `'` keeps a formula text.

    >>> spreadsheet_text("=1+1"), spreadsheet_text("Tea")
    ("'=1+1", 'Tea')
    """
    shown = without_control_characters(text)
    return f"'{shown}" if is_formula(text) or is_formula(shown) else shown


def _number(character: re.Match[str]) -> str:
    code = ord(character[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
