"""The strict verdict: a run passes only if every state in the workspace's reply is success.

Texts of the Jobs API are kept as they come, so that a value that is newer than this version fails
with its own name. Success is an equality, never the absence of a known failure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sales_pipeline.databricks.workspace import Job
from sales_pipeline.errors import MAX_EXAMPLES, counted

SUCCESS = "SUCCESS"
TERMINATED = "TERMINATED"
_ENDED = (TERMINATED, "SKIPPED", "INTERNAL_ERROR")
_GOING_ON = ("QUEUED", "PENDING", "RUNNING", "TERMINATING", "BLOCKED", "WAITING_FOR_RETRY")
_RESULTS = (
    SUCCESS, "FAILED", "TIMEDOUT", "CANCELED", "MAXIMUM_CONCURRENT_RUNS_REACHED", "EXCLUDED",
    "SUCCESS_WITH_FAILURES", "UPSTREAM_FAILED", "UPSTREAM_CANCELED", "DISABLED",
)  # fmt: skip
IN_WORDS = {
    "BUDGET_POLICY_LIMIT_EXCEEDED": "the limit of its budget policy was reached",
    "CLOUD_FAILURE": "the cloud provider failed; run it again",
    "CLUSTER_ERROR": "its cluster failed",
    "CLUSTER_REQUEST_LIMIT_EXCEEDED": "too many clusters were requested; run it again later",
    "DRIVER_ERROR": "the Spark driver was lost, often because memory ran out",
    "FEATURE_DISABLED": "it needs a feature that the workspace does not have",
    "INVALID_CLUSTER_REQUEST": "its cluster cannot be created as the job describes it",
    "INVALID_RUN_CONFIGURATION": "the job is not configured so that it can run",
    "LIBRARY_INSTALLATION_ERROR": "a library of the job could not be installed",
    "MAX_CONCURRENT_RUNS_EXCEEDED": "the job already had as many runs as it allows",
    "MAX_JOB_QUEUE_SIZE_EXCEEDED": "the queue of the job was full",
    "REPOSITORY_CHECKOUT_FAILED": "its repository could not be checked out",
    "RESOURCE_NOT_FOUND": "something that it needs does not exist",
    "RUN_EXECUTION_ERROR": "a task failed",
    "STORAGE_ACCESS_ERROR": "its storage could not be reached",
    "UNAUTHORIZED_ERROR": "the user that it runs as may not use something that it needs",
    "USER_CANCELED": "a person cancelled it",
    "WORKSPACE_RUN_LIMIT_EXCEEDED": "the workspace already runs as many jobs as it may",
}
_TRACE_LINES = 60


@dataclass(frozen=True)
class RunState:
    """The state of a run, a task or a repair, in the words of the Jobs API.

    Attributes:
        life_cycle: `state.life_cycle_state`, or `status.state` if only that came.
        result: `state.result_state`.
        code: `status.termination_details.code`.
        code_type: `status.termination_details.type`.
        disagreement: A further sign in the reply against a success; empty if there is none.
        message: The platform's explanation in words, or empty.
        queued: The reason why it is queued, or empty.
        is_ended: Whether nothing more will change.
        is_success: Whether it has ended, and all of the reply says that it succeeded.
    """

    life_cycle: str | None
    result: str | None
    code: str | None
    code_type: str | None
    disagreement: str
    message: str
    queued: str
    is_ended: bool
    is_success: bool

    @property
    def is_excluded(self) -> bool:
        """True for a task that a condition of the job left out, which is no failure."""
        return (
            self.result == "EXCLUDED"
            and self.life_cycle in (TERMINATED, "SKIPPED")
            and self.code in (None, SUCCESS, "SKIPPED")
            and self.code_type in (None, SUCCESS, "CLIENT_ERROR")
        )

    def line(self) -> str:
        """Returns the state on one line.

        >>> run_state({"state": {"life_cycle_state": "QUEUED", "state_message": "Wait."}}).line()
        'QUEUED: Wait.'
        """
        words = " ".join(filter(None, [self.life_cycle or "no state", self.result]))
        explanation = "; ".join(filter(None, [self.queued, self.message]))
        return f"{words}: {explanation}" if explanation else words

    def reason(self) -> str:
        """Returns the reason why this is no success, with unknown values as they came."""
        known = self.life_cycle in (*_ENDED, *_GOING_ON)
        is_contradictory = self.life_cycle == TERMINATED and self._claims_success()
        parts = [
            f"{self.life_cycle or 'no life cycle'}{'' if known else ' (not a known life cycle)'}",
            self._result_in_words(),
            self._code_in_words(),
            self._type_in_words(),
            self.disagreement,
            self.message,
            "these contradict each other" if is_contradictory else "",
        ]
        return "; ".join(filter(None, parts))

    def _claims_success(self) -> bool:
        return self.result is not None and SUCCESS in (self.result, self.code)

    def _result_in_words(self) -> str:
        if self.result is None:
            return "no result"
        known = self.result in _RESULTS
        return f"result {self.result}{'' if known else ' (not a known result)'}"

    def _code_in_words(self) -> str:
        if self.code is None or (self.code == SUCCESS and self.result == SUCCESS):
            return ""
        words = IN_WORDS.get(self.code)
        return f"{self.code}: {words}" if words else f"termination code {self.code}"

    def _type_in_words(self) -> str:
        # Beside a failure it only repeats what the code says.
        if self.code_type in (None, SUCCESS) or not self._claims_success():
            return ""
        return f"termination type {self.code_type}"


def run_state(reply: dict[str, Any]) -> RunState:
    """Reads the state from the reply about a run, or from a task or a repair in it.

    >>> run_state({"state": {"life_cycle_state": "TERMINATED", "result_state": "DONE"}}).reason()
    'TERMINATED; result DONE (not a known result)'
    """
    state, status = _part(reply, "state"), _part(reply, "status")
    details, queue = _part(status, "termination_details"), _part(status, "queue_details")
    life_cycle, status_state = _text(state.get("life_cycle_state")), _text(status.get("state"))
    result = _text(state.get("result_state"))
    code, code_type = _text(details.get("code")), _text(details.get("type"))
    message = _text(state.get("state_message")) or _text(details.get("message"))
    if life_cycle in (*_ENDED, *_GOING_ON):
        is_ended = life_cycle in _ENDED
    else:
        is_ended = bool(result or status_state == TERMINATED or reply.get("end_time"))
    disagreement = ""
    if life_cycle == TERMINATED and status_state not in (None, TERMINATED):
        disagreement = f"status {status_state}"
    elif result == SUCCESS and state.get("user_cancelled_or_timedout"):
        disagreement = "cancelled or timed out"
    is_success = (
        life_cycle == TERMINATED
        and result == SUCCESS
        and code in (None, SUCCESS)
        and code_type in (None, SUCCESS)
        and not disagreement
    )
    return RunState(
        life_cycle=life_cycle or status_state,
        result=result,
        code=code,
        code_type=code_type,
        disagreement=disagreement,
        message=message or "",
        queued=": ".join(filter(None, map(_text, (queue.get("code"), queue.get("message"))))),
        is_ended=is_ended,
        is_success=is_success,
    )


def _part(reply: dict[str, Any], key: str) -> dict[str, Any]:
    part = reply.get(key)
    return part if isinstance(part, dict) else {}


def _text(value: object) -> str | None:
    return None if value in (None, "") else str(value)


def task_states(reply: dict[str, Any]) -> list[tuple[dict[str, Any], RunState]]:
    """Returns the last attempt of each task in the reply about a run, with its state."""
    tasks: dict[str, dict[str, Any]] = {}
    for task in sorted(reply.get("tasks") or [], key=lambda task: task.get("attempt_number") or 0):
        tasks[str(task.get("task_key"))] = task
    return [(task, run_state(task)) for task in tasks.values()]


def contradictions(reply: dict[str, Any]) -> list[str]:
    """Lists the contradictions to SUCCESS in the whole reply about a run, a text for each.

    Every task has to have succeeded, unless a condition of the job left it out. At least one has to
    have run. If a person repaired the run, the last repair has to have succeeded.
    """
    states = task_states(reply)
    texts = [
        f"task {task.get('task_key')} ({state.reason()})"
        for task, state in states
        if not (state.is_success or state.is_excluded)
    ]
    if states and all(state.is_excluded for _, state in states):
        texts.append("its tasks, none of which ran")
    repairs = sorted(reply.get("repair_history") or [], key=lambda it: it.get("start_time") or 0)
    last = run_state(repairs[-1] if repairs else {})
    if last.life_cycle and not last.is_success:
        texts.append(f"its last repair ({last.reason()})")
    return texts


@dataclass(frozen=True)
class FailedTask:
    """A task of the run that did not succeed.

    Attributes:
        task: Its key.
        run_id: The number of its own run, or None if the platform gave none.
        page: Its page.
        result: Its result, or its life cycle if it has no result.
        message: The reason in words.
        error: The error that ended it; empty if there is none, or it is not one of the first.
        trace: The trace of that error.
    """

    task: str
    run_id: int | None
    page: str
    result: str
    message: str
    error: str = ""
    trace: str = ""


@dataclass(frozen=True)
class Verdict:
    """The end of the gate.

    Attributes:
        job: The job.
        run_id: The number of the run.
        page: The page of the run.
        state: The last state that was seen, or None.
        message: The reason; empty after success.
        seconds: The time for which the gate followed the run.
        failed: The tasks that did not succeed.
        exit_code: 0 after success only, 130 or 143 after a signal, else 1.
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
        """`success` or `failure`."""
        return "failure" if self.exit_code else "success"


def verdict_text(verdict: Verdict) -> str:
    """Returns the verdict as lines, the last of which a script can read."""
    lines = [line for task in verdict.failed[:MAX_EXAMPLES] for line in _task_lines(task)]
    left_out = len(verdict.failed) - MAX_EXAMPLES
    if left_out > 0:
        lines.append(f"and {counted(left_out, 'more task')} of the same run")
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
        "failed_tasks": [asdict(task) for task in verdict.failed],
    }
