"""Runs, and tells: progress on stderr meanwhile, the report on stdout at the end."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from sales_pipeline import decisions, pipeline, upkeep
from sales_pipeline.cli.progress import progress_on_stderr
from sales_pipeline.cli.screen import say, show, show_json
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.tables import RUNS
from sales_pipeline.mending.replay import replay
from sales_pipeline.outcome import RunReport
from sales_pipeline.report.answers import Answers, answers
from sales_pipeline.report.answers_json import answers_document
from sales_pipeline.report.answers_text import SHOWN_PRODUCTS, answers_text
from sales_pipeline.report.questions import Question
from sales_pipeline.report.run_json import run_document
from sales_pipeline.report.run_text import run_text
from sales_pipeline.sample import place_sample


def place_sample_files(declaration: Declaration) -> None:
    """Puts the sample's files into the landing folder, where no lakehouse was made yet."""
    with closing(open_engine(Path(declaration.lakehouse))) as engine:
        if engine.exists(RUNS.name):
            return
    placed = place_sample(Path(declaration.landing))
    if placed:
        say(f"sample: {counted(len(placed), 'file')} put into {declaration.landing}")


def run_and_tell(
    declaration: Declaration,
    *,
    wait: float = 0,
    rejudge: Collection[str] = (),
    answers: bool = False,
    as_json: bool = False,
) -> int:
    """Runs and prints the report; returns the exit code.

    Args:
        declaration: What the retailer declares.
        wait: Seconds to wait for another run.
        rejudge: Feeds whose records are judged again.
        answers: Whether the four answers follow.
        as_json: Whether it is all one JSON document.
    """
    with progress_on_stderr() as progress:
        report = pipeline.run(declaration, progress=progress, wait_seconds=wait, rejudge=rejudge)
    return tell(declaration, report, answers=answers, as_json=as_json)


def accept_and_tell(
    declaration: Declaration, file: str, *, wait: float = 0, as_json: bool = False
) -> int:
    """Accepts a held correction and prints the report; returns the exit code."""
    with progress_on_stderr() as progress:
        report = decisions.accept(declaration, file, progress=progress, wait_seconds=wait)
    return tell(declaration, report, answers=False, as_json=as_json)


def withdraw_and_tell(
    declaration: Declaration, file: str, *, wait: float = 0, as_json: bool = False
) -> int:
    """Withdraws a file and prints the report; returns the exit code."""
    with progress_on_stderr() as progress:
        report = decisions.withdraw(declaration, file, progress=progress, wait_seconds=wait)
    return tell(declaration, report, answers=False, as_json=as_json)


def replay_and_tell(
    declaration: Declaration, file: Path, *, wait: float = 0, as_json: bool = False
) -> int:
    """Replays mended records and prints the report; returns the exit code."""
    with progress_on_stderr() as progress:
        report = replay(declaration, file, progress=progress, wait_seconds=wait)
    return tell(declaration, report, answers=False, as_json=as_json)


def rebuild_and_tell(declaration: Declaration, *, wait: float = 0, as_json: bool = False) -> int:
    """Rebuilds and prints the report; returns the exit code."""
    with progress_on_stderr() as progress:
        report = upkeep.rebuild(declaration, progress=progress, wait_seconds=wait)
    return tell(declaration, report, as_json=as_json)


def tell(
    declaration: Declaration, report: RunReport, *, answers: bool = False, as_json: bool = False
) -> int:
    """Prints what a run did and, where they are asked for, the four answers."""
    found = _answers(declaration, as_json=as_json) if answers else None
    questions = list(Question)
    if as_json:
        also = {} if found is None else {"answers": answers_document(found, questions)}
        show_json(run_document(report) | also)
    else:
        show(run_text(report))
        if found is not None:
            show("")
            show(answers_text(found, questions))
    return report.exit_code


def _answers(declaration: Declaration, *, as_json: bool) -> Answers:
    return answers(declaration, top=None if as_json else SHOWN_PRODUCTS)
