"""A warning about texts of a feed that were parsed, or validated, but look suspicious.

`suspicious_texts` collects them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FeedWarning:
    """A warning about a feed, in a sentence."""

    feed: str
    sentence: str


def and_more_files(count: int) -> str:
    """The words after a named file that count further such files.

    >>> and_more_files(2), and_more_files(0)
    (' and 2 more of its files', '')
    """
    return f" and {count:,} more of its files" if count > 0 else ""
