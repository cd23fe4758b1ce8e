"""A workspace as the gate sees it: databricks-sdk, with two kinds of error and no secrets.

databricks-sdk authenticates, sends, and repeats a request if that is worth it. Whatever it raises
becomes one of two errors here: the workspace refuses, or it is silent. No text that leaves this
module, as a value or as an error, holds a secret.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from sales_pipeline.databricks.redaction import LogRelay, Secrets
from sales_pipeline.databricks.waiting import Pace
from sales_pipeline.errors import (
    ExtraMissing,
    SalesPipelineError,
    WorkspaceRefused,
    WorkspaceSilent,
)

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.clock import Clock
    from databricks.sdk.core import Config
    from databricks.sdk.service.jobs import JobSettings

_LONGEST = 300
_MANY_JOBS = 500
_MOST_PAGES = 1000
_ARRAYS = ("tasks", "repair_history")
_CREDENTIALS = (
    "Do: check DATABRICKS_HOST and the credentials: DATABRICKS_TOKEN; or DATABRICKS_CLIENT_ID with "
    "DATABRICKS_CLIENT_SECRET; or DATABRICKS_AUTH_TYPE=github-oidc with DATABRICKS_CLIENT_ID"
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A job of the workspace, with the names of the parameters that it declares."""

    id: int
    name: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskOutput:
    """The error with which a task ended, and its trace."""

    error: str = ""
    trace: str = ""


class Workspace:
    """A workspace that answers questions about its jobs and runs.

    Args:
        finder: The client that looks for jobs, before anything is started.
        client: The client for everything after that, which is more patient.
        secrets: The secrets to hide.
    """

    def __init__(self, finder: WorkspaceClient, client: WorkspaceClient, secrets: Secrets) -> None:
        self._finder = finder
        self._client = client
        self._secrets = secrets

    @property
    def host(self) -> str:
        """Its address."""
        return self._secrets.hide(str(self._client.config.host))

    def job(self, job_id: int) -> Job:
        """Returns the job of a number."""
        with _errors_of_ours(self._secrets, f"job {job_id}"):
            settings = self._finder.jobs.get(job_id).settings
            declared = (settings.parameters or []) if settings else []
            names = tuple(parameter.name for parameter in declared)
            return Job(job_id, self._name(settings), names)

    def jobs(self, name: str | None = None) -> list[Job]:
        """Returns the jobs of a name, whose case is ignored; without a name, some of all jobs."""
        with _errors_of_ours(self._secrets, "jobs"):
            listed = islice(self._finder.jobs.list(name=name, limit=100), _MANY_JOBS)
            return [
                Job(job.job_id, self._name(job.settings))
                for job in listed
                if job.job_id is not None
            ]

    def _name(self, settings: JobSettings | None) -> str:
        return self._secrets.hide((settings.name if settings else None) or "")

    def start(self, job: Job, parameters: dict[str, str], token: str) -> int:
        """Starts a run, one for each token however often it is sent; returns its number."""
        with _errors_of_ours(self._secrets, f"job {job.id}: start"):
            from databricks.sdk.service.jobs import QueueSettings

            started = self._client.jobs.run_now(
                job.id,
                job_parameters=parameters,
                idempotency_token=token,
                queue=QueueSettings(enabled=True),
            )
            run_id: int | None = getattr(started.response, "run_id", None)
            if run_id is None:
                raise WorkspaceSilent(f"job {job.id}: start: the reply has no run_id")
            return run_id

    def run(self, run_id: int, *, is_whole: bool = False) -> dict[str, Any]:
        """Returns the reply about a run as it came; if whole, with the tasks of all its pages."""
        with _errors_of_ours(self._secrets, f"run {run_id}"):
            reply = self._run_page(run_id)
            pages = 1
            while is_whole and (token := reply.get("next_page_token")):
                if (pages := pages + 1) > _MOST_PAGES:
                    raise WorkspaceSilent(f"run {run_id}: more than {_MOST_PAGES} pages of tasks")
                more = self._run_page(run_id, page_token=token)
                for name in _ARRAYS:
                    reply[name] = [*(reply.get(name) or []), *(more.get(name) or [])]
                reply["next_page_token"] = more.get("next_page_token")
            without_secrets: dict[str, Any] = self._secrets.hide_within(reply)
            return without_secrets

    def _run_page(self, run_id: int, **page: str) -> dict[str, Any]:
        # Not by `jobs.get_run`, which turns every value that it does not know into None.
        headers = {"Accept": "application/json"}
        if workspace_id := getattr(self._client.config, "workspace_id", None):
            headers["X-Databricks-Workspace-Id"] = str(workspace_id)
        reply = self._client.api_client.do(
            "GET",
            "/api/2.2/jobs/runs/get",
            query={"run_id": run_id, "include_history": True, **page},
            headers=headers,
        )
        if not isinstance(reply, dict):
            raise WorkspaceSilent(f"run {run_id}: the reply is not that of the Jobs API")
        return reply

    def output(self, task_run_id: int) -> TaskOutput:
        """Returns the error of a task, by the number of the task's own run."""
        with _errors_of_ours(self._secrets, f"run {task_run_id}: output"):
            output = self._client.jobs.get_run_output(task_run_id)
            hide = self._secrets.hide
            return TaskOutput(hide(output.error or ""), hide(output.error_trace or ""))

    def cancel(self, run_id: int) -> None:
        """Asks for the end of a run."""
        with _errors_of_ours(self._secrets, f"run {run_id}: cancel"):
            self._client.jobs.cancel_run(run_id)


