"""The profile of a run: the cost of each stage, and its slowest statements.

A statement is what an engine is asked for: a query, a write, a table to be made; whether Spark,
Sail or delta-rs answers it. Like the watchers of commit points, a profile belongs to the run that
asks for it and is shared by its threads. Without one, `statement` does nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from sales_pipeline.commit_points import Watcher, is_of_table

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

FIRST_STAGE = "open"
"""The name of the time before the first stage: the lock, the ledger, unfinished work."""
_SLOWEST = 10


@dataclass
class StageCost:
    """The cost of one stage of a run.

    Attributes:
        stage: Its name, such as `silver`.
        seconds: Its duration.
        rows: Records that it processed, if it counts them.
        bytes: Bytes of landing files that it processed.
        commits: Commits to tables.
        statements: Statements.
    """

    stage: str
    seconds: float = 0.0
    rows: int = 0
    bytes: int = 0
    commits: int = 0
    statements: int = 0


@dataclass(frozen=True)
class Step:
    """One statement, or the start of an engine: its purpose, its stage, and its seconds."""

    what: str
    stage: str
    seconds: float


class Profile(Watcher):
    """Collects the cost of a run.

    It listens to the progress of the run, too; threads may call it at once.

    Attributes:
        stages: The cost of each stage, in order; of the last one, the seconds until `end`.
    """

    def __init__(self) -> None:
        self.stages = [StageCost(FIRST_STAGE)]
        self._steps: list[Step] = []
        self._lock = Lock()
        self._began = time.perf_counter()

    @property
    def slowest(self) -> list[Step]:
        """The slowest statements, and the start of the engine, the slowest first."""
        return sorted(self._steps, key=lambda step: -step.seconds)[:_SLOWEST]

    def stage(self, name: str) -> None:
        """Begins a stage, which ends the one before."""
        with self._lock:
            self._end_stage()
            self.stages.append(StageCost(name))

    def end(self) -> None:
        """Ends the last stage."""
        with self._lock:
            self._end_stage()

    def _end_stage(self) -> None:
        now = time.perf_counter()
        self.stages[-1].seconds += now - self._began
        self._began = now

    def advance(self, *, bytes_done: int, rows_done: int) -> None:
        """Adds bytes and rows to the stage."""
        with self._lock:
            self.stages[-1].bytes += bytes_done
            self.stages[-1].rows += rows_done

    def after(self, what: str) -> None:
        """Counts a commit to a table."""
        if is_of_table(what):
            with self._lock:
                self.stages[-1].commits += 1

    def add(self, what: str, seconds: float, *, is_statement: bool) -> None:
        """Adds a statement, or the start of an engine, to the stage in which it ended."""
        with self._lock:
            self.stages[-1].statements += is_statement
            self._steps.append(Step(what, self.stages[-1].stage, seconds))


_profile: ContextVar[Profile | None] = ContextVar("profile", default=None)


@contextmanager
def collected_in(profile: Profile) -> Iterator[None]:
    """Collects the statements of this run in a profile while the block runs."""
    before = _profile.set(profile)
    try:
        yield
    finally:
        _profile.reset(before)
        profile.end()


@contextmanager
def statement(what: str, *, is_statement: bool = True) -> Iterator[None]:
    """Marks the block as one statement.

    Args:
        what: Its purpose in a few words, such as `read ops.deliveries`.
        is_statement: False for work that is worth a line but is none, such as a session's start.
    """
    profile = _profile.get()
    if profile is None:
        yield
        return
    began = time.perf_counter()
    try:
        yield
    finally:
        profile.add(what, time.perf_counter() - began, is_statement=is_statement)


def fetched(what: str, rows: DataFrame) -> pa.Table:
    """Computes rows in one statement, and returns them.

    Args:
        what: The purpose of the statement in a few words, such as `find the keys that meet`.
        rows: The rows, which are few enough for this process.
    """
    with statement(what):
        return rows.toArrow()
