"""The cost of a run, as text and as JSON: its stages and its slowest statements."""

from __future__ import annotations

from typing import Any

from rich.console import Group

from sales_pipeline.profile import Profile, StageCost
from sales_pipeline.report.document import Seconds, View, json_object
from sales_pipeline.report.figures import size
from sales_pipeline.report.layout import cell, new_table, titled

_COUNTED = ("seconds", "rows", "bytes", "commits", "statements")


class _Stage(View):
    stage: str
    seconds: Seconds
    rows: int
    bytes: int
    commits: int
    statements: int


class _Step(View):
    what: str
    stage: str
    seconds: Seconds


class _Profile(View):
    stages: list[_Stage]
    slowest: list[_Step]


def profile_document(profile: Profile) -> dict[str, Any]:
    """Returns the cost of a run, ready for JSON."""
    return json_object(_Profile, profile)


def profile_text(profile: Profile) -> Group:
    """Returns the cost of a run as text: a table of its stages, and one of slow statements."""
    figures = [name.capitalize() for name in _COUNTED]
    stages = new_table("Stage", *figures, right=figures)
    for cost in profile.stages:
        stages.add_row(*_row(cost))
    stages.add_row(*_row(_total(profile)), style="bold")
    steps = new_table("Slowest statements", "Stage", "Seconds", right=["Seconds"])
    for step in profile.slowest:
        steps.add_row(cell(step.what), cell(step.stage), cell(f"{step.seconds:.2f}"))
    remark = "Statements run beside each other and beside the start of the engine."
    return Group(
        titled("Where the time went", stages), titled("What took longest", steps, remark=remark)
    )


def _row(cost: StageCost) -> list[Any]:
    counts = (f"{cost.rows:,}", size(cost.bytes), f"{cost.commits:,}", f"{cost.statements:,}")
    return [cell(cost.stage), cell(f"{cost.seconds:.2f}"), *map(cell, counts)]


def _total(profile: Profile) -> StageCost:
    """The sum of the stages; rows and bytes, which pass several stages, are the largest count."""
    stages = profile.stages
    return StageCost(
        "all",
        seconds=sum(cost.seconds for cost in stages),
        rows=max(cost.rows for cost in stages),
        bytes=max(cost.bytes for cost in stages),
        commits=sum(cost.commits for cost in stages),
        statements=sum(cost.statements for cost in stages),
    )