def connect(pace: Pace, secrets: Secrets, *, clock: Clock | None = None) -> Workspace:
    """Connects to the workspace that the environment, or a profile that it names, describes.

    Args:
        pace: How long each request may take and is repeated.
        secrets: The secrets to hide; the credentials that are found are added.
        clock: The clock by which databricks-sdk repeats requests; the real one without it.

    Raises:
        ExtraMissing: databricks-sdk is not installed.
        WorkspaceRefused: There are no credentials, or they are refused.
    """
    try:
        from databricks.sdk import WorkspaceClient
        from databricks.sdk.core import Config
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "databricks":
            raise
        raise ExtraMissing("databricks", "databricks-sdk", needed_by="the gate") from None
    log = LogRelay("databricks", logger, secrets)

    def client(http_seconds: float, retry_seconds: int) -> WorkspaceClient:
        # A client keeps the limits that its configuration had when the client was made.
        config.http_timeout_seconds = http_seconds
        config.retry_timeout_seconds = retry_seconds
        return WorkspaceClient(config=config)

    try:
        with _errors_of_ours(secrets, "databricks"):
            config = Config(
                credentials_strategy=_watched_credentials(secrets),
                http_timeout_seconds=pace.find_seconds,
                retry_timeout_seconds=pace.discovery_seconds,
                clock=clock,
                # The thread that refreshes a token would be waited for at the end.
                disable_async_token_refresh=True,
            )
            _learn_secrets(config, secrets)
            finder = client(pace.find_seconds, pace.find_seconds)
            return Workspace(finder, client(pace.http_seconds, pace.retry_seconds), secrets)
    except WorkspaceRefused as error:
        if not log.warnings:
            raise
        # A dead host makes OAuth fail with a puzzling error; the cause is in the warning before it.
        raise WorkspaceRefused(f"{_in_short(log.warnings[0])}. {error}") from None


def _watched_credentials(secrets: Secrets) -> Any:
    """Returns the usual credentials of databricks-sdk; each token in use is noted as a secret."""
    from databricks.sdk.credentials_provider import CredentialsStrategy, DefaultCredentials

    class WatchedCredentials(CredentialsStrategy):
        def __init__(self) -> None:
            self._usual = DefaultCredentials()

        def auth_type(self) -> str:
            return self._usual.auth_type()

        def __call__(self, cfg: Config) -> Callable[[], dict[str, str]]:
            _learn_secrets(cfg, secrets)
            headers_of_request = self._usual(cfg)

            def headers() -> dict[str, str]:
                fields = headers_of_request()
                secrets.learn(fields.get("Authorization", "").rpartition(" ")[2])
                return fields

            return headers

    return WatchedCredentials()


def _learn_secrets(config: Config, secrets: Secrets) -> None:
    for attribute in type(config).attributes():
        if attribute.sensitive:
            secrets.learn(getattr(config, attribute.name))


@contextmanager
def _errors_of_ours(secrets: Secrets, subject: str) -> Iterator[None]:
    """Turns any error of the block into an error of ours, without secrets.

    Raises:
        WorkspaceRefused: The workspace, or databricks-sdk, refuses.
        WorkspaceSilent: There was no answer that can be used.
    """
    try:
        yield
    except SalesPipelineError:
        raise
    except Exception as error:  # noqa: BLE001 -- the text of any of them may hold a secret
        logger.debug("%s", secrets.hide("".join(traceback.format_exception(error))))
        # Without its cause, because a traceback would show the text of that.
        raise _translated(error, secrets, subject) from None


def _translated(error: Exception, secrets: Secrets, subject: str) -> Exception:
    from databricks.sdk import errors
    from databricks.sdk.errors.base import DatabricksError
    from requests import RequestException

    message = f"{subject}: {_in_short(secrets.hide(_reason(error)))}"
    if isinstance(error, errors.Unauthenticated | errors.PermissionDenied):
        return WorkspaceRefused(f"{message}. {_CREDENTIALS}")
    if isinstance(error, errors.NotFound | errors.BadRequest):
        return WorkspaceRefused(f"{message}. Do: check the job, its parameters and DATABRICKS_HOST")
    if isinstance(error, RequestException | TimeoutError | DatabricksError):
        return WorkspaceSilent(message)
    if isinstance(error, ValueError):
        return WorkspaceRefused(f"{message}. {_CREDENTIALS}")
    return WorkspaceSilent(f"{message} ({type(error).__name__})")


def _reason(error: Exception) -> str:
    """Returns the reason in words; after a timeout, the reason of the last failure too."""
    if isinstance(error, TimeoutError) and error.__cause__ is not None:
        return f"{error}, the last time because of {error.__cause__}"
    return str(error) or type(error).__name__


def _in_short(text: str) -> str:
    # databricks-sdk repeats its configuration after the reason.
    line = " ".join(text.split()).partition(" Config: ")[0].rstrip(". ")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
