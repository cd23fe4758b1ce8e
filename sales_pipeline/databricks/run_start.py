"""Finds a job and starts exactly one run of it, even if the start has to be repeated."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from sales_pipeline.databricks.waiting import StopAsked, Waiting
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

COMMIT = "commit"
_CI = ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT")


@dataclass(frozen=True)
class RunRequest:
    """A request for one run of a job.

    Attributes:
        job: The number of the job, or its name.
        parameters: Its parameters, the commit among them.
        timeout: The seconds that the run may take.
        cancel_on_stop: Whether the run is cancelled if the gate stops before it ends.
    """

    job: int | str
    parameters: dict[str, str]
    timeout: float
    cancel_on_stop: bool = False


def current_commit(environment: Mapping[str, str], folder: Path) -> str:
    """Returns the commit that CI works on, else the one that is checked out in a folder.

    Raises:
        UsageError: There is neither.
    """
    if commit := environment.get("GITHUB_SHA"):
        return commit
    if git := shutil.which("git"):
        process = subprocess.run(  # noqa: S603 -- git from the PATH, with arguments of our own
            [git, "rev-parse", "HEAD"],
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if not process.returncode:
            return process.stdout.strip()
    raise UsageError("--commit: no GITHUB_SHA and no commit checked out here. Do: give the commit")


def idempotency_token(
    environment: Mapping[str, str], job_id: int, parameters: Mapping[str, str]
) -> str:
    """Returns a token of at most 64 characters, with which a workspace starts one run only.

    Within one attempt of a CI run the same job and parameters give the same token. Another job
    gives another one, because the platform answers a known token with the run that it started.

    >>> len(idempotency_token({}, 7, {"commit": "abc"}))
    64
    """
    ci = [environment.get(name, "") for name in _CI]
    attempt = ci if all(ci) else [secrets.token_hex(16)]
    text = json.dumps([*attempt, job_id, sorted(parameters.items())])
    return hashlib.sha256(text.encode()).hexdigest()


def find_job(
    connect: Callable[[], Workspace],
    wanted: int | str,
    *,
    waiting: Waiting,
    tell: Callable[[str], None],
) -> tuple[Workspace, Job]:
    """Connects to the workspace and finds the job of a number or name in it.

    Raises:
        UsageError: There is no such job, or the workspace refuses or does not answer.
        Stopped: A signal came.
    """
    seconds = waiting.pace.contact_seconds
    try:
        workspace = waiting.reply(connect, seconds=seconds)
        tell(f"workspace: {workspace.host}")
        job = waiting.reply(lambda: _job(workspace, wanted), seconds=seconds)
        waiting.check()
    except WorkspaceSilent as error:
        hint = "Do: check DATABRICKS_HOST; no run was started"
        raise WorkspaceRefused(f"{error}. {hint}") from None
    except StopAsked as asked:
        name, number = asked.stop.name, asked.stop.number
        where = "before a run was started"
        raise Stopped(name, number, then="the same again", where=where) from None
    return workspace, job


def _job(workspace: Workspace, wanted: int | str) -> Job:
    if isinstance(wanted, int):
        return workspace.job(wanted)
    # The platform ignores the case of names, and we do not.
    alike = workspace.jobs(wanted)
    exact = [job for job in alike if job.name == wanted]
    if len(exact) == 1:
        return workspace.job(exact[0].id)
    if exact:
        raise UsageError(
            f"--job-name: {len(exact)} jobs are called {wanted!r}: {_listed(exact)}. "
            "Do: give --job-id"
        )
    candidates = alike or _near(wanted, workspace.jobs())
    hint = f"Did you mean {_listed(candidates)}?" if candidates else "Do: give --job-id"
    raise UsageError(f"--job-name: no job is called {wanted!r}. {hint}")


def _near(wanted: str, jobs: list[Job]) -> list[Job]:
    close = get_close_matches(wanted, {job.name for job in jobs}, n=MAX_EXAMPLES)
    word = wanted.casefold()
    return [job for job in jobs if job.name in close or word in job.name.casefold()]


def _listed(jobs: list[Job]) -> str:
    return examples([f"{job.name!r} ({job.id})" for job in jobs])


def start_run(
    workspace: Workspace,
    job: Job,
    request: RunRequest,
    *,
    token: str,
    waiting: Waiting,
    tell: Callable[[str], None],
) -> int:
    """Starts a run and returns its number; one token starts one run, however often it is sent.

    Raises:
        UsageError: The workspace refuses.
        PipelineError: The workspace did not answer, so nobody knows whether a run started.
        Stopped: A signal came while the workspace did not answer.
    """
    pace = waiting.pace
    end = waiting.now() + min(pace.start_seconds, request.timeout)
    tries = 0
    while True:
        tries += 1
        try:
            # A stop waits for the number of the run, because a cancellation needs it.
            return waiting.reply(
                lambda: workspace.start(job, request.parameters, token), is_stoppable=False
            )
        except WorkspaceSilent as error:
            if waiting.stopped or waiting.now() >= end:
                raise _nobody_knows(error, workspace, job, waiting) from None
            tell(f"{error}; asking again, with the same token")
            waiting.sleep(min(tries, pace.poll_seconds))


def _nobody_knows(
    error: WorkspaceSilent, workspace: Workspace, job: Job, waiting: Waiting
) -> PipelineError:
    look = f"look at {workspace.host}/jobs/{job.id}"
    if stop := waiting.stopped:
        where = "when it was not known whether the run had started"
        return Stopped(stop.name, stop.number, then=look, where=where)
    return PipelineError(f"{error}. Nobody knows whether the run started. Do: {look}")
