"""Text above and below the tables of the answers: titles, days so far, gross and returns."""

from __future__ import annotations

from datetime import date

from sales_pipeline.analysis.periods import Compare
from sales_pipeline.report.answers import Answers, PeriodRevenue, RankingTotal
from sales_pipeline.report.figures import grouped, percent
from sales_pipeline.report.questions import Question


def title_of(answers: Answers, question: Question) -> str:
    """Returns the title of an answer, with what was chosen."""
    heading = question.heading(length_of(answers))
    return ", ".join(filter(None, (heading, answers.store, answers.category, answers.period)))


def length_of(answers: Answers) -> str:
    """Returns the length of the periods, in a word."""
    return answers.by or "period"


def not_over_lines(answers: Answers) -> list[str]:
    """Returns the days that count of each period that is not over."""
    rows = [row for row in answers.global_performance if not row.is_over]
    return [
        f"* {_so_far(row.first_day, row.last_day, is_compared=row.before is not None)}"
        for row in rows
    ]


def not_over_line(answers: Answers) -> list[str]:
    """Returns the days that count if the whole range is not over, as a list."""
    total = answers.total
    if total is None or total.is_over:
        return []
    is_compared = answers.compared_with is not None
    return [_so_far(total.first_day, total.last_day, is_compared=is_compared).capitalize()]


def _so_far(first: date, last: date, *, is_compared: bool) -> str:
    compared = ", compared with the same days" if is_compared else ""
    return f"not over: {first} to {last}{compared}."


def total_before_lines(answers: Answers, total: PeriodRevenue | None) -> list[str]:
    """Returns what a total is compared with if that is not what its lines are, as a list.

    Periods that are compared with the ones before them overlap, so the changes do not add up.
    """
    is_several = len(answers.global_performance) > 1
    if total is None or total.before is None or not is_several:
        return []
    if answers.compare is not Compare.PERIOD:
        return []
    return [f"The total is compared with {total.before.period}, not with the sum of those above."]


def gross_line(total: PeriodRevenue | RankingTotal, currency: str) -> str:
    """Returns what was sold, what of it came back, and what is left of it, in one line."""
    share = f" ({percent(total.return_share)} of it)" if total.return_share is not None else ""
    return (
        f"Gross {grouped(total.gross)}, returns {grouped(total.returns)}{share}, "
        f"net {grouped(total.revenue)} {currency}."
    )
