"""A workspace as the gate sees it: five questions, each answered, refused or not answered.

databricks-sdk authenticates, sends, and repeats what is worth it. Whatever it raises becomes one of
two errors here. No text that leaves this module, as a value or as an error, holds a secret.
"""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from sales_pipeline.databricks.means import Pace
from sales_pipeline.databricks.redaction import Secrets
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
_PAGES = 1000
_CREDENTIALS = (
    "Do: check DATABRICKS_HOST and the credentials: DATABRICKS_TOKEN; or DATABRICKS_CLIENT_ID with "
    "DATABRICKS_CLIENT_SECRET; or DATABRICKS_AUTH_TYPE=github-oidc with DATABRICKS_CLIENT_ID"
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A job of the workspace.

    Attributes:
        id: Its number.
        name: Its name.
        parameters: The names of the parameters that it declares.
    """

    id: int
    name: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Output:
    """What a task left: its error, and where that happened."""

    error: str = ""
    trace: str = ""


class Workspace:
    """A workspace, and who asks it.

    Args:
        client: What databricks-sdk talks to it by.
        secrets: What must never be printed.
    """

    def __init__(self, client: WorkspaceClient, secrets: Secrets) -> None:
        self._client = client
        self._secrets = secrets

    @property
    def host(self) -> str:
        """Where it is, as a URL."""
        return self._secrets.hide(str(self._client.config.host))

    def job(self, job_id: int) -> Job:
        """The job of a number."""
        with _told(self._secrets, f"job {job_id}"):
            found = self._client.jobs.get(job_id)
            settings = found.settings
            declared = (settings.parameters or []) if settings else []
            return Job(job_id, self._name(settings), tuple(each.name for each in declared))

    def jobs(self, name: str | None = None) -> list[Job]:
        """The jobs of a name, written in small or capital letters, or some of all jobs."""
        with _told(self._secrets, "jobs"):
            found = islice(self._client.jobs.list(name=name, limit=100), _MANY_JOBS)
            return [
                Job(each.job_id, self._name(each.settings))
                for each in found
                if each.job_id is not None
            ]

    def _name(self, settings: JobSettings | None) -> str:
        return self._secrets.hide((settings.name if settings else None) or "")

    def start(self, job: Job, parameters: dict[str, str], token: str) -> int:
        """Starts a run, once for one token however often this is called; returns its number."""
        with _told(self._secrets, f"job {job.id}: start"):
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
        """The reply about a run as it came; whole with the tasks of all its pages."""
        with _told(self._secrets, f"run {run_id}"):
            reply = self._get_run({"run_id": run_id})
            tasks, page = list(reply.get("tasks") or []), reply.get("next_page_token")
            for _ in range(_PAGES if is_whole else 0):
                if not page:
                    break
                more = self._get_run({"run_id": run_id, "page_token": page})
                tasks += more.get("tasks") or []
                page = more.get("next_page_token")
            whole: dict[str, Any] = self._secrets.hide_within({**reply, "tasks": tasks})
            return whole

    def _get_run(self, query: dict[str, Any]) -> dict[str, Any]:
        # Not by the client's own method: that has no text for a value which it does not know.
        headers = {"Accept": "application/json"}
        if workspace_id := getattr(self._client.config, "workspace_id", None):
            headers["X-Databricks-Workspace-Id"] = str(workspace_id)
        reply = self._client.api_client.do(
            "GET", "/api/2.2/jobs/runs/get", query=query, headers=headers
        )
        if not isinstance(reply, dict):
            raise WorkspaceSilent(f"run {query['run_id']}: the reply is not that of the Jobs API")
        return reply

    def output(self, task_run_id: int) -> Output:
        """What a task left, by the number of the task's own run."""
        with _told(self._secrets, f"run {task_run_id}: output"):
            found = self._client.jobs.get_run_output(task_run_id)
            hide = self._secrets.hide
            return Output(hide(found.error or ""), hide(found.error_trace or ""))

    def cancel(self, run_id: int) -> None:
        """Asks for the end of a run."""
        with _told(self._secrets, f"run {run_id}: cancel"):
            self._client.jobs.cancel_run(run_id)


def connect(pace: Pace, secrets: Secrets, *, clock: Clock | None = None) -> Workspace:
    """Returns the workspace that the environment, or a profile of it, names.

    Args:
        pace: How patient to be.
        secrets: What must never be printed; the credentials that are found are added.
        clock: What databricks-sdk waits by before it sends a request again; the time without it.

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
    _keep_the_log_apart(secrets)
    with _told(secrets, "databricks", hint=_CREDENTIALS):
        config = Config(
            credentials_strategy=_watched(secrets),
            http_timeout_seconds=pace.http_seconds,
            retry_timeout_seconds=pace.connect_seconds,
            clock=clock,
            # Another thread that refreshes a token would be waited for at the end.
            disable_async_token_refresh=True,
        )
        _learn_from(config, secrets)
        config.retry_timeout_seconds = pace.retry_seconds
        return Workspace(WorkspaceClient(config=config), secrets)


def _watched(secrets: Secrets) -> Any:
    """The credentials as databricks-sdk finds them, whose headers are noted as secrets."""
    from databricks.sdk.credentials_provider import CredentialsStrategy, DefaultCredentials

    class Watched(CredentialsStrategy):
        def __init__(self) -> None:
            self._found = DefaultCredentials()

        def auth_type(self) -> str:
            return self._found.auth_type()

        def __call__(self, cfg: Config) -> Callable[[], dict[str, str]]:
            _learn_from(cfg, secrets)
            headers_of = self._found(cfg)

            def headers() -> dict[str, str]:
                found = headers_of()
                secrets.learn(found.get("Authorization", "").rpartition(" ")[2])
                return found

            return headers

    return Watched()


def _learn_from(config: Config, secrets: Secrets) -> None:
    for each in type(config).attributes():
        if each.sensitive:
            secrets.learn(getattr(config, each.name))


class _Relay(logging.Handler):
    """Passes on what databricks-sdk logs, without secrets, for `--verbose`."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def emit(self, record: logging.LogRecord) -> None:
        """Passes on one record."""
        logger.debug("%s: %s", record.name, self._secrets.hide(record.getMessage()))


def _keep_the_log_apart(secrets: Secrets) -> None:
    theirs = logging.getLogger("databricks")
    theirs.handlers = [_Relay(secrets)]
    theirs.propagate = False


@contextmanager
def _told(secrets: Secrets, what: str, *, hint: str = _CREDENTIALS) -> Iterator[None]:
    """Turns whatever is raised in the block into an error of ours, without secrets.

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
        # Not as its cause: a traceback of ours would show the texts of theirs.
        raise _translated(error, secrets, what, hint) from None


def _translated(error: Exception, secrets: Secrets, what: str, hint: str) -> Exception:
    from databricks.sdk import errors
    from databricks.sdk.errors.base import DatabricksError
    from requests import RequestException

    said = f"{what}: {_in_short(secrets.hide(_text_of(error)))}"
    if isinstance(error, errors.Unauthenticated | errors.PermissionDenied):
        return WorkspaceRefused(f"{said}. {hint}")
    if isinstance(error, errors.NotFound | errors.BadRequest):
        return WorkspaceRefused(f"{said}. Do: check the job, its parameters and DATABRICKS_HOST")
    if isinstance(error, RequestException | TimeoutError | DatabricksError):
        return WorkspaceSilent(said)
    if isinstance(error, ValueError):
        return WorkspaceRefused(f"{said}. {hint}")
    return WorkspaceSilent(f"{said} ({type(error).__name__})")


def _text_of(error: Exception) -> str:
    """The reason in words; that of a time that ran out is the last failure before."""
    if isinstance(error, TimeoutError) and error.__cause__ is not None:
        return f"{error}, the last time because of {error.__cause__}"
    return str(error) or type(error).__name__


def _in_short(text: str) -> str:
    # databricks-sdk repeats its configuration after the reason.
    line = " ".join(text.split()).partition(" Config: ")[0].rstrip(". ")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def environment_secrets() -> Secrets:
    """The secrets in the environment of this process."""
    return Secrets(os.environ)
