"""Runs the pipeline in a process of its own and kills it at one of its commit points.

python -m tests.promises.killed_run FOLDER POINT before|after [accept|withdraw|replay FILE]

A commit point is a commit to a table or the move of a landing file. What the retailer
declares is in `declared.json` of the folder, where it is not the usual.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.landing import archive
from tests.retailer import Retailer

REPOSITORY = Path(__file__).parents[2]
DECLARED = "declared.json"


class Killer:
    """Kills this process just before or just after its nth commit point."""

    def __init__(self, point: int, moment: str) -> None:
        self.left, self.moment = point, moment

    def around(self, commit: Callable[..., Any]) -> Callable[..., Any]:
        """The same commit, with death around it."""

        def mortal(*args: Any) -> Any:
            self.left -= 1
            if self.left == 0 and self.moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = commit(*args)
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return mortal


def dies(retailer: Retailer, point: int, moment: str, *decision: str) -> bool:
    """Runs a retailer in a process of its own; says whether it was killed before its end."""
    (retailer.folder / DECLARED).write_text(json.dumps(retailer.declared), encoding="utf-8")
    command = [sys.executable, "-m", "tests.promises.killed_run", str(retailer.folder)]
    done = subprocess.run(
        [*command, str(point), moment, *decision], cwd=REPOSITORY, capture_output=True, check=False
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
    return done.returncode != 0


def main() -> None:
    """Runs with the arguments of the command line."""
    folder, point, moment, *decision = sys.argv[1:]
    killer = Killer(int(point), moment)
    Lakehouse.replace = killer.around(Lakehouse.replace)  # type: ignore[method-assign]
    Lakehouse.add = killer.around(Lakehouse.add)  # type: ignore[method-assign]
    archive.move = killer.around(archive.move)
    retailer, declared = Retailer(Path(folder)), Path(folder) / DECLARED
    if declared.exists():
        retailer.declared = json.loads(declared.read_text(encoding="utf-8"))
    if decision:
        verb, file = decision
        verbs = {
            "accept": retailer.accept,
            "withdraw": retailer.withdraw,
            "replay": retailer.replay,
        }
        verbs[verb](file)
    else:
        retailer.run()


if __name__ == "__main__":
    main()
