"""`selftest`: kills a run at each of its commit points, runs again, and compares.

Everything happens in a temporary folder, on copies of the landing files. The command calls the
`run_…` functions of this module in processes of their own, and reads their results from JSON files
beside the folder of the run.
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

from sales_pipeline import pipeline
from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.commit_points import safe_point, watched_by
from sales_pipeline.config.locations import EMBEDDED
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import PipelineError, UsageError, counted
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.proofs.killed_processes import (
    MOMENTS,
    Killer,
    PointCounter,
    ProcessEnd,
    Processes,
)
from sales_pipeline.proofs.retailer_copies import (
    DELIVERED,
    LAKEHOUSE,
    LANDING,
    PlaceFiles,
    contents,
    copied_declaration,
    differences,
    write_declaration,
)

_RUN_FOLDER = "retailer"
_EXPECTED, _POINTS, _DIFFERENCES = "expected.json", "points.json", "differences.json"


@dataclass(frozen=True)
class KillTrial:
    """A run that was killed `before` or `after` its nth commit point, counted from 1.

    The differences of the run after it from a run that was never killed are a sentence each.
    """

    point: int
    moment: str
    differences: tuple[str, ...]


@dataclass(frozen=True)
class Selftest:
    """The result of a self-test.

    Attributes:
        files: The number of landing files that were copied.
        points: The description of each commit point of the run; threads may change their order.
        trials: The kills that were tried.
        seconds: The seconds that it took in all.
    """

    files: int
    points: tuple[str, ...]
    trials: tuple[KillTrial, ...]
    seconds: float

    @property
    def failures(self) -> list[KillTrial]:
        """The trials in which something differed."""
        return [trial for trial in self.trials if trial.differences]

    @property
    def exit_code(self) -> int:
        """0, or 1 if anything differed."""
        return 1 if self.failures else 0


def selftest(
    declaration: Declaration,
    place: PlaceFiles,
    *,
    points: Collection[int] | None = None,
    on_trial: Callable[[str], None] = lambda _: None,
) -> Selftest:
    """Kills runs at their commit points and compares the results with a run that was not killed.

    Args:
        declaration: What the retailer declares; its own folders are never used.
        place: Writes the landing files into a folder.
        points: The commit points to try, from 1; all of them by default.
        on_trial: Called with a description of each trial as it begins.

    Raises:
        UsageError: The run does not have one of these points.
        PipelineError: The run fails without being killed, too.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sales-pipeline-selftest-") as temporary:
        folder = Path(temporary)
        write_declaration(folder, _without_catalog(declaration))
        files = place(folder / DELIVERED)
        with Processes(__name__) as processes:
            trials = _Trials(folder, processes, on_trial)
            committed = trials.commit_points()
            chosen = sorted(range(1, len(committed) + 1) if points is None else set(points))
            _check_points(chosen, len(committed))
            tried = tuple(trials.tried(chosen, committed))
    return Selftest(files, tuple(committed), tried, time.monotonic() - began)


def _without_catalog(declaration: Declaration) -> Declaration:
    """Puts the tables into a folder, if a catalog is declared for them."""
    changes = {"engine": EMBEDDED, "catalog": None}
    return declaration.model_copy(update=changes) if declaration.catalog else declaration


def _check_points(chosen: Collection[int], count: int) -> None:
    unknown = [str(point) for point in chosen if not 1 <= point <= count]
    if unknown:
        raise UsageError(f"--points: the run has the points 1 to {count}, got {unknown[0]}")


@dataclass(frozen=True)
class _Trials:
    folder: Path
    processes: Processes
    on_trial: Callable[[str], None]

    def commit_points(self) -> list[str]:
        """Runs without a kill; returns the descriptions of its commit points."""
        self.on_trial("a run that is not killed")
        end = self._call("run_unharmed")
        if end.code:
            raise PipelineError(f"selftest: the run fails without being killed: {_last_line(end)}")
        points: list[str] = self._read(_POINTS)
        return points

    def tried(self, chosen: Collection[int], points: list[str]) -> Iterator[KillTrial]:
        """Tries some points, one after the other."""
        for point in chosen:
            for moment in MOMENTS:
                safe_point()
                place = f"{moment} point {point:,} of {len(points):,}: {points[point - 1]}"
                self.on_trial(f"killed {place}")
                yield KillTrial(point, moment, tuple(self._differences(point, moment)))

    def _differences(self, point: int, moment: str) -> list[str]:
        end = self._call("run_until_killed", point, moment)
        if end.code != -signal.SIGKILL:
            return [f"the run was not killed: {_last_line(end)}"]
        end = self._call("run_after_kill", keep=True)
        if end.code:
            return [f"the next run failed: {_last_line(end)}"]
        sentences: list[str] = self._read(_DIFFERENCES)
        return sentences

    def _call(self, function: str, *arguments: object, keep: bool = False) -> ProcessEnd:
        """Calls a function of this module with a fresh run folder, or the same one again."""
        # Always at the same path, because reasons in the tables name it.
        folder = self.folder / _RUN_FOLDER
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(self.folder / DELIVERED, folder / LANDING)
            (folder / LAKEHOUSE).mkdir()
        return self.processes.call(f"{__name__}:{function}", str(folder), *arguments)

    def _read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


def _last_line(end: ProcessEnd) -> str:
    lines = end.error.strip().splitlines()
    return lines[-1] if lines else f"{counted(0, 'line')} on stderr, exit code {end.code}"


def run_unharmed(folder: str) -> None:
    """Runs without a kill; writes down the commit points and the contents of the lakehouse."""
    run_folder = Path(folder)
    declaration, counter = copied_declaration(run_folder), PointCounter()
    with watched_by(counter):
        pipeline.run(declaration)
    with opened_lakehouse(declaration) as lakehouse:
        expected = contents(lakehouse, folders_of(declaration))
    _write(run_folder.parent / _EXPECTED, expected)
    _write(run_folder.parent / _POINTS, counter.points)


def run_until_killed(folder: str, point: int, moment: str) -> None:
    """Runs until the killer ends this process."""
    with watched_by(Killer(point, moment)):
        pipeline.run(copied_declaration(Path(folder)))


def run_after_kill(folder: str) -> None:
    """Reads every table that a killed run left, runs again, and writes down the differences."""
    run_folder = Path(folder)
    declaration = copied_declaration(run_folder)
    with opened_lakehouse(declaration) as lakehouse:
        for name in lakehouse.tables:
            lakehouse.rows(name)
    pipeline.run(declaration)
    expected = json.loads((run_folder.parent / _EXPECTED).read_text(encoding="utf-8"))
    with opened_lakehouse(declaration) as lakehouse:
        sentences = differences(expected, lakehouse, folders_of(declaration))
    if not pipeline.run(declaration).is_nothing_new:
        sentences.append("a third run found work to do")
    _write(run_folder.parent / _DIFFERENCES, sentences)


def _write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")
