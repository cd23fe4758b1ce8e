"""Calls functions in processes of their own, which may be killed at a commit point.

All of these processes are forked from one that has imported the slow packages and started nothing:
a process that has started an engine has threads, and cannot be forked safely. It is started as

    python -m sales_pipeline.proofs.killed_processes MODULE ...

It reads a function and its arguments as one line of JSON, and writes how the forked process ended.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass
from importlib import import_module
from threading import Lock
from typing import Any

from sales_pipeline.commit_points import Watcher

BEFORE, AFTER = "before", "after"
MOMENTS = (BEFORE, AFTER)
_SLOW_TO_IMPORT = ("deltalake", "pandas", "pysail.spark", "pyspark.sql.connect.session")


@dataclass(frozen=True)
class ProcessEnd:
    """The exit code of a process, or the negative number of its signal, and its error output."""

    code: int
    error: str


class Processes:
    """Calls functions, one after the other, each in a process of its own.

    Args:
        modules: The modules of the functions, such as `sales_pipeline.proofs.selftest`.
    """

    def __init__(self, *modules: str) -> None:
        # A session of its own: Ctrl-C stops the command, and never a run between commit points.
        self._parent = subprocess.Popen(  # noqa: S603 -- this very Python, and our own modules
            [sys.executable, "-P", "-W", "ignore", "-m", __name__, *modules],
            env=environment_of_children(),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process that forks."""
        self._parent.communicate()

    def call(self, function: str, *arguments: object) -> ProcessEnd:
        """Calls a function in a process of its own and waits until that process ends.

        Args:
            function: `module:name`, in one of the modules.
            *arguments: Its arguments, in types that JSON has.
        """
        to_parent, from_parent = self._parent.stdin, self._parent.stdout
        if to_parent is None or from_parent is None:
            raise ValueError("the process that forks has no pipes")
        to_parent.write(json.dumps([function, *arguments]) + "\n")
        to_parent.flush()
        line = from_parent.readline()
        if not line:
            return ProcessEnd(1, "the process that forks ended")
        return ProcessEnd(**json.loads(line))


def environment_of_children() -> dict[str, str]:
    """Returns the environment for a Python that imports the same modules as this one."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(folder or "." for folder in sys.path)}


class PointCounter(Watcher):
    """Watches commit points and lists them, in the order in which they begin.

    Attributes:
        points: The description of each commit point.
    """

    def __init__(self) -> None:
        self.points: list[str] = []

    def before(self, what: str) -> None:
        """Lists the commit point."""
        self.points.append(what)


class Killer(Watcher):
    """Kills this process just before or just after its nth commit point, with SIGKILL.

    Args:
        point: The number of the commit point, from 1.
        moment: `before` or `after` the commit.
    """

    def __init__(self, point: int, moment: str) -> None:
        self._moment = moment
        self._left_before, self._left_after = point, point
        self._counting = Lock()

    def before(self, what: str) -> None:  # noqa: ARG002 -- any commit counts
        """Counts a commit that begins, and kills before the nth."""
        with self._counting:
            self._left_before -= 1
            if self._moment == BEFORE and self._left_before == 0:
                _die()

    def after(self, what: str) -> None:  # noqa: ARG002 -- any commit counts
        """Counts a commit that is done, and kills after the nth."""
        with self._counting:
            self._left_after -= 1
            if self._moment == AFTER and self._left_after == 0:
                _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fork_for_each_line() -> None:
    for line in sys.stdin:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
            child = os.fork()
            if not child:
                _call_and_exit(errors.fileno(), *json.loads(line))
            _, status = os.waitpid(child, 0)
            errors.seek(0)
            end = {"code": os.waitstatus_to_exitcode(status), "error": errors.read()}
        sys.stdout.write(json.dumps(end) + "\n")
        sys.stdout.flush()


def _call_and_exit(errors: int, function: str, *arguments: Any) -> None:
    """Calls the function and exits, without the steps of an interpreter at its exit."""
    os.dup2(errors, sys.stdout.fileno())
    os.dup2(errors, sys.stderr.fileno())
    module, _, name = function.partition(":")
    try:
        getattr(import_module(module), name)(*arguments)
    except BaseException:  # noqa: BLE001 -- any error ends the process, and is its output
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    for module in (*_SLOW_TO_IMPORT, *sys.argv[1:]):
        import_module(module)
    _fork_for_each_line()
