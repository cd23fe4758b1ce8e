"""`selftest`: kills a run at each of its commit points, runs again, and compares.

Everything happens in a temporary folder, on copies of the landing files.
"""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sales_pipeline.commit_points import safe_point
from sales_pipeline.config.locations import EMBEDDED
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import PipelineError, UsageError, counted
from sales_pipeline.selftest.killing import MOMENTS
from sales_pipeline.selftest.processes import Ended, Processes
from sales_pipeline.selftest.runs import DECLARED, FOUND, LAKEHOUSE, LANDING, POINTS

_RUNS = "sales_pipeline.selftest.runs"


@dataclass(frozen=True)
class Trial:
    """A run that was killed at a commit point, and the one after it.

    Attributes:
        point: The commit point, from 1.
        moment: Whether it was killed just `before` or just `after` it.
        differences: A sentence for each thing that differs from a run that was never killed.
    """

    point: int
    moment: str
    differences: tuple[str, ...]


@dataclass(frozen=True)
class Selftest:
    """What a self-test tried and found.

    Attributes:
        files: How many landing files were copied.
        points: What each commit point of the run commits; threads may do some in another order.
        trials: What was tried.
        seconds: How long it took.
    """

    files: int
    points: tuple[str, ...]
    trials: tuple[Trial, ...]
    seconds: float

    @property
    def failures(self) -> list[Trial]:
        """The trials in which something differed."""
        return [each for each in self.trials if each.differences]

    @property
    def exit_code(self) -> int:
        """0, or 1 where anything differed."""
        return 1 if self.failures else 0


Place = Callable[[Path], int]
"""Puts copies of landing files into a folder; returns how many."""


def selftest(
    declaration: Declaration,
    place: Place,
    *,
    points: Collection[int] | None = None,
    on_trial: Callable[[str], None] = lambda _: None,
) -> Selftest:
    """Kills runs at their commit points and compares how they end with a run that was not killed.

    Args:
        declaration: What the retailer declares; its own folders are never used.
        place: Puts the landing files into a folder.
        points: The commit points to try, from 1; all of them without it.
        on_trial: Told of each trial, in words.

    Raises:
        UsageError: A point is asked for that the run does not have.
        PipelineError: The run fails without being killed, too.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sales-pipeline-selftest-") as folder:
        bench = Path(folder)
        declared = _in_folders(declaration).model_dump_json(by_alias=True)
        (bench / DECLARED).write_text(declared, encoding="utf-8")
        files = place(bench / "delivered")
        with Processes(_RUNS) as processes:
            trials = _Trials(bench, processes, on_trial)
            found = trials.points()
            chosen = sorted(range(1, len(found) + 1) if points is None else set(points))
            _check(chosen, len(found))
            done = tuple(trials.tried(chosen, found))
    return Selftest(files, tuple(found), done, time.monotonic() - began)


def _in_folders(declaration: Declaration) -> Declaration:
    """The same retailer with its tables in a folder, where a catalog is declared for them."""
    elsewhere = {"engine": EMBEDDED, "catalog": None}
    return declaration.model_copy(update=elsewhere) if declaration.catalog else declaration


def _check(chosen: Collection[int], count: int) -> None:
    unknown = [str(point) for point in chosen if not 1 <= point <= count]
    if unknown:
        raise UsageError(f"--points: the run has the points 1 to {count}, got {unknown[0]}")


@dataclass(frozen=True)
class _Trials:
    bench: Path
    processes: Processes
    on_trial: Callable[[str], None]

    def points(self) -> list[str]:
        """Runs without a kill; returns what its commit points commit."""
        self.on_trial("a run that is not killed")
        ended = self._call("run_calmly", self._fresh())
        if ended.code:
            raise PipelineError(f"selftest: the run fails without being killed: {_last(ended)}")
        found: list[str] = self._read(POINTS)
        return found

    def tried(self, chosen: Collection[int], points: list[str]) -> Iterator[Trial]:
        """Tries some points, one after the other."""
        for point in chosen:
            for moment in MOMENTS:
                safe_point()
                what = f"{moment} point {point:,} of {len(points):,}: {points[point - 1]}"
                self.on_trial(f"killed {what}")
                yield Trial(point, moment, tuple(self._differences(point, moment)))

    def _differences(self, point: int, moment: str) -> list[str]:
        folder = self._fresh()
        ended = self._call("run_and_die", folder, point, moment)
        if ended.code != -signal.SIGKILL:
            return [f"the run was not killed: {_last(ended)}"]
        ended = self._call("run_to_the_end", folder)
        if ended.code:
            return [f"the next run failed: {_last(ended)}"]
        found: list[str] = self._read(FOUND)
        return found

    def _fresh(self) -> Path:
        """An empty lakehouse beside landing files as they were delivered, always at one place."""
        folder = self.bench / "retailer"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.bench / "delivered", folder / LANDING)
        (folder / LAKEHOUSE).mkdir()
        return folder

    def _call(self, function: str, folder: Path, *arguments: object) -> Ended:
        return self.processes.call(f"{_RUNS}:{function}", str(folder), *arguments)

    def _read(self, name: str) -> Any:
        return json.loads((self.bench / name).read_text(encoding="utf-8"))


def _last(ended: Ended) -> str:
    lines = ended.error.strip().splitlines()
    return lines[-1] if lines else f"{counted(0, 'line')} on stderr, exit code {ended.code}"
