"""What a run tells while it works: bars on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sales_pipeline.cli.screen import say
from sales_pipeline.report.figures import counted, size

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from sales_pipeline.outcome import Progress

SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def progress_on_stderr() -> Iterator[Progress]:
    """Gives a run's progress on stderr while the block runs."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from sales_pipeline.cli.bars import make_bars

    with make_bars() as bars:
        yield OnTerminal(bars)


class Lines:
    """Progress as plain lines: one as a stage begins, then one every few seconds.

    Args:
        clock: Gives the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._name, self._total = "", 0
        self._began = self._told = clock()
        self._bytes = self._rows = 0

    def stage(self, name: str, total_bytes: int) -> None:
        """Says that a stage begins."""
        self._name, self._total = name, total_bytes
        self._began = self._told = self._clock()
        self._bytes = self._rows = 0
        say(f"{name}: {size(total_bytes)}" if total_bytes else name)

    def advance(self, *, bytes_done: int, rows_done: int = 0) -> None:
        """Counts, and says how far the stage is where that was not said for a while."""
        self._bytes += bytes_done
        self._rows += rows_done
        now = self._clock()
        if now - self._told >= SECONDS_BETWEEN_LINES:
            self._told = now
            say(f"{self._name}: {self._so_far(now - self._began)}")

    def _so_far(self, seconds: float) -> str:
        rate = self._bytes / seconds
        rows = [counted(self._rows, "row")] if self._rows else []
        if not self._total:
            return ", ".join([*rows, size(self._bytes), f"{size(rate)}/s"])
        done = f"{size(self._bytes)} of {size(self._total)}"
        left = (self._total - self._bytes) / rate if rate else 0
        return ", ".join([*rows, done, f"{size(rate)}/s", f"{max(left, 0):.0f} s left"])


class OnTerminal:
    """Progress as one bar per stage.

    Args:
        bars: The bars, already on the screen.
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task = bars.add_task("begin", total=None, rows="")
        self._rows = 0

    def stage(self, name: str, total_bytes: int) -> None:
        """Ends the bar of the stage before and begins another."""
        self._bars.remove_task(self._task)
        self._rows = 0
        self._task = self._bars.add_task(name, total=total_bytes or None, rows="")

    def advance(self, *, bytes_done: int, rows_done: int = 0) -> None:
        """Moves the bar on."""
        self._rows += rows_done
        rows = counted(self._rows, "row") if self._rows else ""
        self._bars.update(self._task, advance=bytes_done, rows=rows)
