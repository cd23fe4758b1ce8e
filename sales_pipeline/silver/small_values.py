"""Text to exact decimals and calendar days in plain Python, for what is small.

The rules are those of `numbers.py` and `days.py`, which read records by the million.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache

from sales_pipeline.config.dates import DateLayout, parse_date_pattern
from sales_pipeline.config.dialect import WHITE_SPACE, Dialect, thousands_marks


def decimal_of(text: str, dialect: Dialect, *, scale: int, precision: int = 18) -> Decimal | None:
    r"""The number that a text holds, or None where it is none of the column's.

    Args:
        text: The text as delivered.
        dialect: How the file writes numbers: its decimal mark, thousands mark and symbols.
        scale: Decimals of the column; more of them are never rounded in silence.
        precision: Digits of the column.

    >>> decimal_of("€ 1\u00a0234,50", Dialect(decimal=",", thousands=" ", symbols="€"), scale=4)
    Decimal('1234.5000')
    >>> decimal_of("1.23456", Dialect(), scale=4) is None
    True
    """
    found = re.fullmatch(_number(dialect, scale), text.strip(WHITE_SPACE))
    if found is None:
        return None
    marks = thousands_marks(dialect.thousands)
    whole = found["whole"].translate(dict.fromkeys(map(ord, marks)))
    if len(whole) > precision - scale:
        return None
    decimals = (found["decimals"] or "").rstrip("0").ljust(scale, "0")
    return Decimal(f"{found['sign']}{whole}.{decimals}")


def _number(dialect: Dialect, scale: int) -> str:
    whole = "[0-9]+"
    if dialect.thousands:
        marks = re.escape(thousands_marks(dialect.thousands))
        whole = f"[0-9]+|[0-9]{{1,3}}(?:[{marks}][0-9]{{3}})+"
    decimals = f"(?:[{dialect.decimal}](?P<decimals>[0-9]{{1,{scale}}}0*))?"
    symbol, space = _symbol(dialect.symbols), f"[{WHITE_SPACE}]*"
    before = f"(?:{symbol}{space})*(?P<sign>[+-]?)(?:{space}(?:{symbol}{space})+)?"
    return f"{before}(?P<whole>{whole}){decimals}(?:{space}{symbol})*"


def _symbol(symbols: Sequence[str]) -> str:
    """What matches one of some texts; nothing at all where there are none."""
    bare = filter(None, (each.strip(WHITE_SPACE) for each in symbols))
    longest_first = sorted(bare, key=len, reverse=True)
    return f"(?:{'|'.join(map(re.escape, longest_first))})" if longest_first else "(?!)"


@cache
def _layout(pattern: str) -> DateLayout:
    return parse_date_pattern(pattern)


def day_of(text: str, patterns: Sequence[str]) -> date | None:
    """The day that a text names in the first pattern that fits, or None.

    >>> day_of("31/01/2025", ["yyyy-MM-dd", "dd/MM/yyyy"])
    datetime.date(2025, 1, 31)
    >>> day_of("31/02/2025", ["dd/MM/yyyy"]) is None
    True
    """
    for layout in map(_layout, patterns):
        found = re.match(layout.regex, text.strip(WHITE_SPACE))
        if found is None:
            continue
        groups = (layout.year_group, layout.month_group, layout.day_group)
        try:
            return date(*(int(found[group]) for group in groups))
        except ValueError:
            continue
    return None
