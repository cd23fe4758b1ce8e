"""Waits for replies and between them, never longer than allowed and never past a stop.

A reply is fetched in a thread of its own. So neither a connection that hangs nor a library that
waits without a limit can delay the timeout, Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sales_pipeline.errors import WorkspaceSilent

Value = TypeVar("Value")


@dataclass(frozen=True)
class Pace:
    """The patience of the gate, in seconds.

    Before a run is started, silence means a wrong address, so the gate is less patient there.

    Attributes:
        discovery_seconds: databricks-sdk repeats its very first request for this long.
        find_seconds: One request before the start may take this long, and databricks-sdk repeats
            requests that look for the job for this long.
        contact_seconds: Connecting may take this long in all, and so may looking for the job.
        http_seconds: One later request may take this long.
        retry_seconds: databricks-sdk repeats a later request for this long.
        reply_seconds: A later request may take this long with all its repetitions.
        start_seconds: The start is tried for this long while the workspace does not answer.
        poll_seconds: The longest pause between two questions about the state of the run.
        cancel_seconds: A cancellation may take this long.
    """

    discovery_seconds: int = 5
    find_seconds: int = 10
    contact_seconds: float = 30
    http_seconds: float = 30
    retry_seconds: int = 30
    reply_seconds: float = 120
    start_seconds: float = 300
    poll_seconds: float = 10
    cancel_seconds: float = 15


@dataclass(frozen=True)
class Stop:
    """A signal that asks the gate to stop: `Ctrl-C` or `SIGTERM`, and its number."""

    name: str
    number: int


class StopAsked(Exception):
    """A stop was asked for during a wait."""

    def __init__(self, stop: Stop) -> None:
        self.stop = stop
        super().__init__(stop.name)


@dataclass
class Waiting:
    """The one place where the gate waits; a test replaces `now` and `sleep`.

    Attributes:
        pace: The limits of its patience.
        stopped: The stop that was asked for, or None.
    """

    pace: Pace = field(default_factory=Pace)
    stopped: Stop | None = None
    # Of replies that came, and stops. Its `put` may be called within a signal handler, which an
    # Event's `set` may not.
    _events: SimpleQueue[Future[Any]] = field(default_factory=SimpleQueue)

    def stop(self, stop: Stop) -> None:
        """Ends the current wait; safe within a signal handler."""
        self.stopped = stop
        self._events.put(Future())

    def now(self) -> float:
        """Returns the time in seconds, counted from any moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits; a stop ends it early."""
        end = time.monotonic() + seconds
        while self.stopped is None and self._next(end):
            """The event is a reply that came too late; it is dropped."""

    def check(self) -> None:
        """Returns unless a stop was asked for.

        Raises:
            StopAsked: One was.
        """
        if self.stopped is not None:
            raise StopAsked(self.stopped)

    def reply(
        self,
        call: Callable[[], Value],
        *,
        seconds: float | None = None,
        is_stoppable: bool = True,
    ) -> Value:
        """Returns what a call returns, or raises what it raises.

        Args:
            call: The function that is called, in a thread.
            seconds: How long it may take; `pace.reply_seconds` without it.
            is_stoppable: Whether a stop ends the wait; not while a run is started or cancelled.

        Raises:
            StopAsked: A stop was asked for.
            WorkspaceSilent: It took longer.
        """
        limit = self.pace.reply_seconds if seconds is None else seconds
        reply: Future[Value] = Future()
        threading.Thread(target=self._fetch, args=(reply, call), daemon=True).start()
        end = time.monotonic() + limit
        while True:
            if is_stoppable:
                self.check()
            event = self._next(end)
            if event is None:
                raise WorkspaceSilent(f"no reply within {limit:.0f} s")
            if event is reply:
                return reply.result()

    def _fetch(self, reply: Future[Value], call: Callable[[], Value]) -> None:
        try:
            reply.set_result(call())
        except Exception as error:  # noqa: BLE001 -- whatever it is, the waiting thread raises it
            reply.set_exception(error)
        self._events.put(reply)

    def _next(self, end: float) -> Future[Any] | None:
        try:
            return self._events.get(timeout=max(end - time.monotonic(), 0))
        except Empty:
            return None


def duration(seconds: float) -> str:
    """Returns a time as minutes and seconds.

    >>> duration(0), duration(75.4), duration(3600)
    ('0:00', '1:15', '60:00')
    """
    minutes, rest_seconds = divmod(int(seconds), 60)
    return f"{minutes}:{rest_seconds:02d}"
