"""Runs the pipeline in a process of its own and kills it at one of its commit points.

A commit point is a commit to a table or the move of a landing file. All these processes are
forked from one that has imported everything and started nothing, so that a kill costs what
its run costs, and not the start of Python:

    python -m tests.promises.killed_run

reads the arguments of one run a line, as JSON, and answers each with its exit code.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.landing import archive
from tests.retailer import Retailer

REPOSITORY = Path(__file__).parents[2]
DECLARED, ERRORS = "declared.json", "errors.txt"
SLOW_TO_IMPORT = ("deltalake", "pandas", "pysail.spark", "pyspark.sql.connect.session")


class Killer:
    """Kills this process just before or just after its nth commit point."""

    def __init__(self, point: int, moment: str) -> None:
        self.point, self.moment = point, moment
        self.numbers = itertools.count(1)

    def around(self, commit: Callable[..., Any]) -> Callable[..., Any]:
        """The same commit, with death around it."""

        def mortal(*args: Any) -> Any:
            # Its own number: commits are made by several threads, and the count goes on.
            number = next(self.numbers)
            if number == self.point and self.moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = commit(*args)
            if number == self.point:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return mortal


def dies(retailer: Retailer, point: int, moment: str, *decision: str) -> bool:
    """Runs a retailer in a process of its own; says whether it was killed before its end.

    Args:
        retailer: The retailer, whose declaration the process gets by a file.
        point: The commit point at which it is killed, from 1.
        moment: `before` or `after` the commit.
        *decision: `accept` or `withdraw` and the file; an ordinary run without them.
    """
    (retailer.folder / DECLARED).write_text(json.dumps(retailer.declared), encoding="utf-8")
    code = _ended([str(retailer.folder), str(point), moment, *decision])
    errors = retailer.folder / ERRORS
    assert code in (0, -signal.SIGKILL), errors.read_text(encoding="utf-8")
    return code != 0


def _ended(arguments: list[str]) -> int:
    parent = _parent()
    assert parent.stdin
    assert parent.stdout
    print(json.dumps(arguments), file=parent.stdin, flush=True)
    return int(parent.stdout.readline())


@cache
def _parent() -> subprocess.Popen[str]:
    """The process that forks; it ends with this one, when its input does."""
    command = [sys.executable, "-m", "tests.promises.killed_run"]
    parent = subprocess.Popen(
        command, cwd=REPOSITORY, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    atexit.register(parent.communicate)
    return parent


def _fork_for_each_line() -> None:
    for name in SLOW_TO_IMPORT:
        import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _be_a_run(*json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _be_a_run(folder: str, point: str, moment: str, *decision: str) -> None:
    """Runs and ends this process; an error ends it, too, and is left in a file."""
    with Path(folder, ERRORS).open("w", encoding="utf-8") as errors:
        os.dup2(errors.fileno(), sys.stderr.fileno())
    _run(Retailer(Path(folder)), Killer(int(point), moment), *decision)
    os._exit(0)


def _run(retailer: Retailer, killer: Killer, *decision: str) -> None:
    Lakehouse.replace = killer.around(Lakehouse.replace)  # type: ignore[method-assign]
    Lakehouse.put = killer.around(Lakehouse.put)  # type: ignore[method-assign]
    Lakehouse.add = killer.around(Lakehouse.add)  # type: ignore[method-assign]
    Lakehouse.restore = killer.around(Lakehouse.restore)  # type: ignore[method-assign]
    archive.move = killer.around(archive.move)
    retailer.declared = json.loads((retailer.folder / DECLARED).read_text(encoding="utf-8"))
    if decision:
        verb, file = decision
        verbs = {
            "accept": retailer.accept,
            "withdraw": retailer.withdraw,
            "replay": retailer.replay,
            "rollback": retailer.rollback,
        }
        verbs[verb](file)
    else:
        retailer.run()


if __name__ == "__main__":
    _fork_for_each_line()
