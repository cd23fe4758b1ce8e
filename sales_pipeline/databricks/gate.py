"""The gate: starts a job, follows its run, and passes only what TERMINATED with SUCCESS."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sales_pipeline.databricks.asked import COMMIT, Asked, idempotency_token
from sales_pipeline.databricks.following import Following
from sales_pipeline.databricks.means import Means
from sales_pipeline.databricks.starting import reach, start
from sales_pipeline.databricks.verdict import Verdict
from sales_pipeline.databricks.waiting import StopAsked
from sales_pipeline.databricks.workspace import Workspace
from sales_pipeline.errors import Stopped


def run_job(
    connect: Callable[[], Workspace],
    asked: Asked,
    *,
    environment: Mapping[str, str],
    means: Means,
) -> Verdict:
    """Runs a job of a workspace and returns how that ended.

    Args:
        connect: Makes the connection to the workspace.
        asked: The job, its parameters, and how long it may take.
        environment: The environment variables, which tell of a run of CI.
        means: What the gate works with.

    Raises:
        UsageError: Nothing was started: there is no such job, or the workspace refuses.
        PipelineError: The workspace does not answer, so nobody knows whether a run started.
        Stopped: A signal came before a run was started.
    """
    try:
        workspace, job = reach(connect, asked.job, means)
        means.waiting.check()
    except StopAsked as asked_for:
        stop, then = asked_for.stop, "the same again"
        where = "before a run was started"
        raise Stopped(stop.name, stop.number, then=then, where=where) from None
    if COMMIT not in job.parameters:
        means.tell(f"job {job.id}: declares no parameter {COMMIT}, so what it tests may be another")
    token = idempotency_token(environment, job.id, asked.parameters)
    run_id = start(workspace, job, asked, token=token, means=means)
    means.tell(f"job {job.id} ({job.name}): run {run_id}")
    return Following(workspace, job, run_id, asked, means).verdict()
