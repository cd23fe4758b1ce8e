"""Makes text that came from files safe to print: names of products and of files are untrusted.

Part of every place where text leaves for a terminal or for a file that somebody looks at there.
"""

from __future__ import annotations

import re

_SPACES = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_ORDERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_HALF_CHARACTERS = re.compile(r"[\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Returns text on one line, in which nothing stands that a terminal obeys.

    Line ends and tabs become a space. Other control characters, and those that turn the
    direction of writing, are shown by their number, so that two names never look the same.

    >>> print(printable("Pot\x1b[31m\nrouge"))
    Pot\x1b[31m rouge
    """
    shown = _ORDERS.sub(_number, _SPACES.sub(" ", text))
    return _HALF_CHARACTERS.sub("\ufffd", shown)


def printable_lines(text: str) -> str:
    r"""Returns a message of several lines, each of them printable.

    >>> print(printable_lines("one\ntwo\x07"))
    one
    two\x07
    """
    return "\n".join(printable(line) for line in text.split("\n"))


def without_orders(text: str) -> str:
    r"""Returns text on one line, without the characters that `printable` shows by their number.

    >>> without_orders("Pot\x1b[31m\nrouge")
    'Pot[31m rouge'
    """
    return _HALF_CHARACTERS.sub("\ufffd", _ORDERS.sub("", _SPACES.sub(" ", text)))


def _number(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
