"""Parses calendar days in plain Python, and guesses their patterns from the shape of a text (P7).

`spark_expressions` parses by the same rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from itertools import product

from sales_pipeline.config.dates import check_date_pattern, parse_date_pattern
from sales_pipeline.config.files import WHITE_SPACE
from sales_pipeline.config.problems import InvalidValue

_TIME = re.compile(
    r"(?P<mark>[T ])(?P<hour>\d{1,2}):\d{2}(?P<seconds>:\d{2}(?:\.(?P<parts>\d{1,9}))?)?"
    r"(?P<offset>Z|[+-]\d{2}:?\d{2})?"
)
_DATE = re.compile(r"(\d{1,4})(\D{1,2})(\d{1,2})(\D{1,2})(\d{1,4})(.*)", re.DOTALL)


def days_of(text: str, patterns: Sequence[str]) -> list[date]:
    """The days that a text names, one for each pattern that fits, in the order of the patterns.

    >>> days_of("03/04/2025", ["dd/MM/yyyy", "MM/dd/yyyy"])
    [datetime.date(2025, 4, 3), datetime.date(2025, 3, 4)]
    """
    bare, days = text.strip(WHITE_SPACE), []
    for pattern in patterns:
        if parts := parse_date_pattern(pattern).parts(bare):
            try:
                days.append(date(*map(int, parts)))
            except ValueError:
                continue
    return days


def day_of(text: str, patterns: Sequence[str]) -> date | None:
    """The day that a text names in the first pattern that fits, or None.

    It agrees with `calendar_day` on every text.

    >>> day_of("31/01/2025", ["yyyy-MM-dd", "dd/MM/yyyy"])
    datetime.date(2025, 1, 31)
    >>> day_of("31/02/2025", ["dd/MM/yyyy"]) is None
    True
    """
    return next(iter(days_of(text, patterns)), None)


def date_patterns(text: str) -> Iterator[str]:
    """Yields the date patterns that a text may be written in; the stricter ones first.

    They are to be tried on the other texts of the column, because one text does not tell whether
    its day or its month comes first.

    >>> list(date_patterns("11-01-2025"))
    ['dd-MM-yyyy', 'd-M-yyyy', 'MM-dd-yyyy', 'M-d-yyyy']
    """
    bare = text.strip(WHITE_SPACE)
    if bare.isdecimal() and len(bare) == 8:
        yield from ("yyyyMMdd", "ddMMyyyy", "MMddyyyy")
        return
    parts = _DATE.fullmatch(bare)
    if parts is None:
        return
    first, mark, _, next_mark, last, remainder = parts.groups()
    orders = ("yMd",) if len(first) == 4 else ("dMy", "Mdy") if len(last) == 4 else ()
    end = _time_pattern(remainder)
    for order, width in product(orders, (2, 1)):
        names = ["yyyy" if part == "y" else part * width for part in order]
        pattern = f"{names[0]}{mark}{names[1]}{next_mark}{names[2]}{end}"
        with suppress(InvalidValue):
            yield check_date_pattern(pattern)


def _time_pattern(text: str) -> str:
    time = _TIME.fullmatch(text)
    if time is None:
        return text
    parts = f".{'S' * len(time['parts'])}" if time["parts"] else ""
    seconds = f":ss{parts}" if time["seconds"] else ""
    mark = "'T'" if time["mark"] == "T" else " "
    return f"{mark}{'H' * len(time['hour'])}:mm{seconds}{'XXX' if time['offset'] else ''}"
