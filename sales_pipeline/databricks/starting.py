"""Finds the job and starts its run, exactly once."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from sales_pipeline.databricks.asked import Asked
from sales_pipeline.databricks.means import Means
from sales_pipeline.databricks.workspace import Job, Workspace
from sales_pipeline.errors import (
    MAX_EXAMPLES,
    PipelineError,
    Stopped,
    UsageError,
    WorkspaceRefused,
    WorkspaceSilent,
    examples,
)


def reach(
    connect: Callable[[], Workspace], wanted: int | str, means: Means
) -> tuple[Workspace, Job]:
    """Connects and finds the job. Silence here means a wrong address: nothing was started.

    Args:
        connect: Makes the connection.
        wanted: The number of the job, or its name.
        means: What the gate works with.

    Raises:
        UsageError: There is no such job, or the workspace refuses or does not answer.
        StopAsked: A stop was asked for.
    """
    seconds = means.pace.reply_seconds
    try:
        workspace = means.waiting.reply(connect, seconds=seconds)
        means.tell(f"workspace: {workspace.host}")
        return workspace, means.waiting.reply(lambda: _find(workspace, wanted), seconds=seconds)
    except WorkspaceSilent as error:
        hint = "Do: check DATABRICKS_HOST; no run was started"
        raise WorkspaceRefused(f"{error}. {hint}") from None


def _find(workspace: Workspace, wanted: int | str) -> Job:
    if isinstance(wanted, int):
        return workspace.job(wanted)
    # The platform takes small and capital letters for the same here.
    alike = workspace.jobs(wanted)
    found = [each for each in alike if each.name == wanted]
    if len(found) == 1:
        return workspace.job(found[0].id)
    if found:
        raise UsageError(
            f"--job-name: {len(found)} jobs are called {wanted!r}: {_listed(found)}. "
            "Do: give --job-id"
        )
    candidates = alike or _near(wanted, workspace.jobs())
    hint = f"Did you mean {_listed(candidates)}?" if candidates else "Do: give --job-id"
    raise UsageError(f"--job-name: no job is called {wanted!r}. {hint}")


def _near(wanted: str, jobs: list[Job]) -> list[Job]:
    close = get_close_matches(wanted, {each.name for each in jobs}, n=MAX_EXAMPLES)
    word = wanted.casefold()
    return [each for each in jobs if each.name in close or word in each.name.casefold()]


def _listed(jobs: list[Job]) -> str:
    return examples([f"{each.name!r} ({each.id})" for each in jobs])


def start(workspace: Workspace, job: Job, asked: Asked, *, token: str, means: Means) -> int:
    """Starts a run and returns its number; however often that takes, one token makes one run.

    Raises:
        UsageError: The workspace refuses.
        PipelineError: It did not answer, so nobody knows whether a run started.
        Stopped: A signal came while it did not answer.
    """
    waiting, pace = means.waiting, means.pace
    end = waiting.now() + min(pace.start_seconds, asked.timeout)
    tries = 0
    while True:
        tries += 1
        try:
            # A stop waits for the number of the run, without which nobody could cancel it.
            return waiting.reply(
                lambda: workspace.start(job, asked.parameters, token),
                seconds=pace.reply_seconds,
                is_stoppable=False,
            )
        except WorkspaceSilent as error:
            if waiting.stopped or waiting.now() >= end:
                raise _nobody_knows(error, workspace, job, means) from None
            means.tell(f"{error}; asking again, with the same token")
            waiting.sleep(min(tries, pace.poll_seconds))


def _nobody_knows(
    error: WorkspaceSilent, workspace: Workspace, job: Job, means: Means
) -> PipelineError:
    look = f"look at {workspace.host}/jobs/{job.id}"
    if stop := means.waiting.stopped:
        where = "when it was not known whether the run had started"
        return Stopped(stop.name, stop.number, then=look, where=where)
    return PipelineError(f"{error}. Nobody knows whether the run started. Do: {look}")
