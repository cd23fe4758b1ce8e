"""Makes text that came from files safe to show: product names are untrusted.

What a terminal or a spreadsheet would obey is taken out here; `tables.cell` keeps rich from
reading markup into the rest.
"""

from __future__ import annotations

import re

_SPACES = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_ORDERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_HALF_CHARACTERS = re.compile(r"[\ud800-\udfff]")
# The last four are the wide forms of the first four, which some spreadsheets take, too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def printable(text: str) -> str:
    r"""Returns text on one line, without characters that a terminal obeys.

    Line ends and tabs become a space; other control characters, and those that turn the
    direction of writing, go.

    >>> printable("Pot\x1b[31m\nrouge")
    'Pot[31m rouge'
    """
    shown = _ORDERS.sub("", _SPACES.sub(" ", text))
    return _HALF_CHARACTERS.sub("\ufffd", shown)


def printable_lines(text: str) -> str:
    r"""Returns a message of several lines, each of them printable.

    >>> printable_lines("one\ntwo\x07")
    'one\ntwo'
    """
    return "\n".join(printable(line) for line in text.split("\n"))


def spreadsheet_text(text: str) -> str:
    """Returns text that no spreadsheet takes for a formula: a leading `'` keeps it text.

    >>> spreadsheet_text("=1+1"), spreadsheet_text("Tea")
    ("'=1+1", 'Tea')
    """
    shown = printable(text)
    starts = (text, shown, shown.lstrip())
    return f"'{shown}" if any(each.startswith(_FORMULA_STARTS) for each in starts) else shown
