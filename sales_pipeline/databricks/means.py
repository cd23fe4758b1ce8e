"""What every step of the gate works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sales_pipeline.databricks.waiting import Waiting


@dataclass(frozen=True)
class Pace:
    """How patient the gate is.

    Attributes:
        http_seconds: How long one request may take.
        connect_seconds: How long databricks-sdk repeats the first request of all.
        retry_seconds: How long it repeats any other that is worth it.
        reply_seconds: How long both, and all that belongs to them, may take.
        start_seconds: How long the start is tried while the workspace does not answer.
        poll_seconds: The longest pause between two questions how far the run is.
        cancel_seconds: How long a cancellation may take.
    """

    http_seconds: float = 30
    connect_seconds: int = 10
    retry_seconds: int = 30
    reply_seconds: float = 120
    start_seconds: float = 300
    poll_seconds: float = 10
    cancel_seconds: float = 15


@dataclass(frozen=True)
class Means:
    """What every step of the gate works with.

    Attributes:
        waiting: Where it waits.
        pace: How patient it is.
        tell: Takes what happens, a line at a time.
    """

    waiting: Waiting
    pace: Pace
    tell: Callable[[str], None]


def duration(seconds: float) -> str:
    """Returns a time as minutes and seconds.

    >>> duration(0), duration(75.4), duration(3600)
    ('0:00', '1:15', '60:00')
    """
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
