"""`sales-pipeline run`, and `run-pipeline`: everything new, through to the four answers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from sales_pipeline.cli.options import (
    ConfigOption,
    JsonOption,
    Running,
    SampleOption,
    VerboseOption,
)
from sales_pipeline.cli.progress import profiled, progress_on_stderr
from sales_pipeline.cli.screen import say, show, show_json
from sales_pipeline.cli.stopping import stopped_by_signals
from sales_pipeline.errors import counted
from sales_pipeline.report.questions import Question

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sales_pipeline.config.model import Declaration
    from sales_pipeline.run_report import Progress, RunReport

EXAMPLE = """\b
Examples:
  sales-pipeline run
  sales-pipeline run --sample --show
  sales-pipeline run --config shops.yaml --wait 600 --json
  sales-pipeline run --rejudge paris
  sales-pipeline run --profile

\b
Exit code 0: done, even if records wait in quarantine.
Exit code 1: a file was refused or held, or the run failed.
Exit code 2: the declaration or the command line is wrong.
"""
RUN_PIPELINE_EXAMPLE = """\b
Examples:
  run-pipeline
  run-pipeline --config shops.yaml
  run-pipeline --sample

Everything else is done by sales-pipeline.
"""


def run(
    *,
    answers: Annotated[
        bool, typer.Option("--show", help="Show the four answers afterwards.")
    ] = False,
    rejudge: Annotated[
        list[str] | None,
        typer.Option(
            "--rejudge",
            metavar="FEED",
            help="Judge all records of the feed again, under the present declaration. "
            "May be given several times.",
        ),
    ] = None,
    as_json: JsonOption = False,
    shared: Running,
) -> None:
    """Takes new landing files through to the four answers.

    Files are taken in once, by their content: to run twice changes nothing. A file that is
    not what its feed declares goes to rejected/, with the reason beside it; the others go on.
    A run that was killed is finished by the next one.

    With --sample, and no lakehouse yet, the files of the sample retailer are put into the
    landing folder first. With the sample's own declaration and without --json, December is closed
    before its last file comes.
    """
    declaration = shared.prepared()
    from sales_pipeline import pipeline

    verb = partial(pipeline.run, rejudge=rejudge or ())
    if shared.sample and (as_json or shared.path is not None):
        place_sample_files(declaration)
    elif shared.sample and place_sample_files(declaration, late=False):
        run_and_tell(declaration, verb, shared)
        _close_the_sample(declaration, wait=shared.wait)
    raise typer.Exit(run_and_tell(declaration, verb, shared, answers=answers, as_json=as_json))


def run_pipeline(
    *, config: ConfigOption = None, sample: SampleOption = False, verbose: VerboseOption = False
) -> None:
    """Runs the whole pipeline: landing files in, four answers out.

    With --sample it runs the sample retailer in the working directory and shows the four answers.
    """
    run(answers=sample, shared=Running(config=config, sample=sample))


def place_sample_files(declaration: Declaration, *, late: bool | None = None) -> int:
    """Puts the sample's files into the landing folder, if no lakehouse was made yet.

    Args:
        declaration: What the retailer declares.
        late: Whether to put only the late files there, or only the others; None for all.

    Returns:
        How many files were put there.
    """
    from sales_pipeline.engines.spark_session import open_engine
    from sales_pipeline.lakehouse.ops_tables import RUNS
    from sales_pipeline.sample import place_sample

    with closing(open_engine(declaration)) as engine:
        if engine.exists(RUNS.name):
            return 0
    return _placed(place_sample(Path(declaration.landing), late=late), declaration)


def _placed(files: Sequence[str], declaration: Declaration) -> int:
    if files:
        say(f"sample: {counted(len(files), 'file')} put into {declaration.landing}")
    return len(files)


def _close_the_sample(declaration: Declaration, *, wait: float) -> None:
    """Closes the last month of the sample, and puts the files there that come late for it."""
    from sales_pipeline.operations.closing import close
    from sales_pipeline.report.closing_reports import closed_text
    from sales_pipeline.sample import CLOSED, place_sample

    show(closed_text(close(declaration, [CLOSED], wait_seconds=wait)))
    show("")
    _placed(place_sample(Path(declaration.landing), late=True), declaration)


class Verb(Protocol):
    """A function that runs the pipeline and reports its progress."""

    def __call__(
        self, declaration: Declaration, /, *, progress: Progress, wait_seconds: float
    ) -> RunReport:
        """Runs for a retailer."""


def run_and_tell(
    declaration: Declaration,
    verb: Verb,
    shared: Running,
    *,
    answers: bool = False,
    as_json: bool = False,
) -> int:
    """Runs, prints the report, with `answers` the four answers too, and returns the exit code."""
    with (
        stopped_by_signals(),
        progress_on_stderr() as on_stderr,
        profiled(on_stderr, is_asked=shared.profile) as (progress, profile),
    ):
        report = verb(declaration, progress=progress, wait_seconds=shared.wait)
    # Each of these imports takes time, so a run imports only what it needs.
    from sales_pipeline.report.run import run_document, run_text

    if as_json:
        document = run_document(report)
        if profile is not None:
            from sales_pipeline.report.profile import profile_document

            document["profile"] = profile_document(profile)
        if answers:
            document["answers"] = _answers_document(declaration)
        show_json(document)
        return report.exit_code
    if profile is not None:
        from sales_pipeline.report.profile import profile_text

        show(profile_text(profile))
    show(run_text(report))
    if answers:
        show("")
        show(_answers_text(declaration))
    return report.exit_code


def _answers_text(declaration: Declaration) -> RenderableType:
    from sales_pipeline.report.answers_of_run import Asked
    from sales_pipeline.report.answers_of_run import answers as answers_of_run
    from sales_pipeline.report.answers_text import SHOWN_PRODUCTS, answers_text

    return answers_text(answers_of_run(declaration, Asked(top=SHOWN_PRODUCTS)), list(Question))


def _answers_document(declaration: Declaration) -> dict[str, Any]:
    from sales_pipeline.report.answers_document import answers_document
    from sales_pipeline.report.answers_of_run import Asked
    from sales_pipeline.report.answers_of_run import answers as answers_of_run

    return answers_document(answers_of_run(declaration, Asked(top=None)), list(Question))
