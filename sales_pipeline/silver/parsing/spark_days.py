"""Parses calendar days as Spark columns, the same on every engine; `days` is the plain side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

from sales_pipeline.config.dates import DateLayout, parse_date_pattern
from sales_pipeline.silver.parsing.spark_expressions import trimmed


def calendar_day(text: Column, patterns: Sequence[str]) -> Column:
    """The day that a text names in the first pattern that fits, or null.

    Args:
        text: The text as delivered.
        patterns: Date patterns such as `dd/MM/yyyy`, tried in order.
    """
    days = _days(text, patterns)
    return F.coalesce(*days) if len(days) > 1 else days[0]


def _days(text: Column, patterns: Sequence[str]) -> list[Column]:
    return [_day(trimmed(text), parse_date_pattern(pattern)) for pattern in patterns]


def _day(text: Column, layout: DateLayout) -> Column:
    if layout.fixed is not None:
        starts = layout.fixed
        year, month, day = (
            F.substr(text, F.lit(start), F.lit(length))
            for start, length in zip(starts, (4, 2, 2), strict=True)
        )
    else:
        year, month, day = (
            F.regexp_extract(text, layout.regex, group)
            for group in (layout.year_group, layout.month_group, layout.day_group)
        )
        month, day = F.lpad(month, 2, "0"), F.lpad(day, 2, "0")
    iso = F.concat(year, F.lit("-"), month, F.lit("-"), day)
    is_day = text.rlike(layout.regex) & (year != F.lit("0000"))
    return F.when(is_day, iso.try_cast("DATE"))


def is_in_range(day: Column, earliest: date, latest: date | Column) -> Column:
    """A condition: a day lies in the range that a sale can have."""
    last = latest if isinstance(latest, Column) else day_literal(latest)
    return day.between(day_literal(earliest), last)


def day_literal(day: date) -> Column:
    """A day as a literal that does not depend on the time zone of the session."""
    return F.lit(day.isoformat()).cast("DATE")


def month_of(day: Column) -> Column:
    """The first day of a day's month, also in the years that a timestamp cannot hold."""
    return F.make_date(F.year(day), F.month(day), F.lit(1))
