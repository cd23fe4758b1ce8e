"""The result of a self-test, as text and as a JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, PlainSerializer
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


class _Kill(BaseModel, from_attributes=True):
    point: int
    moment: str


class _Failure(_Kill):
    what: list[str] = Field(validation_alias="differences")


class _Selftest(BaseModel, from_attributes=True):
    files: int
    commit_points: list[str] = Field(validation_alias="points")
    tried: list[_Kill] = Field(validation_alias="trials")
    differences: list[_Failure] = Field(validation_alias="failures")
    seconds: Annotated[float, PlainSerializer(lambda seconds: round(seconds, 3))]


def selftest_document(result: Selftest) -> dict[str, Any]:
    """Returns the JSON document of a self-test."""
    return _Selftest.model_validate(result).model_dump(mode="json")


def _count(result: Selftest) -> str:
    failures = result.failures
    return f"something, {counted(len(failures), 'time')}." if failures else "nothing."


def _sentence(trial: Trial, result: Selftest) -> str:
    place = f"{trial.moment} point {trial.point} ({result.points[trial.point - 1]})"
    return printable(f"{place}: {'; '.join(trial.differences)}")
