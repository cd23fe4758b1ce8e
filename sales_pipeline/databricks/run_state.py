"""What a reply of the Jobs API says of a run or of one of its tasks, and whether that is success.

The texts are kept as they come: a value that nobody knows yet must fail with its own name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ENDED = ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")
_GOING_ON = (
    "QUEUED", "PENDING", "RUNNING", "TERMINATING", "BLOCKED", "WAITING_FOR_RETRY",
)  # fmt: skip
_RESULTS = (
    "SUCCESS", "FAILED", "TIMEDOUT", "CANCELED", "MAXIMUM_CONCURRENT_RUNS_REACHED", "EXCLUDED",
    "SUCCESS_WITH_FAILURES", "UPSTREAM_FAILED", "UPSTREAM_CANCELED", "DISABLED",
)  # fmt: skip
SUCCESS = "SUCCESS"
IN_WORDS = {
    "BUDGET_POLICY_LIMIT_EXCEEDED": "the limit of its budget policy was reached",
    "CLOUD_FAILURE": "the cloud provider failed; run it again",
    "CLUSTER_ERROR": "its cluster failed",
    "CLUSTER_REQUEST_LIMIT_EXCEEDED": "too many clusters were asked for; run it again later",
    "DRIVER_ERROR": "the Spark driver was lost, often for want of memory",
    "FEATURE_DISABLED": "it needs a feature that the workspace does not have",
    "INVALID_CLUSTER_REQUEST": "its cluster cannot be had as the job describes it",
    "INVALID_RUN_CONFIGURATION": "the job is not configured so that it can run",
    "LIBRARY_INSTALLATION_ERROR": "a library of the job could not be installed",
    "MAX_CONCURRENT_RUNS_EXCEEDED": "as many runs of the job as it allows were at work",
    "MAX_JOB_QUEUE_SIZE_EXCEEDED": "the queue of the job was full",
    "REPOSITORY_CHECKOUT_FAILED": "its repository could not be checked out",
    "RESOURCE_NOT_FOUND": "something that it needs is not there",
    "RUN_EXECUTION_ERROR": "a task failed",
    "STORAGE_ACCESS_ERROR": "its storage could not be reached",
    "UNAUTHORIZED_ERROR": "whom it runs as may not use something that it needs",
    "USER_CANCELED": "somebody cancelled it",
    "WORKSPACE_RUN_LIMIT_EXCEEDED": "the workspace runs as many jobs as it may",
}


@dataclass(frozen=True)
class RunState:
    """How far a run or a task is, in the words of the Jobs API.

    Attributes:
        life_cycle: `state.life_cycle_state`, or `status.state` where only that came.
        result: `state.result_state`.
        code: `status.termination_details.code`.
        message: What the platform adds in words; empty where nothing.
        queued: Why it is queued; empty where it is not.
        is_ended: Whether nothing more will change.
        is_success: Whether it is over and all of it succeeded.
    """

    life_cycle: str | None
    result: str | None
    code: str | None
    message: str
    queued: str
    is_ended: bool
    is_success: bool

    def line(self) -> str:
        """The state on one line.

        >>> run_state({"state": {"life_cycle_state": "QUEUED", "state_message": "Wait."}}).line()
        'QUEUED: Wait.'
        """
        words = " ".join(filter(None, [self.life_cycle or "no state", self.result]))
        said = "; ".join(filter(None, [self.queued, self.message]))
        return f"{words}: {said}" if said else words

    def reason(self) -> str:
        """Why this is no success, with values that nobody knows as they came."""
        known = self.life_cycle in (*ENDED, *_GOING_ON)
        parts = [
            f"{self.life_cycle or 'no life cycle'}{'' if known else ' (not a known life cycle)'}",
            self._result(),
            self._code(),
            self.message,
        ]
        return "; ".join(filter(None, parts))

    def _result(self) -> str:
        if self.result is None:
            return "no result"
        known = self.result in _RESULTS
        return f"result {self.result}{'' if known else ' (not a known result)'}"

    def _code(self) -> str:
        if self.code is None or (self.code == SUCCESS and self.result == SUCCESS):
            return ""
        words = IN_WORDS.get(self.code)
        return f"{self.code}: {words}" if words else f"termination code {self.code}"


def run_state(reply: dict[str, Any]) -> RunState:
    """Reads the state from the reply about a run, or from one of its tasks.

    Success is told by equality alone: TERMINATED with SUCCESS, and the newer termination code,
    where there is one, SUCCESS as well. Everything else is none.

    >>> run_state({"state": {"life_cycle_state": "TERMINATED", "result_state": "DONE"}}).reason()
    'TERMINATED; result DONE (not a known result)'
    """
    state, status = _part(reply, "state"), _part(reply, "status")
    details, queue = _part(status, "termination_details"), _part(status, "queue_details")
    old, new = _text(state.get("life_cycle_state")), _text(status.get("state"))
    result, code = _text(state.get("result_state")), _text(details.get("code"))
    message = _text(state.get("state_message")) or _text(details.get("message"))
    if old in (*ENDED, *_GOING_ON):
        is_ended = old in ENDED
    else:
        is_ended = bool(result or new == "TERMINATED" or reply.get("end_time"))
    return RunState(
        life_cycle=old or new,
        result=result,
        code=code,
        message=message or "",
        queued=": ".join(filter(None, map(_text, (queue.get("code"), queue.get("message"))))),
        is_ended=is_ended,
        is_success=old == "TERMINATED" and result == SUCCESS and code in (None, SUCCESS),
    )


def _part(reply: dict[str, Any], key: str) -> dict[str, Any]:
    found = reply.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str | None:
    return None if value in (None, "") else str(value)
