"""Date patterns such as dd/MM/yyyy: checked when declared, parsed for silver.

A pattern becomes a regular expression that every engine reads the same way: ASCII classes, no
backslash, no look-around. A time of day and an offset are accepted, so that their record is
not quarantined, and ignored: the date of a sale is the one that is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, groupby

from sales_pipeline.config.problems import InvalidValue, suggestion

_OFFSET = "(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
_SCANNER = re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<token>([A-Za-z])\3*)|.", re.DOTALL)
_MARKS = frozenset(" /-.,:;_()+*?!|&@=~<>$\"'")
_SPECIAL = frozenset(".()+*?|$")
_ADVICE = "; write yyyy, MM or M, and dd or d, with marks between, such as dd/MM/yyyy"

_SHORT = {"dd": "d", "MM": "M"}

# The notation of strftime, which some know better, and the tokens that it means.
_STRFTIME = {
    "%-d": "d", "%-m": "M", "%-H": "H", "%Y": "yyyy", "%y": "yyyy", "%m": "MM", "%d": "dd",
    "%e": "d", "%H": "HH", "%M": "mm", "%S": "ss", "%f": "SSSSSS", "%z": "XXX",
    "%F": "yyyy-MM-dd", "%T": "HH:mm:ss", "%D": "MM/dd/yyyy",
}  # fmt: skip


@dataclass(frozen=True)
class DateLayout:
    """Positions of the year, month and day in texts of a date pattern.

    Attributes:
        regex: Matches a whole text, anchored at both ends. On some engines `$` also
            matches before a line end at the end, so strip those first.
        year_group: The number of the year's group in `regex`, counted from 1.
        month_group: The number of the month's group.
        day_group: The number of the day's group.
        fixed: The positions, counted from 1, at which year, month and day start, if they
            are the same in every text: 4 characters of year, 2 of month and of day.
    """

    regex: str
    year_group: int
    month_group: int
    day_group: int
    fixed: tuple[int, int, int] | None

    def parts(self, text: str) -> tuple[str, ...] | None:
        """The digits of year, month and day in a text; None if the pattern does not fit it."""
        match = re.match(self.regex, text)
        return match and match.group(self.year_group, self.month_group, self.day_group)


@dataclass(frozen=True)
class _Piece:
    """One token or mark of a pattern; its width is None if it varies."""

    regex: str
    width: int | None
    part: str | None = None
    is_number: bool = False


_TOKENS = {
    "yyyy": _Piece("([0-9]{4})", 4, "year", is_number=True),
    "MM": _Piece("([0-9]{2})", 2, "month", is_number=True),
    "M": _Piece("([0-9]{1,2})", None, "month", is_number=True),
    "dd": _Piece("([0-9]{2})", 2, "day", is_number=True),
    "d": _Piece("([0-9]{1,2})", None, "day", is_number=True),
    "HH": _Piece("[0-9]{2}", 2, is_number=True),
    "H": _Piece("[0-9]{1,2}", None, is_number=True),
    "mm": _Piece("[0-9]{2}", 2, is_number=True),
    "ss": _Piece("[0-9]{2}", 2, is_number=True),
    **{"S" * n: _Piece(f"[0-9]{{{n}}}", n, is_number=True) for n in range(1, 10)},
    **{"X" * n: _Piece(_OFFSET, None) for n in range(1, 4)},
    "T": _Piece("T", 1),
}


def check_date_pattern(text: str) -> str:
    """Returns a date pattern unchanged if it is valid.

    Args:
        text: Such as `dd/MM/yyyy`, `d.M.yyyy` or `yyyy-MM-dd'T'HH:mm:ss.SSSXXX`.

    Raises:
        InvalidValue: The pattern holds something without a meaning, or not exactly one
            year, one month and one day.

    >>> check_date_pattern("dd/MM/yyyy")
    'dd/MM/yyyy'
    """
    parse_date_pattern(text)
    return text


def swapped_patterns(pattern: str) -> list[str]:
    """Returns a date pattern with day and month the other way round; and with one or two digits.

    >>> swapped_patterns("dd/MM/yyyy"), swapped_patterns("yyyyMMdd")
    (['MM/dd/yyyy', 'M/d/yyyy'], ['yyyyddMM'])
    """
    swapped = _replaced(pattern, {"dd": "MM", "d": "M", "MM": "dd", "M": "d"})
    return _valid([swapped, _replaced(swapped, _SHORT)])


def short_patterns(pattern: str) -> list[str]:
    """Returns a date pattern with one or two digits for day and month, if there is such a one.

    >>> short_patterns("yyyy-MM-dd"), short_patterns("d/M/yyyy"), short_patterns("yyyyMMdd")
    (['yyyy-M-d'], ['d/M/yyyy'], [])
    """
    return _valid([_replaced(pattern, _SHORT)])


def _valid(candidates: Iterable[str]) -> list[str]:
    """Returns the candidates that are date patterns, each once."""
    patterns = []
    for candidate in dict.fromkeys(candidates):
        with suppress(ValueError):
            _read(candidate)
            patterns.append(candidate)
    return patterns


def _replaced(pattern: str, tokens: Mapping[str, str]) -> str:
    return _SCANNER.sub(lambda match: tokens.get(match[0], match[0]), pattern)


@cache
def parse_date_pattern(text: str) -> DateLayout:
    """Returns the positions of year, month and day in the texts that a pattern describes.

    Raises:
        InvalidValue: As `check_date_pattern`.

    >>> parse_date_pattern("dd/MM/yyyy").regex
    '^([0-9]{2})/([0-9]{2})/([0-9]{4})$'
    >>> parse_date_pattern("dd/MM/yyyy").fixed
    (7, 4, 1)
    """
    try:
        pieces = _read(text)
    except ValueError as fault:
        end = suggestion(_guess(text), otherwise=str(fault))
        raise InvalidValue("not a date pattern", text, end) from None
    order = [piece.part for piece in pieces if piece.part]
    year, month, day = (order.index(part) + 1 for part in ("year", "month", "day"))
    regex = "".join(piece.regex for piece in pieces)
    return DateLayout(f"^{regex}$", year, month, day, _starts(pieces))


def _read(text: str) -> list[_Piece]:
    pieces = [piece for match in _SCANNER.finditer(text) for piece in _pieces(match)]
    for part, token in (("year", "yyyy"), ("month", "MM or M"), ("day", "dd or d")):
        times = sum(piece.part == part for piece in pieces)
        if times != 1:
            amount = "more than one" if times else "no"
            raise ValueError(f"it has {amount} {part}, {token}{_ADVICE}")
    for is_number, run in groupby(pieces, key=lambda piece: piece.is_number):
        if is_number and sum(piece.width is None for piece in run) > 1:
            raise ValueError("put a mark between two parts that have one or two digits")
    return pieces


def _pieces(match: re.Match[str]) -> Iterator[_Piece]:
    """Yields one piece for a token, or one for each character of marks and quoted text."""
    token, quoted = match["token"], match["quoted"]
    if token in _TOKENS:
        yield _TOKENS[token]
        return
    literal = match[0] if quoted is None else quoted.replace("''", "'") or "'"
    for character in literal:
        is_letter = quoted is not None and character.isascii() and character.isalpha()
        if match[0] == "'" or not (is_letter or character in _MARKS):
            raise ValueError(f"{match[0]} has no meaning here{_ADVICE}")
        yield _Piece(f"[{character}]" if character in _SPECIAL else character, 1)


def _starts(pieces: list[_Piece]) -> tuple[int, int, int] | None:
    last = max(at for at, piece in enumerate(pieces) if piece.part)
    widths = [piece.width for piece in pieces[: last + 1]]
    fixed = [width for width in widths if width is not None]
    if len(fixed) < len(widths):
        return None
    positions = accumulate(fixed, initial=1)
    start = {piece.part: at for piece, at in zip(pieces, positions, strict=False)}
    return start["year"], start["month"], start["day"]


def _guess(text: str) -> str | None:
    """Returns the valid pattern that was probably meant, or None."""
    converted = re.sub("|".join(map(re.escape, _STRFTIME)), lambda match: _STRFTIME[match[0]], text)
    usual = re.sub("[yYuU]+", "yyyy", converted.replace("D", "d"))
    if "M" not in usual:
        usual = usual.replace("mm", "MM", 1) if "mm" in usual else usual.replace("m", "M", 1)
    return next(iter(_valid([converted, usual])), None)
