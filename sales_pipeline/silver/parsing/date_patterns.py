"""The date patterns in which a text may be written, from the shape of the text alone.

They are to be tried on the other texts of the column: which of day and month comes first, one text
does not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from sales_pipeline.config.dates import check_date_pattern
from sales_pipeline.config.files import WHITE_SPACE
from sales_pipeline.config.problems import InvalidValue

_TIME = re.compile(
    r"(?P<mark>[T ])(?P<hour>\d{1,2}):\d{2}(?P<seconds>:\d{2}(?:\.(?P<parts>\d{1,9}))?)?"
    r"(?P<offset>Z|[+-]\d{2}:?\d{2})?"
)
_DATE = re.compile(r"(\d{1,4})(\D{1,2})(\d{1,2})(\D{1,2})(\d{1,4})(.*)", re.DOTALL)


def date_patterns(text: str) -> Iterator[str]:
    """Yields the date patterns that a text may be written in; the stricter ones first.

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
    first, mark, _, next_mark, last, rest = parts.groups()
    orders = ("yMd",) if len(first) == 4 else ("dMy", "Mdy") if len(last) == 4 else ()
    end = _time_pattern(rest)
    for order, width in product(orders, (2, 1)):
        names = ["yyyy" if part == "y" else part * width for part in order]
        pattern = f"{names[0]}{mark}{names[1]}{next_mark}{names[2]}{end}"
        try:
            yield check_date_pattern(pattern)
        except InvalidValue:
            continue


def _time_pattern(rest: str) -> str:
    time = _TIME.fullmatch(rest)
    if time is None:
        return rest
    parts = f".{'S' * len(time['parts'])}" if time["parts"] else ""
    seconds = f":ss{parts}" if time["seconds"] else ""
    mark = "'T'" if time["mark"] == "T" else " "
    return f"{mark}{'H' * len(time['hour'])}:mm{seconds}{'XXX' if time['offset'] else ''}"
