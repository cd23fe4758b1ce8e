"""Text to calendar days in plain Python; `spark_days` reads by the same rules (P7)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import cache

from sales_pipeline.config.dates import DateLayout, parse_date_pattern
from sales_pipeline.config.files import WHITE_SPACE


@cache
def _layout(pattern: str) -> DateLayout:
    return parse_date_pattern(pattern)


def days_of(text: str, patterns: Sequence[str]) -> list[date]:
    """The days that a text names, one for each pattern that fits, in the order of the patterns.

    >>> days_of("03/04/2025", ["dd/MM/yyyy", "MM/dd/yyyy"])
    [datetime.date(2025, 4, 3), datetime.date(2025, 3, 4)]
    """
    bare, days = text.strip(WHITE_SPACE), []
    for layout in map(_layout, patterns):
        day = re.match(layout.regex, bare)
        if day is None:
            continue
        groups = (layout.year_group, layout.month_group, layout.day_group)
        try:
            days.append(date(*(int(day[group]) for group in groups)))
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
