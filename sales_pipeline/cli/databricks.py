"""`sales-pipeline databricks test`: the gate, which runs a job and passes only if it succeeds.

`sales-pipeline databricks init` is in `databricks_init.py`.
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sales_pipeline.cli.options import JsonOption, VerboseOption
from sales_pipeline.cli.screen import say, show_exactly, show_json
from sales_pipeline.cli.stopping import told_of_signals
from sales_pipeline.databricks.gate import run_job
from sales_pipeline.databricks.run_start import COMMIT, RunRequest, current_commit
from sales_pipeline.databricks.verdict import verdict_document, verdict_text
from sales_pipeline.databricks.waiting import Pace, Stop, Waiting
from sales_pipeline.databricks.workspace import connect, environment_secrets
from sales_pipeline.errors import UsageError

EXAMPLE = """\b
Examples:
  sales-pipeline databricks test --job-id 123
  sales-pipeline databricks test --job-name sales_pipeline_tests --timeout 30m --cancel-on-stop
  sales-pipeline databricks test --job-id 123 --commit 4f2a91c --param tests=tests/cli --json

\b
Exit code 0: the run TERMINATED with SUCCESS.
Exit code 1: it ended otherwise, did not end in time, or cannot be followed.
Exit code 2: nothing was started: no such job, no or wrong credentials, a wrong host.
Exit code 130 or 143: Ctrl-C or SIGTERM came first.
"""
PACE = Pace()
_UNITS = {"s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"([0-9]{1,7})([smh]?)")


def duration_from(text: str) -> float:
    """Returns the seconds of a duration such as 90, 90s, 45m or 2h.

    >>> duration_from("90"), duration_from("45m")
    (90.0, 2700.0)

    Raises:
        BadParameter: It is not written like that, or it is zero.
    """
    match = _DURATION.fullmatch(text)
    seconds = float(match[1]) * _UNITS[match[2] or "s"] if match else 0
    if not seconds:
        raise typer.BadParameter(f"not a duration, got {text!r}; write one such as 90s, 45m or 2h")
    return seconds


def run_test_job(
    *,
    job_id: Annotated[
        int | None,
        typer.Option(
            "--job-id", metavar="N", min=1, help="The job, by its number.", show_default=False
        ),
    ] = None,
    job_name: Annotated[
        str | None,
        typer.Option(
            "--job-name", metavar="NAME", help="The only job of this name.", show_default=False
        ),
    ] = None,
    commit: Annotated[
        str | None,
        typer.Option(
            "--commit",
            metavar="COMMIT",
            help="The commit, for the job's parameter `commit`. Without it: $GITHUB_SHA, else the "
            "commit that is checked out here.",
            show_default=False,
        ),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param",
            metavar="NAME=VALUE",
            help="A further parameter of the job; may be given again.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            metavar="DURATION",
            parser=duration_from,
            help="How long the run may take, such as 90s, 45m or 2h.",
        ),
    ] = "60m",  # type: ignore[assignment] # the parser reads the default too
    cancel_on_stop: Annotated[
        bool,
        typer.Option(
            "--cancel-on-stop",
            help="Cancel the run on timeout, Ctrl-C or SIGTERM. Without it, it goes on.",
        ),
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Runs a job of a Databricks workspace, and fails unless it succeeds.

    The run gets the commit as a parameter and is started once, however often the network fails.
    Its page is printed at once, its state whenever that changes, and at the end the errors of the
    failed tasks. Only a run that TERMINATED with SUCCESS passes, and only if no task or
    termination code contradicts that. Credentials are found as databricks-sdk finds them, and
    never printed.
    """
    if (job_id is None) == (job_name is None):
        raise UsageError("--job-id, --job-name: give one of them")
    job: int | str = job_id if job_id is not None else job_name or ""
    request = RunRequest(job, _parameters(commit, param or ()), timeout, cancel_on_stop)
    waiting = Waiting(PACE)
    with told_of_signals(lambda name, number: waiting.stop(Stop(name, number))):
        verdict = run_job(
            partial(connect, PACE, environment_secrets()),
            request,
            environment=os.environ,
            waiting=waiting,
            tell=say,
        )
    if as_json:
        show_json(verdict_document(verdict))
    else:
        show_exactly(verdict_text(verdict))
    raise typer.Exit(verdict.exit_code)


def _parameters(commit: str | None, given: list[str] | tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise UsageError("--param: write NAME=VALUE")
    names = [name for name, _, _ in pairs]
    if COMMIT in names or len(set(names)) < len(names):
        raise UsageError(f"--param: give each name once, and {COMMIT} by --commit")
    tested = commit or current_commit(os.environ, Path.cwd())
    return {COMMIT: tested} | {name: value for name, _, value in pairs}
