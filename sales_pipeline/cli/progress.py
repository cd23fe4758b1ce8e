"""Progress of a run on stderr: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sales_pipeline.cli.screen import say
from sales_pipeline.errors import counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars

    from sales_pipeline.profile import Profile
    from sales_pipeline.run_report import Progress

Clock = Callable[[], float]
SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def progress_on_stderr() -> Iterator[Progress]:
    """Gives a run's progress on stderr while the block runs."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    with make_bars() as bars:
        yield OnTerminal(bars)


def make_bars(console: Console | None = None) -> Bars:
    """Returns bars on stderr, which leave nothing on the screen when they end."""
    # The bars' library takes as long to import as a run with nothing to do.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[words]}", markup=False),
        console=console or Console(stderr=True),
        transient=True,
    )


@contextmanager
def profiled(progress: Progress, *, is_asked: bool) -> Iterator[tuple[Progress, Profile | None]]:
    """Collects the cost of the run of the block, if it is asked for.

    Args:
        progress: The progress that is shown.
        is_asked: Whether there is a profile; without it the run is not slowed down.

    Yields:
        The progress that the run has to be given, and the profile, which is complete after the
        block.
    """
    if not is_asked:
        yield progress, None
        return
    from sales_pipeline.commit_points import watched_by
    from sales_pipeline.profile import Profile, collected_in

    profile = Profile()
    with watched_by(profile), collected_in(profile):
        yield _Profiled(progress, profile), profile


@dataclass(frozen=True)
class _Profiled:
    """Progress that is shown and profiled."""

    shown: Progress
    profile: Profile

    def stage(self, name: str, total_bytes: int) -> None:
        """Begins a stage in both."""
        self.profile.stage(name)
        self.shown.stage(name, total_bytes)

    def advance(self, *, bytes_done: int, rows_done: int = 0) -> None:
        """Counts in both."""
        self.profile.advance(bytes_done=bytes_done, rows_done=rows_done)
        self.shown.advance(bytes_done=bytes_done, rows_done=rows_done)


class Pace:
    """Rows, bytes, rate and time left of a stage, in words.

    Args:
        total_bytes: The bytes that the stage has to read; 0 if not known.
        clock: Gives the time in seconds.
    """

    def __init__(self, total_bytes: int, clock: Clock) -> None:
        self._total = total_bytes
        self._clock = clock
        self._began = clock()
        self._bytes = self._rows = 0

    def count(self, bytes_done: int, rows_done: int) -> None:
        """Counts what is done."""
        self._bytes += bytes_done
        self._rows += rows_done

    def words(self) -> str:
        """Rows, bytes, rate and time left, each if it is known."""
        from sales_pipeline.report.figures import size

        rows = [counted(self._rows, "row")] if self._rows else []
        seconds = self._clock() - self._began
        if not self._bytes or seconds <= 0:
            return ", ".join(rows)
        rate = self._bytes / seconds
        speed = f"{size(rate)}/s"
        if not self._total:
            return ", ".join([*rows, size(self._bytes), speed])
        left = max(self._total - self._bytes, 0) / rate
        progress = f"{size(self._bytes)} of {size(self._total)}"
        return ", ".join([*rows, progress, speed, f"{left:.0f} s left"])


class Lines:
    """Progress as plain lines: one as a stage begins, then one every few seconds.

    Args:
        clock: Gives the time in seconds.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._name = ""
        self._pace = Pace(0, clock)
        self._said_at = clock()

    def stage(self, name: str, total_bytes: int) -> None:
        """Says that a stage begins."""
        self._name, self._pace = name, Pace(total_bytes, self._clock)
        self._said_at = self._clock()
        from sales_pipeline.report.figures import size

        say(f"{name}: {size(total_bytes)}" if total_bytes else name)

    def advance(self, *, bytes_done: int, rows_done: int = 0) -> None:
        """Counts, and every few seconds says how far the stage is."""
        self._pace.count(bytes_done, rows_done)
        now = self._clock()
        if now - self._said_at >= SECONDS_BETWEEN_LINES:
            self._said_at = now
            say(f"{self._name}: {self._pace.words()}")


class OnTerminal:
    """Progress as one bar: the stage that is running.

    Args:
        bars: The bars, already on the screen.
        clock: Gives the time in seconds.
    """

    def __init__(self, bars: Bars, clock: Clock = time.monotonic) -> None:
        self._bars = bars
        self._clock = clock
        self._pace = Pace(0, clock)
        self._task = bars.add_task("begin", total=None, words="")

    def stage(self, name: str, total_bytes: int) -> None:
        """Begins a bar in the place of the one before."""
        self._bars.remove_task(self._task)
        self._pace = Pace(total_bytes, self._clock)
        self._task = self._bars.add_task(name, total=total_bytes or None, words="")

    def advance(self, *, bytes_done: int, rows_done: int = 0) -> None:
        """Moves the bar on."""
        self._pace.count(bytes_done, rows_done)
        self._bars.update(self._task, advance=bytes_done, words=self._pace.words())
