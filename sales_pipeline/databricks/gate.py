"""The gate: runs a job of a workspace, follows the run to its end, and returns the verdict."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sales_pipeline.databricks.run_start import (
    COMMIT,
    RunRequest,
    find_job,
    idempotency_token,
    start_run,
)
from sales_pipeline.databricks.verdict import (
    FailedTask,
    RunState,
    Verdict,
    contradictions,
    run_state,
    task_states,
)
from sales_pipeline.databricks.waiting import StopAsked, Waiting, duration
from sales_pipeline.databricks.workspace import Job, TaskOutput, Workspace
from sales_pipeline.errors import MAX_EXAMPLES, WorkspaceRefused, WorkspaceSilent, examples

_NEVER_RAN = (
    "CANCELED", "DISABLED", "EXCLUDED", "SKIPPED", "UPSTREAM_CANCELED", "UPSTREAM_FAILED",
)  # fmt: skip
_COLOURS = re.compile("\x1b\\[[0-9;]*[A-Za-z]")


def run_job(
    connect: Callable[[], Workspace],
    request: RunRequest,
    *,
    environment: Mapping[str, str],
    waiting: Waiting,
    tell: Callable[[str], None],
) -> Verdict:
    """Runs a job of a workspace and returns the verdict on its run.

    Args:
        connect: Makes the connection to the workspace.
        request: The job, its parameters, and the time that the run may take.
        environment: The environment variables, which identify a run of CI.
        waiting: The place where the gate waits.
        tell: Takes what happens, a line at a time.

    Raises:
        UsageError: Nothing was started: there is no such job, or the workspace refuses.
        PipelineError: The workspace does not answer, so nobody knows whether a run started.
        Stopped: A signal came before a run was started.
    """
    workspace, job = find_job(connect, request.job, waiting=waiting, tell=tell)
    if COMMIT not in job.parameters:
        tell(f"job {job.id}: declares no parameter {COMMIT}, so it may test another commit")
    token = idempotency_token(environment, job.id, request.parameters)
    run_id = start_run(workspace, job, request, token=token, waiting=waiting, tell=tell)
    tell(f"job {job.id} ({job.name}): run {run_id}")
    return _FollowedRun(workspace, job, run_id, request, waiting, tell).verdict()


class _RunOfAnotherJob(Exception):
    """The run belongs to another job, so the gate leaves it alone."""


@dataclass
class _FollowedRun:
    """A run that the gate follows to its end.

    Attributes:
        page: The run's page, once it is known.
        reply: The last reply about the run.
        state: The last state that was seen, or None.
    """

    workspace: Workspace
    job: Job
    run_id: int
    request: RunRequest
    waiting: Waiting
    tell: Callable[[str], None]
    page: str = ""
    reply: dict[str, Any] = field(default_factory=dict)
    state: RunState | None = None
    _began: float = field(init=False)
    _trouble: str = field(default="", init=False)

    def __post_init__(self) -> None:
        """Starts the clock of the timeout."""
        self._began = self.waiting.now()

    def verdict(self) -> Verdict:
        """Follows the run and returns the verdict."""
        try:
            return self._follow()
        except StopAsked as asked:
            stop = asked.stop
            return self._ended(
                f"stopped by {stop.name}; {self._leave()}", exit_code=128 + stop.number
            )
        except WorkspaceRefused as error:
            return self._ended(f"lost sight of it: {error}; {self._leave()}")
        except _RunOfAnotherJob as error:
            return self._ended(str(error))

    def _follow(self) -> Verdict:
        pause = 0.0
        while (seconds_left := self.request.timeout - self._passed()) > 0:
            if self._look(min(self.waiting.pace.reply_seconds, max(seconds_left, 1))):
                return self._judged()
            pause = min(pause + 1, self.waiting.pace.poll_seconds)
            self.waiting.sleep(min(pause, max(self.request.timeout - self._passed(), 0)))
        last_seen = self.state.line() if self.state else "never seen"
        limit = duration(self.request.timeout)
        return self._ended(f"not at its end after {limit} (it was {last_seen}); {self._leave()}")

    def _look(self, seconds: float) -> bool:
        """Reads the state of the run, tells changes, and returns whether the run has ended."""
        try:
            reply = self.waiting.reply(lambda: self.workspace.run(self.run_id), seconds=seconds)
            if reply.get("next_page_token") and run_state(reply).is_success:
                # All tasks have to agree, and this reply has the first hundred only.
                reply = self._whole_reply()
        except WorkspaceSilent as error:
            if self._trouble != str(error):
                self.tell(f"{error}; asking again")
            self._trouble = str(error)
            return False
        self._trouble = ""
        if reply.get("job_id") not in (None, self.job.id):
            raise _RunOfAnotherJob(f"it is a run of job {reply['job_id']}, not of {self.job.id}")
        return self._see(reply).is_ended

    def _see(self, reply: dict[str, Any]) -> RunState:
        state = run_state(reply)
        if not self.page:
            self.page = str(reply.get("run_page_url") or self._usual_page())
            self.tell(f"page: {self.page}")
        if self.state is None or self.state.line() != state.line():
            self.tell(f"{duration(self._passed()):>6}  {state.line()}")
        self.reply, self.state = reply, state
        return state

    def _judged(self) -> Verdict:
        state = run_state(self.reply)
        if not state.is_success:
            return self._ended(state.reason(), failed=self._failed_tasks())
        against = contradictions(self.reply)
        if not against:
            return self._ended("", exit_code=0)
        reason = f"{state.line()}, which is contradicted by {examples(against)}"
        return self._ended(reason, failed=self._failed_tasks())

    def _whole_reply(self) -> dict[str, Any]:
        return self.waiting.reply(lambda: self.workspace.run(self.run_id, is_whole=True))

    def _failed_tasks(self) -> tuple[FailedTask, ...]:
        """Returns the failed tasks: tasks that ran come first, and the first few have their errors.

        If they cannot be read, that is told and the verdict stands without them.
        """
        try:
            failed = [
                FailedTask(
                    task=str(task.get("task_key")),
                    run_id=task.get("run_id"),
                    page=str(task.get("run_page_url") or ""),
                    result=state.result or state.life_cycle or "",
                    message=state.reason(),
                )
                for task, state in task_states(self._whole_reply())
                if not (state.is_success or state.is_excluded)
            ]
            failed.sort(key=lambda task: task.result in _NEVER_RAN)
            shown = [self._with_output(task) for task in failed[:MAX_EXAMPLES]]
            return (*shown, *failed[MAX_EXAMPLES:])
        except (StopAsked, WorkspaceRefused, WorkspaceSilent) as error:
            self.tell(f"the failed tasks cannot be read: {error}")
            return ()

    def _with_output(self, task: FailedTask) -> FailedTask:
        run_id = task.run_id
        if run_id is None or task.result in _NEVER_RAN:
            return task
        try:
            output = self.waiting.reply(lambda: self.workspace.output(run_id))
        except (WorkspaceRefused, WorkspaceSilent) as error:
            output = TaskOutput(f"(its output cannot be read: {error})")
        # A notebook writes its traces in colours.
        error_text, trace = (
            _COLOURS.sub("", text).strip() for text in (output.error, output.trace)
        )
        return replace(task, error=error_text, trace=trace)

    def _leave(self) -> str:
        """Leaves a run that has not ended; returns what happens to it now."""
        where = self.page or self._usual_page()
        if not self.request.cancel_on_stop:
            return f"it goes on at {where}"
        try:
            self.waiting.reply(
                lambda: self.workspace.cancel(self.run_id),
                seconds=self.waiting.pace.cancel_seconds,
                is_stoppable=False,
            )
        except (WorkspaceRefused, WorkspaceSilent) as error:
            return f"it could not be cancelled and goes on at {where}: {error}"
        return f"its cancellation is asked for: {where}"

    def _passed(self) -> float:
        return self.waiting.now() - self._began

    def _usual_page(self) -> str:
        return f"{self.workspace.host}/jobs/{self.job.id}/runs/{self.run_id}"

    def _ended(
        self, message: str, *, failed: tuple[FailedTask, ...] = (), exit_code: int = 1
    ) -> Verdict:
        return Verdict(
            job=self.job,
            run_id=self.run_id,
            page=self.page or self._usual_page(),
            state=self.state,
            message=message,
            seconds=self._passed(),
            failed=failed,
            exit_code=exit_code,
        )
