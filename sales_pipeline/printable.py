"""Makes text from files safe to print, because names of products and files are untrusted.

Used wherever text goes to a terminal, or to a file that a person may show in one.
"""

from __future__ import annotations

import re

_SPACES = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_HALF_CHARACTERS = re.compile(r"[\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Returns text on one line, without characters that a terminal obeys.

    Line ends and tabs become a space. Other control characters, and characters that change the
    direction of writing, are shown by their number, so that two names never look the same.

    >>> print(printable("Pot\x1b[31m\nrouge"))
    Pot\x1b[31m rouge
    """
    shown = _CONTROLS.sub(_number, _SPACES.sub(" ", text))
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


def _number(character: re.Match[str]) -> str:
    code = ord(character[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
