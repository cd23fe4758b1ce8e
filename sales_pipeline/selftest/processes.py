"""Calls functions in processes of their own, which may be killed.

All of them are forked from one that has imported what is slow to import and started nothing:
a process that has started an engine has threads, and cannot be forked safely. It is

    python -m sales_pipeline.selftest.processes MODULE ...

which reads a function and its arguments a line, as JSON, and answers how its process ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

_SLOW_TO_IMPORT = ("deltalake", "pandas", "pysail.spark", "pyspark.sql.connect.session")


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        code: Its exit code; the number of a signal, negative, where one killed it.
        error: What it wrote to stderr.
    """

    code: int
    error: str


class Processes:
    """Calls functions, one after the other, each in a process of its own.

    Args:
        modules: What they are in, such as `sales_pipeline.selftest.runs`.
    """

    def __init__(self, *modules: str) -> None:
        # Ctrl-C is for who asked: a run here is never interrupted but at the point where it dies.
        self._parent = subprocess.Popen(  # noqa: S603 -- this very Python, and our own modules
            [sys.executable, "-P", "-W", "ignore", "-m", __name__, *modules],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(each or "." for each in sys.path)},
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

    def call(self, function: str, *arguments: object) -> Ended:
        """Calls a function in a process of its own and waits for the end of that.

        Args:
            function: `module:name`, in one of the modules.
            *arguments: What it takes, as JSON can hold it.
        """
        to_parent, from_parent = self._parent.stdin, self._parent.stdout
        if to_parent is None or from_parent is None:
            raise ValueError("the process that forks has no pipes")
        to_parent.write(json.dumps([function, *arguments]) + "\n")
        to_parent.flush()
        answer = from_parent.readline()
        return Ended(**json.loads(answer)) if answer else Ended(1, "the process that forks ended")


def _fork_for_each_line() -> None:
    for line in sys.stdin:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
            child = os.fork()
            if not child:
                _be(errors.fileno(), *json.loads(line))
            _, status = os.waitpid(child, 0)
            errors.seek(0)
            ended = {"code": os.waitstatus_to_exitcode(status), "error": errors.read()}
        sys.stdout.write(json.dumps(ended) + "\n")
        sys.stdout.flush()


def _be(errors: int, function: str, *arguments: Any) -> None:
    """Calls the function and ends this process, without what an interpreter does at its end."""
    os.dup2(errors, sys.stdout.fileno())
    os.dup2(errors, sys.stderr.fileno())
    module, _, name = function.partition(":")
    try:
        getattr(import_module(module), name)(*arguments)
    except BaseException:  # noqa: BLE001 -- whatever it is, the process ends by it and says so
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _import(modules: Sequence[str]) -> None:
    for name in (*_SLOW_TO_IMPORT, *modules):
        import_module(name)


if __name__ == "__main__":
    _import(sys.argv[1:])
    _fork_for_each_line()
