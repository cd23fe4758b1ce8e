"""Runs a retailer in a process of its own and kills it, at a commit point or at any time."""

from __future__ import annotations

import atexit
import json
import signal
from functools import cache
from pathlib import Path

from sales_pipeline.commit_points import watched_by
from sales_pipeline.proofs.killed_processes import Killer, ProcessEnd, Processes
from tests.batch_ways import take_way_of
from tests.retailer import Retailer

DECLARED = "declared.json"


def dies(retailer: Retailer, point: int, moment: str, *decision: str) -> bool:
    """Runs a retailer in a process of its own; says whether it was killed before its end.

    Args:
        retailer: The retailer, whose declaration the process gets by a file.
        point: The commit point at which it is killed, from 1.
        moment: `before` or `after` the commit.
        *decision: The verb and the file or run that it takes, such as `accept` and a file; an
            ordinary run without them.
    """
    return _was_killed(
        called(f"{__name__}:run_to_point", retailer, point, moment, *decision), signal.SIGKILL
    )


def dies_within(retailer: Retailer, seconds: float) -> bool:
    """Runs a retailer, killed by the operating system after some time; says whether it was."""
    return _was_killed(called(f"{__name__}:run_for", retailer, seconds), signal.SIGALRM)


def _was_killed(ended: ProcessEnd, by: signal.Signals) -> bool:
    assert ended.code in (0, -by), ended.error
    return ended.code != 0


def called(function: str, retailer: Retailer, *arguments: object) -> ProcessEnd:
    """How a process of its own ended that called `module:function` with a retailer's folder."""
    (retailer.folder / DECLARED).write_text(json.dumps(retailer.declared), encoding="utf-8")
    return _processes().call(function, str(retailer.folder), *arguments)


@cache
def _processes() -> Processes:
    processes = Processes(__name__)
    atexit.register(processes.close)
    return processes


def run_to_point(folder: str, point: int, moment: str, *decision: str) -> None:
    """Runs, or decides about a file, until a commit point."""
    take_way_of(f"{moment} {point}")
    retailer = retailer_in(folder)
    with watched_by(Killer(point, moment)):
        if decision:
            verb, *what = decision
            getattr(retailer, verb)(*what)
        else:
            retailer.run()


def run_for(folder: str, seconds: float) -> None:
    """Runs for some time; nobody handles the signal that ends it, so nothing is cleaned up."""
    take_way_of(seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    retailer_in(folder).run()
    signal.setitimer(signal.ITIMER_REAL, 0)


def retailer_in(folder: str) -> Retailer:
    """The retailer of a folder, declared as `called` left it there."""
    declared = json.loads(Path(folder, DECLARED).read_text(encoding="utf-8"))
    return Retailer(Path(folder), declared)
