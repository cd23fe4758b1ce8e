"""A file and what is to be said of it, on one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from sales_pipeline.errors import MAX_EXAMPLES
from sales_pipeline.printable import printable

if TYPE_CHECKING:
    from sales_pipeline.silver.feed_warnings import FeedWarning


def about_file(path: str, reason: str | None) -> str:
    """Returns a sentence on a file, which names it once.

    >>> about_file("paris/a.csv", "landing/paris/a.csv: zero bytes")
    'landing/paris/a.csv: zero bytes'
    >>> about_file("paris/a.csv", "the same bytes as b.csv")
    'paris/a.csv: the same bytes as b.csv'
    """
    if not reason:
        return path
    return reason if path in reason.partition(": ")[0] else f"{path}: {reason}"


def few_lines(lines: Sequence[str], *, indent: str) -> list[Text]:
    """Returns the first few lines, printable, and how many more there are."""
    rest = len(lines) - MAX_EXAMPLES
    more = [Text(f"{indent}and {rest:,} more")] if rest > 0 else []
    return [*(Text(f"{indent}{printable(line)}") for line in lines[:MAX_EXAMPLES]), *more]


def warning_lines(warnings: Iterable[FeedWarning]) -> list[Text]:
    """Returns what is to be told of feeds, a line each; their number is bounded already."""
    lines = (f"{each.feed}: {each.sentence}" for each in warnings)
    return [Text(printable(line), style="yellow") for line in lines]
