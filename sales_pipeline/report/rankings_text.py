"""The best sellers as a table on a terminal: the ranked figure first, then the other one."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from sales_pipeline.analysis.ranking import Kind
from sales_pipeline.report.answers import Answers, Product, RankingTotal
from sales_pipeline.report.figures import grouped, percent, quantity
from sales_pipeline.report.fitting_table import FittingTable
from sales_pipeline.report.layout import cell, titled
from sales_pipeline.report.questions import Question
from sales_pipeline.report.remarks import gross_line, not_over_line, title_of

_NAMED = 5
"""How many products that sold in the compared range only are named."""


def ranking(answers: Answers, question: Question) -> Group:
    """Returns the best sellers by units or by revenue, with a total of all of them."""
    is_volume = question is Question.VOLUME
    rows = answers.best_by_volume if is_volume else answers.best_by_value
    total = answers.volume_total if is_volume else answers.value_total
    names = ("Product", "Category") if answers.kind is Kind.PRODUCT else ("Category",)
    revenue = f"Revenue {answers.currency}"
    figures = ("Units", revenue) if is_volume else (revenue, "Units")
    compared = ("Was", "Change") if answers.compared_with else ()
    headers = ("Rank", *names, *figures, "Share", "Cum.", "Class", *compared)
    table = FittingTable(
        headers,
        right=("Rank", *figures, "Share", "Cum.", *compared),
        fold=names,
        below=(("Cum.", "Share"), (figures[1], figures[0]), ("Category", "Product")),
    )
    for row in rows:
        cells = (*_product(answers, row), *_figures(row, question), *_place(answers, row))
        table.add_row(*cells)
    if total is not None and total.products > 1:
        table.add_section()
        name = "Total" if len(rows) == total.products else f"All {total.products:,}"
        blank = ("",) * (len(names) - 1)
        growth = ("", percent(total.growth, sign=True)) if compared else ()
        table.add_row("", name, *blank, *_figures(total, question), "", "", "", *growth)
    remark = _remark(answers, rows, total)
    return titled(title_of(answers, question), table, remark="\n".join(remark))


def _figures(row: Product | RankingTotal, question: Question) -> tuple[str, str]:
    units, revenue = quantity(row.units), grouped(row.revenue)
    return (units, revenue) if question is Question.VOLUME else (revenue, units)


def _product(answers: Answers, row: Product) -> tuple[str | Text, ...]:
    if answers.kind is Kind.CATEGORY:
        return str(row.rank), cell(row.product or "without a category")
    return str(row.rank), cell(row.product), cell(row.category)


def _place(answers: Answers, row: Product) -> tuple[str, ...]:
    """The shares and the class; the place in the compared range, and the change from it."""
    places = (percent(row.share), percent(row.cumulative_share), row.abc)
    if not answers.compared_with:
        return places
    was = "new" if row.rank_before is None else str(row.rank_before)
    return (*places, was, percent(row.growth, sign=True))


def _remark(
    answers: Answers,
    rows: Sequence[Product],
    total: RankingTotal | None,
) -> list[str]:
    lines = [] if total is None else [gross_line(total, answers.currency)]
    lines += not_over_line(answers)
    what = "products" if answers.kind is Kind.PRODUCT else "categories"
    if len(rows) != answers.products:
        lines.append(f"{len(rows):,} of {answers.products:,} {what}; --top shows more.")
    if answers.compared_with:
        lines.append(f"Was and change are against {answers.compared_with}.")
    if answers.left:
        names = ", ".join(row.product for row in answers.left[:_NAMED])
        more = f" and {len(answers.left) - _NAMED:,} more" if len(answers.left) > _NAMED else ""
        lines.append(f"Sold in {answers.compared_with} and not any more: {names}{more}.")
    return lines
