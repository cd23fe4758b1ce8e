"""`sales-pipeline show`: the four answers, or one of them."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated

import typer

from sales_pipeline.analysis.periods import By, Compare, ToDate, span_of
from sales_pipeline.cli.options import JsonOption, Shared, check_one_form
from sales_pipeline.cli.sales_options import (
    AsClosedOption,
    CategoryOption,
    RunOption,
    StoreOption,
    check_days,
    first_day_from,
    last_day_from,
    month_from,
)
from sales_pipeline.cli.screen import show_report
from sales_pipeline.errors import UsageError
from sales_pipeline.report.questions import Question

EXAMPLE = """\b
Examples:
  sales-pipeline show
  sales-pipeline show months --by quarter --constant-currency
  sales-pipeline show stores --month 2025-12 --like-for-like
  sales-pipeline show volume --store paris --top 5
  sales-pipeline show stores --to-date year
  sales-pipeline show value --from 2025-07 --to 2025-12 --csv > best_sellers.csv
  sales-pipeline show global --as-closed
  sales-pipeline show global --run 20250131T060000-1a2b3c
"""

_ALSO = {"months": Question.GLOBAL}
"""Other words for a question."""


def question_from(text: str) -> Question:
    """Returns the question that a word asks.

    Raises:
        BadParameter: It asks none.
    """
    if text in _ALSO or text in {*Question}:
        return _ALSO.get(text) or Question(text)
    words = ", ".join([*Question, *_ALSO])
    raise typer.BadParameter(f"not an answer, got {text!r}; write one of {words}")


def show(
    question: Annotated[
        Question | None,
        typer.Argument(
            metavar="ANSWER",
            parser=question_from,
            help="global or months: revenue per month. stores: revenue per month and store. "
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
    first: Annotated[
        date | None,
        typer.Option(
            "--from",
            metavar="DAY",
            parser=first_day_from,
            help="Count from this day or month on, such as 2025-07-01 or 2025-07.",
        ),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option(
            "--to",
            metavar="DAY",
            parser=last_day_from,
            help="Count up to this day or month, it included.",
        ),
    ] = None,
    to_date: Annotated[
        ToDate | None,
        typer.Option(
            "--to-date",
            help="Count the year to date or the last 12 months as one period, up to --month, --to "
            "or the last month with sales.",
        ),
    ] = None,
    by: Annotated[
        By | None,
        typer.Option("--by", help="The length of the periods.", show_default=str(By.MONTH)),
    ] = None,
    compare: Annotated[
        Compare,
        typer.Option(
            "--compare",
            help="What each figure is compared with: the same period of the year before, the "
            "period before, or none.",
        ),
    ] = Compare.YEAR,
    constant_currency: Annotated[
        bool,
        typer.Option(
            "--constant-currency",
            help="Divide each change into growth at the exchange rates of the compared period, "
            "and what the rates changed.",
        ),
    ] = False,
    like_for_like: Annotated[
        bool,
        typer.Option(
            "--like-for-like",
            help="Also show stores that traded through both periods apart from those that are "
            "new, closed or interrupted; with --csv, these groups in place of the answer.",
        ),
    ] = False,
    store: StoreOption = None,
    category: CategoryOption = None,
    categories: Annotated[
        bool, typer.Option("--categories", help="Rank categories in place of products.")
    ] = False,
    top: Annotated[
        int | None,
        typer.Option(
            "--top",
            metavar="N",
            min=1,
            help="How many products the rankings hold: 10 on the screen, all in JSON and CSV.",
        ),
    ] = None,
    bottom: Annotated[
        int | None,
        typer.Option(
            "--bottom", metavar="N", min=1, help="Show the last products of the rankings instead."
        ),
    ] = None,
    as_closed: AsClosedOption = False,
    run: RunOption = None,
    as_json: JsonOption = False,
    as_csv: Annotated[
        bool,
        typer.Option(
            "--csv",
            help="Print one answer as CSV for a spreadsheet. Its rows add up, so it has no total "
            "and no year to date, which --json and --to-date have.",
        ),
    ] = False,
    shared: Shared,
) -> None:
    """Shows the four answers, or one of them, and their change.

    They are as the last finished run left them, one consistent set, also while a run works or
    after one was killed; `--run` shows what another run left. If a closed month was restated
    since, the lines below the answers say by how much and why; `--as-closed` shows it as it was
    closed. Every revenue is in the base currency, exact to the end and rounded half up once.
    docs/figures.md has the formulas.
    """
    check_one_form(as_json=as_json, as_csv=as_csv)
    if as_csv and question is None:
        raise UsageError(f"--csv: holds one answer, got none. Do: name {' or '.join(Question)}")
    if like_for_like and question in (Question.VOLUME, Question.VALUE):
        raise UsageError(
            f"--like-for-like: is about stores, got {question}. Do: sales-pipeline show stores "
            "--like-for-like"
        )
    if month is not None and (first or last):
        raise UsageError("--month: not together with --from or --to. Do: keep one of them")
    if to_date and (first or by or compare is Compare.PERIOD):
        raise UsageError(
            "--to-date: is one period that begins by itself, compared with the same days a year "
            "before. Do: leave out --from, --by and --compare period"
        )
    check_days(first, last)
    if month is not None:
        first, last = month, span_of(month).last
    declaration = shared.declaration()
    from sales_pipeline.analysis.ranking import Kind
    from sales_pipeline.report.answers_document import (
        answer_csv,
        answers_document,
        like_for_like_csv,
    )
    from sales_pipeline.report.answers_of_run import Asked, answers
    from sales_pipeline.report.answers_text import SHOWN_PRODUCTS, Shown, answers_text

    questions = list(Question) if question is None else [question]
    asked = Asked(
        first=first,
        last=last,
        by=by or By.MONTH,
        to_date=to_date,
        compare=compare,
        store=store,
        category=category,
        kind=Kind.CATEGORY if categories else Kind.PRODUCT,
        top=top if as_json or as_csv else top or SHOWN_PRODUCTS,
        bottom=bottom,
        questions=tuple(questions),
        as_closed=as_closed,
    )
    shown = Shown(constant_currency=constant_currency, like_for_like=like_for_like)
    csv = like_for_like_csv if like_for_like else partial(answer_csv, question=questions[0])
    show_report(
        answers(declaration, asked, run=run),
        partial(answers_document, questions=questions, like_for_like=like_for_like),
        partial(answers_text, questions=questions, shown=shown),
        as_json=as_json,
        csv=csv if as_csv else None,
    )
