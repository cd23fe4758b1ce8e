"""What became of a run that the gate started: as data, as text, and as a JSON document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sales_pipeline.databricks.failed_tasks import FailedTask
from sales_pipeline.databricks.run_state import RunState
from sales_pipeline.databricks.workspace import Job
from sales_pipeline.errors import MAX_EXAMPLES, counted

_TRACE_LINES = 60


@dataclass(frozen=True)
class Verdict:
    """How the gate ended.

    Attributes:
        job: The job.
        run_id: The run.
        page: The page of the run.
        state: The last state that was seen; None where none was.
        message: The reason; empty after success.
        seconds: How long the gate followed the run.
        failed: The tasks that did not succeed.
        exit_code: 0 for success alone, 130 or 143 after a signal, else 1.
    """

    job: Job
    run_id: int
    page: str
    state: RunState | None
    message: str
    seconds: float
    failed: tuple[FailedTask, ...] = ()
    exit_code: int = 1

    @property
    def outcome(self) -> str:
        """In one word."""
        return "failure" if self.exit_code else "success"


def verdict_text(verdict: Verdict) -> str:
    """Returns the verdict as lines, the last of which a script can read."""
    lines = [line for each in verdict.failed[:MAX_EXAMPLES] for line in _task_lines(each)]
    rest = len(verdict.failed) - MAX_EXAMPLES
    if rest > 0:
        lines.append(f"and {counted(rest, 'more task')} of the same run")
    if verdict.message:
        lines.append(f"run {verdict.run_id}: {verdict.message}")
    facts = f"run={verdict.run_id} seconds={verdict.seconds:.0f} page={verdict.page}"
    return "\n".join([*lines, f"outcome={verdict.outcome} {facts}", ""])


def _task_lines(task: FailedTask) -> Iterator[str]:
    yield f"task {task.task}: {task.message}"
    yield from (f"  {line}" for line in task.error.splitlines())
    trace = task.trace.splitlines()
    left_out = len(trace) - _TRACE_LINES
    if left_out > 0:
        yield f"  ... ({counted(left_out, 'line')} before)"
    yield from (f"  {line}" for line in trace[-_TRACE_LINES:])


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """Returns the verdict as plain values with stable keys."""
    state = verdict.state
    return {
        "outcome": verdict.outcome,
        "exit_code": verdict.exit_code,
        "job_id": verdict.job.id,
        "job": verdict.job.name,
        "run_id": verdict.run_id,
        "page": verdict.page,
        "life_cycle": state.life_cycle if state else None,
        "result": state.result if state else None,
        "termination_code": state.code if state else None,
        "message": verdict.message,
        "seconds": round(verdict.seconds, 3),
        "failed_tasks": [asdict(each) for each in verdict.failed],
    }
