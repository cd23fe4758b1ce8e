"""Follows a run to its end, or as far as the gate goes, and says what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sales_pipeline.databricks.asked import Asked
from sales_pipeline.databricks.failed_tasks import FailedTask, failed_tasks
from sales_pipeline.databricks.means import Means, duration
from sales_pipeline.databricks.run_state import RunState, run_state
from sales_pipeline.databricks.verdict import Verdict
from sales_pipeline.databricks.waiting import StopAsked
from sales_pipeline.databricks.workspace import Job, Workspace
from sales_pipeline.errors import WorkspaceRefused, WorkspaceSilent


class _OfAnotherJob(Exception):
    """The number of the run belongs to another job, which is no business of ours."""


@dataclass
class Following:
    """A run that is followed.

    Attributes:
        workspace: Where it runs.
        job: Its job.
        run_id: Its number.
        asked: What was asked for.
        means: What the gate works with.
        page: The run's page, once it is known.
        state: The last state that was seen, or None.
    """

    workspace: Workspace
    job: Job
    run_id: int
    asked: Asked
    means: Means
    page: str = ""
    state: RunState | None = None
    _began: float = field(init=False)
    _trouble: str = field(default="", init=False)

    def __post_init__(self) -> None:
        """The time that it may take begins now."""
        self._began = self.means.waiting.now()

    def verdict(self) -> Verdict:
        """Follows the run and returns how that ended."""
        try:
            return self._follow()
        except StopAsked as asked:
            stop = asked.stop
            return self._ended(
                f"stopped by {stop.name}; {self._leave()}", exit_code=128 + stop.number
            )
        except WorkspaceRefused as error:
            return self._ended(f"lost sight of it: {error}; {self._leave()}")
        except _OfAnotherJob as error:
            return self._ended(str(error))

    def _follow(self) -> Verdict:
        waiting, pause = self.means.waiting, 0.0
        while (left := self.asked.timeout - self._passed()) > 0:
            if self._look(min(self.means.pace.reply_seconds, max(left, 1))):
                return self._judged()
            pause = min(pause + 1, self.means.pace.poll_seconds)
            waiting.sleep(min(pause, max(self.asked.timeout - self._passed(), 0)))
        seen = self.state.line() if self.state else "never seen"
        limit = duration(self.asked.timeout)
        return self._ended(f"not at its end after {limit} (it was {seen}); {self._leave()}")

    def _look(self, seconds: float) -> bool:
        """Asks how far the run is, tells what is new, and returns whether it is at its end."""
        call: Callable[[], dict[str, Any]] = lambda: self.workspace.run(self.run_id)  # noqa: E731
        try:
            reply = self.means.waiting.reply(call, seconds=seconds)
        except WorkspaceSilent as error:
            if self._trouble != str(error):
                self.means.tell(f"{error}; asking again")
            self._trouble = str(error)
            return False
        self._trouble = ""
        if reply.get("job_id") not in (None, self.job.id):
            raise _OfAnotherJob(f"it is a run of job {reply['job_id']}, not of {self.job.id}")
        self._see(str(reply.get("run_page_url") or self._usual_page()), run_state(reply))
        return self.state is not None and self.state.is_ended

    def _see(self, page: str, state: RunState) -> None:
        if not self.page:
            self.page = page
            self.means.tell(f"page: {page}")
        if self.state is None or self.state.line() != state.line():
            self.means.tell(f"{duration(self._passed()):>6}  {state.line()}")
        self.state = state

    def _judged(self) -> Verdict:
        state = self.state
        if state is not None and state.is_success:
            return self._ended("", exit_code=0)
        reason = state.reason() if state else "never seen"
        return self._ended(reason, failed=failed_tasks(self.workspace, self.run_id, self.means))

    def _leave(self) -> str:
        """Leaves a run that is not at its end; returns what becomes of it."""
        where = self.page or self._usual_page()
        if not self.asked.cancel_on_stop:
            return f"it goes on at {where}"
        try:
            self.means.waiting.reply(
                lambda: self.workspace.cancel(self.run_id),
                seconds=self.means.pace.cancel_seconds,
                is_stoppable=False,
            )
        except (WorkspaceRefused, WorkspaceSilent) as error:
            return f"it could not be cancelled and goes on at {where}: {error}"
        return f"its cancellation is asked for: {where}"

    def _passed(self) -> float:
        return self.means.waiting.now() - self._began

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
