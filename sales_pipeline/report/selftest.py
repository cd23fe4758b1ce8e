"""What a self-test found, as text and as a JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import MAX_EXAMPLES, counted
from sales_pipeline.printable import printable

if TYPE_CHECKING:
    from sales_pipeline.selftest.trials import Selftest, Trial


def selftest_text(found: Selftest) -> RenderableType:
    """Returns how many points were tried, and what differed."""
    tried = len({each.point for each in found.trials})
    files, points = counted(found.files, "file"), counted(len(found.points), "commit point")
    kills = counted(len(found.trials), "time")
    lines = [
        f"A run over {files} has {points}.",
        f"Killed {kills}, before and after {tried:,} of them, in {found.seconds:,.0f} s; each time",
        "run again and compared with a run that was not killed.",
        f"What differed: {_count(found)}",
    ]
    lines += [f"  {_sentence(each, found)}" for each in found.failures[:MAX_EXAMPLES]]
    return Group(*(Text(line) for line in lines))


def selftest_document(found: Selftest) -> dict[str, Any]:
    """Returns the same as plain values."""
    return {
        "files": found.files,
        "commit_points": list(found.points),
        "tried": [{"point": each.point, "moment": each.moment} for each in found.trials],
        "differences": [
            {"point": each.point, "moment": each.moment, "what": list(each.differences)}
            for each in found.failures
        ],
        "seconds": round(found.seconds, 3),
    }


def _count(found: Selftest) -> str:
    failures = found.failures
    return f"something, {counted(len(failures), 'time')}." if failures else "nothing."


def _sentence(trial: Trial, found: Selftest) -> str:
    place = f"{trial.moment} point {trial.point} ({found.points[trial.point - 1]})"
    return printable(f"{place}: {'; '.join(trial.differences)}")
