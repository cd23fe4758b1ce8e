from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from sales_pipeline.cli.progress import Lines, OnTerminal, make_bars, progress_on_stderr


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lines_say_each_stage_once_and_then_every_few_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    lines = Lines(clock)
    lines.stage("discover", 0)
    lines.advance(bytes_done=10)
    lines.stage("bronze and silver", 40_000_000)
    for second in range(1, 12):
        clock.now = second
        lines.advance(bytes_done=1_000_000, rows_done=500)
    assert capsys.readouterr().err.splitlines() == [
        "discover",
        "bronze and silver: 40.0 MB",
        "bronze and silver: 2,500 rows, 5.0 MB of 40.0 MB, 1.0 MB/s, 35 s left",
        "bronze and silver: 5,000 rows, 10.0 MB of 40.0 MB, 1.0 MB/s, 30 s left",
    ]


def test_a_stage_whose_end_nobody_knows_tells_its_pace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    lines = Lines(clock)
    lines.stage("discover", 0)
    clock.now = 10.0
    lines.advance(bytes_done=5000)
    assert capsys.readouterr().err.splitlines()[1:] == ["discover: 5.0 kB, 500 B/s"]


def test_rows_without_bytes_are_told_without_a_pace(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines(clock)
    lines.stage("gold", 0)
    clock.now = 10.0
    lines.advance(bytes_done=0, rows_done=7)
    assert capsys.readouterr().err.splitlines()[1:] == ["gold: 7 rows"]


def test_a_terminal_sees_one_bar_that_goes_at_the_end() -> None:
    out, clock = io.StringIO(), Clock()
    bars = make_bars(Console(file=out, force_terminal=True, width=100, color_system=None))
    with bars:
        progress = OnTerminal(bars, clock)
        progress.stage("bronze [bold]", 2000)
        clock.now = 1.0
        progress.advance(bytes_done=1000, rows_done=3)
        bars.refresh()
        assert len(bars.tasks) == 1
    assert "bronze [bold]" in out.getvalue()
    assert "3 rows, 1.0 kB of 2.0 kB, 1.0 kB/s, 1 s left" in out.getvalue()


def test_bars_are_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with progress_on_stderr() as progress:
        assert isinstance(progress, Lines)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress_on_stderr() as progress:
        assert isinstance(progress, OnTerminal)
