"""The tasks of a run that did not succeed, with the errors and traces that they left."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from sales_pipeline.databricks.means import Means
from sales_pipeline.databricks.run_state import RunState, run_state
from sales_pipeline.databricks.waiting import StopAsked
from sales_pipeline.databricks.workspace import Output, Workspace
from sales_pipeline.errors import MAX_EXAMPLES, WorkspaceRefused, WorkspaceSilent

_NEVER_RUN = (
    "CANCELED", "DISABLED", "EXCLUDED", "SKIPPED", "UPSTREAM_CANCELED", "UPSTREAM_FAILED",
)  # fmt: skip
_COLOURS = re.compile("\x1b\\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class FailedTask:
    """A task of the run that did not succeed.

    Attributes:
        task: Its key.
        run_id: The number of its own run; None where the platform gave none.
        page: Its page.
        result: Its result, or its life cycle where it has none.
        message: Why, in words.
        error: The error that ended it; empty where there is none, or it is not one of the first.
        trace: Where the error happened.
    """

    task: str
    run_id: int | None
    page: str
    result: str
    message: str
    error: str = ""
    trace: str = ""


def failed_tasks(workspace: Workspace, run_id: int, means: Means) -> tuple[FailedTask, ...]:
    """Returns the failed tasks of a run that ended: first those that failed by themselves.

    The first few have their error and trace. What cannot be read is told, and left out.
    """
    seconds = means.pace.reply_seconds
    try:
        reply = means.waiting.reply(lambda: workspace.run(run_id, is_whole=True), seconds=seconds)
        failed = [_task(each, state) for each, state in _latest(reply) if _is_failed(state)]
        failed.sort(key=lambda task: task.result in _NEVER_RUN)
        shown = [_with_output(workspace, each, means) for each in failed[:MAX_EXAMPLES]]
        return (*shown, *failed[MAX_EXAMPLES:])
    except (StopAsked, WorkspaceRefused, WorkspaceSilent) as error:
        means.tell(f"the failed tasks cannot be read: {error}")
        return ()


def _latest(reply: dict[str, Any]) -> list[tuple[dict[str, Any], RunState]]:
    """The last attempt of each task."""
    found: dict[str, dict[str, Any]] = {}
    for each in sorted(reply["tasks"], key=lambda task: task.get("attempt_number") or 0):
        found[str(each.get("task_key"))] = each
    return [(each, run_state(each)) for each in found.values()]


def _is_failed(state: RunState) -> bool:
    return not state.is_success and state.result != "EXCLUDED"


def _task(reply: dict[str, Any], state: RunState) -> FailedTask:
    return FailedTask(
        task=str(reply.get("task_key")),
        run_id=reply.get("run_id"),
        page=str(reply.get("run_page_url") or ""),
        result=state.result or state.life_cycle or "",
        message=state.reason(),
    )


def _with_output(workspace: Workspace, task: FailedTask, means: Means) -> FailedTask:
    run_id = task.run_id
    if run_id is None or task.result in _NEVER_RUN:
        return task
    try:
        seconds = means.pace.reply_seconds
        found = means.waiting.reply(lambda: workspace.output(run_id), seconds=seconds)
    except (WorkspaceRefused, WorkspaceSilent) as error:
        found = Output(f"(its output cannot be read: {error})")
    # A notebook writes its traces in colours.
    plain = (_COLOURS.sub("", each).strip() for each in (found.error, found.trace))
    error_text, trace = plain
    return replace(task, error=error_text, trace=trace)
