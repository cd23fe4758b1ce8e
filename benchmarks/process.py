"""Runs a command in a process of its own, and measures it with all processes that it starts."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage
from threading import Event, Thread

LOOKED_AT_EVERY = 0.5
"""Seconds between two looks at the memory of a tree of processes."""
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Cost:
    """What a command and all processes that it started cost.

    Attributes:
        seconds: Until the command itself ended, with the start of Python.
        cpu_seconds: Of all its processes.
        peak_bytes: The largest resident memory. Of one process it is exact. Of several together it
            is looked at twice a second, and memory that they share counts once.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def adopt_orphans() -> None:
    """Makes this process the parent of orphans, such as the JVM of a Spark that has ended.

    Only a parent gets to know the CPU seconds of a process. Without this they are not counted.
    """
    with suppress(OSError, AttributeError):  # Linux alone has it.
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1)


def run_measured(
    command: Sequence[str | Path], *, folder: Path, variables: Mapping[str, str]
) -> tuple[Cost, bytes]:
    """Runs a command and returns its cost and what it printed.

    Args:
        command: The program and its arguments.
        folder: The folder to run in.
        variables: Environment variables beside those of this process.

    Raises:
        RuntimeError: Its exit code is not 0.
    """
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as messages:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=messages,
            env=os.environ | variables,
            start_new_session=True,
        )
        with _Peak(process.pid) as peak:
            try:
                # Not process.wait(): only wait4 returns the peak memory of this one process.
                _, status, usage = os.wait4(process.pid, 0)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        answer.seek(0)
        messages.seek(0)
        if process.returncode:
            text = messages.read().decode(errors="replace")
            raise RuntimeError(f"{folder}: exit code {process.returncode}\n{text}")
        usages = [usage, *_orphans(process.pid)]
        cpu_seconds = sum(usage.ru_utime + usage.ru_stime for usage in usages)
        largest = max(usage.ru_maxrss for usage in usages) * RSS_UNIT
        return Cost(seconds, cpu_seconds, max(largest, peak.bytes)), answer.read()


class _Peak:
    """Watches the memory of all processes of a session while its block runs.

    Attributes:
        bytes: The most that several processes together had; 0 if there was never more than one.
    """

    def __init__(self, session: int) -> None:
        self.bytes = 0
        self._session = session
        self._ended = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(LOOKED_AT_EVERY):
            pids = [pid for pid, _ in _processes(self._session)]
            if len(pids) > 1:
                self.bytes = max(self.bytes, sum(map(_own_bytes, pids)))


def _processes(session: int) -> Iterator[tuple[int, int]]:
    """Yields the id of each process of a session, and that of its parent."""
    for pid in filter(str.isdecimal, (entry.name for entry in os.scandir("/proc"))):
        with suppress(OSError), open(f"/proc/{pid}/stat", errors="replace") as stat:
            # The name, in brackets, may hold anything.
            fields = stat.read().rpartition(")")[2].split()
            if int(fields[3]) == session:
                yield int(pid), int(fields[1])


def _own_bytes(pid: int) -> int:
    """Returns the resident memory of a process, its share alone of what it shares with others."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _orphans(session: int) -> Iterator[struct_rusage]:
    """Waits for the processes that a command left to this process, and yields what they used."""
    while own := [pid for pid, parent in _processes(session) if parent == os.getpid()]:
        for pid in own:
            yield os.wait4(pid, 0)[2]
