"""Waits for replies and between them, never longer than asked and never past a stop.

A reply is fetched in a thread of its own. So neither a connection that hangs nor a library that
waits without a limit can hold up the end of the time, Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sales_pipeline.errors import WorkspaceSilent

Value = TypeVar("Value")


@dataclass(frozen=True)
class Stop:
    """Who asked for a stop.

    Attributes:
        name: `Ctrl-C` or `SIGTERM`.
        number: The number of the signal.
    """

    name: str
    number: int


class StopAsked(Exception):
    """Somebody asked for a stop while something was waited for."""

    def __init__(self, stop: Stop) -> None:
        self.stop = stop
        super().__init__(stop.name)


@dataclass(frozen=True)
class _Event:
    """A reply that came, or a stop (number 0)."""

    number: int
    value: Any = None
    error: Exception | None = None


@dataclass
class Waiting:
    """The one place where the gate waits; `now` and `sleep` are what a test replaces.

    Attributes:
        stopped: Who asked for a stop, or None.
    """

    stopped: Stop | None = None
    _numbers: count[int] = field(default_factory=lambda: count(1))
    # Its `put` may be called within a signal handler, which an Event's `set` may not.
    _events: SimpleQueue[_Event] = field(default_factory=SimpleQueue)

    def stop(self, stop: Stop) -> None:
        """Ends what is waited for; safe within a signal handler."""
        self.stopped = stop
        self._events.put(_Event(0))

    def now(self) -> float:
        """The time in seconds, from any beginning."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits; shorter where a stop is asked for."""
        end = time.monotonic() + seconds
        while self.stopped is None and self._next(end):
            """A reply that nobody waits for any more."""

    def check(self) -> None:
        """Goes on where no stop was asked for.

        Raises:
            StopAsked: One was.
        """
        if self.stopped is not None:
            raise StopAsked(self.stopped)

    def reply(
        self, call: Callable[[], Value], *, seconds: float, is_stoppable: bool = True
    ) -> Value:
        """Returns what a call returns, or raises what it raises.

        Args:
            call: What is called, in a thread.
            seconds: How long it may take.
            is_stoppable: Whether a stop ends the waiting; not while something is begun or ended.

        Raises:
            StopAsked: A stop was asked for.
            WorkspaceSilent: It took longer.
        """
        number = next(self._numbers)
        threading.Thread(target=self._fetch, args=(number, call), daemon=True).start()
        end = time.monotonic() + seconds
        while True:
            if is_stoppable:
                self.check()
            event = self._next(end)
            if event is None:
                raise WorkspaceSilent(f"no reply within {seconds:.0f} s")
            if event.number == number:
                if event.error is not None:
                    raise event.error
                value: Value = event.value
                return value

    def _fetch(self, number: int, call: Callable[[], Any]) -> None:
        try:
            event = _Event(number, value=call())
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is raised where one waits
            event = _Event(number, error=error)
        self._events.put(event)

    def _next(self, end: float) -> _Event | None:
        try:
            return self._events.get(timeout=max(end - time.monotonic(), 0))
        except Empty:
            return None
