"""The options that say which sales count: a run, days, a store, a category."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

import typer

from sales_pipeline.analysis.periods import span_of
from sales_pipeline.errors import UsageError

_MONTH = re.compile("[0-9]{4}-[0-9]{2}")
_FIRST_YEAR, _LAST_YEAR = 1000, 2999
"""Answers also need the years around, and a line for each period up to the last day."""

RunOption = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="RUN",
        help="Show what this run left, by its id from `history`. Without it: the last run.",
    ),
]
AsClosedOption = Annotated[
    bool,
    typer.Option("--as-closed", help="Show closed months as they were when they were closed."),
]
StoreOption = Annotated[
    str | None, typer.Option("--store", metavar="ID", help="Count only this store.")
]
CategoryOption = Annotated[
    str | None,
    typer.Option("--category", metavar="NAME", help="Count only products of this category."),
]


def month_from(text: str) -> date:
    """Returns the first day of a month written as 2025-01.

    Raises:
        BadParameter: It is not written so.
    """
    try:
        month = date.fromisoformat(f"{text if _MONTH.fullmatch(text) else ''}-01")
    except ValueError:
        raise typer.BadParameter(f"not a month, got {text!r}; write one such as 2025-01") from None
    return _of_a_known_year(month, text)


def first_day_from(text: str) -> date:
    """Returns the day written as 2025-01-31, or the first day of a month written as 2025-01.

    Raises:
        BadParameter: It is not written so.
    """
    return month_from(text) if _MONTH.fullmatch(text) else _day_from(text)


def last_day_from(text: str) -> date:
    """Returns the day written as 2025-01-31, or the last day of a month written as 2025-01.

    Raises:
        BadParameter: It is not written so.
    """
    return span_of(month_from(text)).last if _MONTH.fullmatch(text) else _day_from(text)


def _day_from(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"not a day or month, got {text!r}; write one such as 2025-01-31 or 2025-01"
        ) from None
    return _of_a_known_year(day, text)


def _of_a_known_year(day: date, text: str) -> date:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise typer.BadParameter(
            f"not of the years {_FIRST_YEAR} to {_LAST_YEAR}, got {text!r}; without the option "
            "the sales have no limit"
        )
    return day


def check_days(first: date | None, last: date | None) -> None:
    """Checks that the first day is not after the last one.

    Raises:
        UsageError: It is.
    """
    if first and last and last < first:
        raise UsageError(f"--to: before --from, got {first} to {last}. Do: swap them")
