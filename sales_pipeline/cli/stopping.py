"""Stops a run on SIGTERM or Ctrl-C at its next safe point; the next run finishes it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from sales_pipeline.cli.screen import say
from sales_pipeline.commit_points import Watcher, watched_by
from sales_pipeline.errors import SalesPipelineError, Stopped

_NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


class _Stopping(Watcher):
    """Remembers a signal, and stops the run at the next safe point."""

    def __init__(self, then: str) -> None:
        self._then = then
        self._got: tuple[str, int] | None = None

    def take(self, name: str, number: int) -> None:
        """Notes a signal."""
        self._got = name, number

    def pause(self) -> None:
        """Stops the run if a signal came."""
        if self._got is not None:
            raise Stopped(*self._got, then=self._then)


@contextmanager
def told_of_signals(tell: Callable[[str, int], None], *, where: str = "") -> Iterator[None]:
    """Reports the first signal while the block runs; a second one ends the process.

    Args:
        tell: Takes the name and the number of the signal; it is called within the handler.
        where: Where the work of the block stops, in words.
    """

    def take(number: int, _: FrameType | None) -> None:
        name = _NAMES[signal.Signals(number)]
        tell(name, number)
        for stopping_signal in _NAMES:
            signal.signal(stopping_signal, signal.SIG_DFL)
        say(f"{name}: stopping{where}; again to end at once")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, take) for number in _NAMES}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stopped_by_signals(then: str = "run again, which finishes it") -> Iterator[None]:
    """Stops the work of the block at its next safe point after a signal.

    Args:
        then: What to do next, for the message.

    Raises:
        Stopped: A signal came.
    """
    stopping = _Stopping(then)
    with told_of_signals(stopping.take, where=" at the next safe point"), watched_by(stopping):
        try:
            yield
        except SalesPipelineError:
            raise
        except Exception:
            # Ctrl-C may have ended the engine as well, which fails then wherever it is asked.
            stopping.pause()
            raise
        finally:
            sys.stderr.flush()
