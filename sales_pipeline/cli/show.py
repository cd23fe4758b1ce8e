"""`sales-pipeline show`: the four answers, or one of them."""

from __future__ import annotations

import re
from datetime import date
from functools import partial
from typing import Annotated

import typer

from sales_pipeline.cli.options import JsonOption, Shared, check_one_form
from sales_pipeline.cli.screen import show_report
from sales_pipeline.errors import UsageError
from sales_pipeline.report.questions import Question

EXAMPLE = """\b
Examples:
  sales-pipeline show
  sales-pipeline show stores --month 2025-12
  sales-pipeline show volume --store paris --top 5
  sales-pipeline show value --csv > best_sellers.csv
  sales-pipeline show global --run 20250131T060000-1a2b3c
"""

_MONTH = re.compile("[0-9]{4}-[0-9]{2}")


def month_from(text: str) -> date:
    """Returns the first day of a month written as 2025-01.

    Raises:
        BadParameter: It is not written so.
    """
    try:
        return date.fromisoformat(f"{text if _MONTH.fullmatch(text) else ''}-01")
    except ValueError:
        raise typer.BadParameter(f"not a month, got {text!r}; write one such as 2025-01") from None


def show(
    question: Annotated[
        Question | None,
        typer.Argument(
            metavar="ANSWER",
            help="global: revenue per month. stores: revenue per month and store. "
            "volume: best sellers by units. value: best sellers by revenue. Without it: all.",
        ),
    ] = None,
    *,
    month: Annotated[
        date | None,
        typer.Option(
            "--month", metavar="YYYY-MM", parser=month_from, help="Count only this month."
        ),
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", metavar="ID", help="Count only this store.")
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            "--top",
            metavar="N",
            min=1,
            help="How many products the rankings hold: 10 on the screen, all in JSON and CSV.",
        ),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            "--run",
            metavar="RUN",
            help="Show what this run left, by its id from `history`. Without it: the last run.",
        ),
    ] = None,
    as_json: JsonOption = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print one answer as CSV for a spreadsheet.")
    ] = False,
    shared: Shared,
) -> None:
    """Shows the four answers, or one of them.

    They are as the last finished run left them, one consistent set, also while a run works or
    after one was killed; `--run` shows what another run left. Every revenue is in the base
    currency, exact to the end and rounded half up once.
    """
    check_one_form(as_json=as_json, as_csv=as_csv)
    if as_csv and question is None:
        raise UsageError(f"--csv: holds one answer, got none. Do: name {' or '.join(Question)}")
    declaration = shared.declaration()
    # Arrow and delta-rs come with these imports, and --help must not wait for them.
    from sales_pipeline.report.answers import (
        SHOWN_PRODUCTS,
        answer_csv,
        answers_document,
        answers_text,
    )
    from sales_pipeline.report.answers_of_run import answers

    questions = list(Question) if question is None else [question]
    shown = top if as_json or as_csv else top or SHOWN_PRODUCTS
    sales_answers = answers(declaration, month=month, store=store, top=shown, run=run)
    show_report(
        sales_answers,
        partial(answers_document, questions=questions),
        partial(answers_text, questions=questions),
        as_json=as_json,
        csv=partial(answer_csv, question=questions[0]) if as_csv else None,
    )
