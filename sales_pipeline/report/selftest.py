"""The result of a self-test, as text and as a JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import MAX_EXAMPLES, counted
from sales_pipeline.printable import printable

if TYPE_CHECKING:
    from sales_pipeline.proofs.selftest import Selftest, Trial


def selftest_text(result: Selftest) -> RenderableType:
    """Returns the number of points that were tried, and what differed."""
    tried = len({trial.point for trial in result.trials})
    files, points = counted(result.files, "file"), counted(len(result.points), "commit point")
    kills, seconds = counted(len(result.trials), "time"), f"{result.seconds:,.0f} s"
    lines = [
        f"A run over {files} has {points}.",
        f"Killed {kills}, before and after {tried:,} of them, in {seconds}; each time",
        "run again and compared with a run that was not killed.",
        f"What differed: {_count(result)}",
    ]
    lines += [f"  {_sentence(trial, result)}" for trial in result.failures[:MAX_EXAMPLES]]
    return Group(*(Text(line) for line in lines))


def selftest_document(result: Selftest) -> dict[str, Any]:
    """Returns the JSON document of a self-test."""
    return {
        "files": result.files,
        "commit_points": list(result.points),
        "tried": [{"point": trial.point, "moment": trial.moment} for trial in result.trials],
        "differences": [
            {"point": trial.point, "moment": trial.moment, "what": list(trial.differences)}
            for trial in result.failures
        ],
        "seconds": round(result.seconds, 3),
    }


def _count(result: Selftest) -> str:
    failures = result.failures
    return f"something, {counted(len(failures), 'time')}." if failures else "nothing."


def _sentence(trial: Trial, result: Selftest) -> str:
    place = f"{trial.moment} point {trial.point} ({result.points[trial.point - 1]})"
    return printable(f"{place}: {'; '.join(trial.differences)}")
