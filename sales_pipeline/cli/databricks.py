"""`sales-pipeline databricks init` and `test`: the files of a deployment, and the gate."""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sales_pipeline.cli.options import JsonOption, VerboseOption
from sales_pipeline.cli.screen import say, show_exactly, show_json
from sales_pipeline.cli.stopping import told_of_signals
from sales_pipeline.databricks.bundle import WrittenBundle, write_bundle
from sales_pipeline.databricks.bundle_settings import BundleSettings
from sales_pipeline.databricks.gate import run_job
from sales_pipeline.databricks.redaction import Secrets
from sales_pipeline.databricks.run_start import COMMIT, RunRequest, current_commit
from sales_pipeline.databricks.verdict import verdict_document, verdict_text
from sales_pipeline.databricks.waiting import Pace, Stop, Waiting
from sales_pipeline.databricks.workspace import connect
from sales_pipeline.errors import UsageError

INIT_EXAMPLE = """\b
Examples:
  sales-pipeline databricks init
  sales-pipeline databricks init shops --catalog main --schema sales --mail sales@example.com
  sales-pipeline databricks init --compute cluster --node-type Standard_D4ds_v5 --force --yes

\b
Exit code 0: the files are there.
Exit code 2: an answer cannot be used, or files are in the way; nothing was written.
"""
_QUESTIONS = {
    "host": "Address of the workspace (empty: that of your profile)",
    "catalog": "Catalog",
    "schema": "Schema",
    "mail": "Address for mails about failed runs (empty: given when it is deployed)",
    "compute": "serverless or cluster",
}
_NOT_FROM_THE_VOLUME = """\
config.yaml does not take its files from the volume. Do: write in it
  landing: /Volumes/{catalog}/{schema}/landing/incoming
  lakehouse: /Volumes/{catalog}/{schema}/landing/lakehouse"""
_NEXT = (
    "databricks bundle validate --strict --target dev",
    "databricks bundle deploy --target dev",
    "databricks bundle run sales_pipeline --target dev",
)
TEST_EXAMPLE = """\b
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


def _option(name: str, metavar: str, text: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        f"--{name}", metavar=metavar, help=text, show_default=False
    )
    return option


def init(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="The root of the project.", show_default=False),
    ] = Path(),
    *,
    host: Annotated[
        str | None,
        _option("host", "URL", "The address of the workspace. Without it: that of the profile."),
    ] = None,
    catalog: Annotated[
        str | None,
        _option("catalog", "NAME", "The catalog, which exists already. Without it: main."),
    ] = None,
    schema: Annotated[
        str | None,
        _option("schema", "NAME", "The beginning of the names of the schemas. Without it: sales."),
    ] = None,
    mail: Annotated[
        str | None,
        _option("mail", "ADDRESS", "Gets mails about failed runs. Without it: prod asks for it."),
    ] = None,
    compute: Annotated[
        str | None,
        _option("compute", "KIND", "serverless or cluster. Without it: serverless."),
    ] = None,
    node_type: Annotated[
        str | None,
        _option("node-type", "TYPE", "The machine type of a cluster. Without it: i3.xlarge."),
    ] = None,
    analysts: Annotated[
        str | None,
        _option("analysts", "GROUP", "The group that reads gold in prod. Without it: analysts."),
    ] = None,
    engineers: Annotated[
        str | None,
        _option(
            "engineers",
            "GROUP",
            "The group that manages the jobs in prod. Without it: data-engineers.",
        ),
    ] = None,
    run_as: Annotated[
        str | None,
        _option("run-as", "ID", "The application id of the service principal that runs prod."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take the defaults.")] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace files of a bundle that are there and differ."),
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Writes the files that deploy a project of yours to a Databricks workspace.

    They are a bundle for the Databricks CLI: schemas and a landing volume, a job that starts when
    files arrive, and a job that tests. On a terminal it asks for each setting without an option.
    Existing files stay as they are; config.yaml is written only if there is none.
    """
    given = {
        "host": host, "catalog": catalog, "schema": schema, "mail": mail, "compute": compute,
        "node_type": node_type, "analysts": analysts, "engineers": engineers, "run_as": run_as,
    }  # fmt: skip
    settings = BundleSettings(**{name: value for name, value in given.items() if value is not None})
    if sys.stdin.isatty() and not yes:
        settings = _asked_for(settings, [name for name in _QUESTIONS if given[name] is None])
    written = write_bundle(folder, settings, force=force)
    if as_json:
        show_json(_written_document(folder, written))
    else:
        show_exactly(_written_text(folder, written))


def _asked_for(settings: BundleSettings, names: list[str]) -> BundleSettings:
    """Asks for some settings, for each until it can be used; returns the settings with them."""
    for name in names:
        default = getattr(settings, name)
        while True:
            text = typer.prompt(
                _QUESTIONS[name], default=default or "", show_default=bool(default), err=True
            )
            try:
                settings = replace(settings, **{name: text.strip() or default})
                break
            except UsageError as error:
                say(str(error))
    return settings


def _next_commands(folder: Path) -> list[str]:
    change_folder = [] if folder == Path() else [f"cd {shlex.quote(str(folder))}"]
    return [*change_folder, *_NEXT]


def _written_document(folder: Path, written: WrittenBundle) -> dict[str, object]:
    return {
        "folder": str(folder),
        "written": list(written.written),
        "left": list(written.left),
        "elsewhere": written.is_elsewhere,
        "next": _next_commands(folder),
    }


def _written_text(folder: Path, written: WrittenBundle) -> str:
    lines = [
        *(f"written: {folder / name}" for name in written.written),
        *(f"left as it is: {folder / name}" for name in written.left),
        *([_NOT_FROM_THE_VOLUME] if written.is_elsewhere else []),
        "",
        "Next, with the Databricks CLI; docs/databricks.md explains each step:",
        *(f"  {command}" for command in _next_commands(folder)),
    ]
    return "\n".join([*lines, ""])


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
        _option("job-name", "NAME", "The only job of this name."),
    ] = None,
    commit: Annotated[
        str | None,
        _option(
            "commit",
            "COMMIT",
            "The commit, for the job's parameter `commit`. Without it: $GITHUB_SHA, else the "
            "commit that is checked out here.",
        ),
    ] = None,
    param: Annotated[
        list[str] | None,
        _option("param", "NAME=VALUE", "A further parameter of the job; may be given again."),
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
            partial(connect, PACE, Secrets(os.environ)),
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
