"""Runs the pipeline for a command: progress on stderr meanwhile, the report on stdout at the end.

Spark comes with the imports of this module, so commands import it when they are called.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Protocol

from sales_pipeline.cli.progress import progress_on_stderr
from sales_pipeline.cli.screen import say, show, show_json
from sales_pipeline.cli.stopping import stopped_by_signals
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.tables import RUNS
from sales_pipeline.report.answers import SHOWN_PRODUCTS, answers_document, answers_text
from sales_pipeline.report.answers_of_run import answers as answers_of_run
from sales_pipeline.report.questions import Question
from sales_pipeline.report.run import run_document, run_text
from sales_pipeline.run_report import Progress, RunReport
from sales_pipeline.sample import place_sample


def place_sample_files(declaration: Declaration) -> None:
    """Puts the sample's files into the landing folder, if no lakehouse was made yet."""
    with closing(open_engine(declaration)) as engine:
        if engine.exists(RUNS.name):
            return
    placed = place_sample(Path(declaration.landing))
    if placed:
        say(f"sample: {counted(len(placed), 'file')} put into {declaration.landing}")


class Verb(Protocol):
    """A function that runs the pipeline and reports its progress."""

    def __call__(
        self, declaration: Declaration, /, *, progress: Progress, wait_seconds: float
    ) -> RunReport:
        """Runs for a retailer."""


def run_and_tell(
    declaration: Declaration,
    verb: Verb,
    *,
    wait: float = 0,
    answers: bool = False,
    as_json: bool = False,
) -> int:
    """Runs and prints the report; returns the exit code.

    Args:
        declaration: What the retailer declares.
        verb: The function that runs, such as `upkeep.rebuild`.
        wait: Seconds to wait for another run.
        answers: Whether the four answers follow.
        as_json: Whether it is all one JSON document.
    """
    with stopped_by_signals(), progress_on_stderr() as progress:
        report = verb(declaration, progress=progress, wait_seconds=wait)
    shown = None
    if answers:
        shown = answers_of_run(declaration, top=None if as_json else SHOWN_PRODUCTS)
    questions = list(Question)
    if as_json:
        more = {} if shown is None else {"answers": answers_document(shown, questions)}
        show_json(run_document(report) | more)
    else:
        show(run_text(report))
        if shown is not None:
            show("")
            show(answers_text(shown, questions))
    return report.exit_code
