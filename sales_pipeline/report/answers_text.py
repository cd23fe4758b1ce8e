"""The four answers as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sales_pipeline.report.answer_rows import ProductByValue, ProductByVolume
from sales_pipeline.report.answers import Answers
from sales_pipeline.report.figures import grouped, month_text, share_bar, without_end_zeros
from sales_pipeline.report.questions import Question
from sales_pipeline.report.tables import cell, new_table, titled

SHOWN_PRODUCTS = 10
"""How many products a ranking shows on a terminal, unless `--top` says otherwise."""


def answers_text(found: Answers, questions: Sequence[Question]) -> RenderableType:
    """Returns the answers to some questions, one table each."""
    if not found.global_performance:
        return Text("No sales yet.")
    make = {
        Question.GLOBAL: _global_performance,
        Question.STORES: _store_performance,
        Question.VOLUME: _best_by_volume,
        Question.VALUE: _best_by_value,
    }
    return Group(*(make[question](found) for question in questions))


def _global_performance(found: Answers) -> Group:
    table = new_table()
    table.add_column("Month")
    table.add_column(f"Revenue {found.currency}", justify="right")
    for row in found.global_performance:
        table.add_row(month_text(row.month), grouped(row.revenue))
    return titled(_title(found, Question.GLOBAL), table)


def _store_performance(found: Answers) -> Group:
    table = new_table()
    table.add_column("Month")
    table.add_column("Rank", justify="right")
    for header in ("Store", "City"):
        table.add_column(header, overflow="fold")
    for header in (f"Revenue {found.currency}", "Share"):
        table.add_column(header, justify="right")
    table.add_column("")
    totals = _totals_per_month(found)
    before: date | None = None
    for row in found.store_performance:
        share = _share(row.revenue, totals.get(row.month))
        month = "" if row.month == before else month_text(row.month)
        before = row.month
        table.add_row(
            month,
            str(row.rank),
            cell(row.name or row.store),
            cell(_city(row.city, row.country)),
            grouped(row.revenue),
            "" if share is None else f"{share:.1%}",
            "" if share is None else Text(share_bar(share), style="cyan"),
        )
    return titled(_title(found, Question.STORES), table)


def _best_by_volume(found: Answers) -> Group:
    table = _ranking()
    for header in ("Units", f"Revenue {found.currency}"):
        table.add_column(header, justify="right")
    for row in found.best_by_volume:
        table.add_row(*_place(row), _units(row.units), grouped(row.revenue))
    return titled(_title(found, Question.VOLUME), table, remark=_remark(found))


def _best_by_value(found: Answers) -> Group:
    table = _ranking()
    for header in (f"Revenue {found.currency}", "Units"):
        table.add_column(header, justify="right")
    for row in found.best_by_value:
        table.add_row(*_place(row), grouped(row.revenue), _units(row.units))
    return titled(_title(found, Question.VALUE), table, remark=_remark(found))


def _ranking() -> Table:
    table = new_table()
    table.add_column("Rank", justify="right")
    for header in ("Product", "Category"):
        table.add_column(header, overflow="fold")
    return table


def _remark(found: Answers) -> str:
    shown = len(found.best_by_volume)
    if shown == found.products:
        return ""
    return f"{shown:,} of {found.products:,} products; --top shows more."


def _place(row: ProductByVolume | ProductByValue) -> tuple[str, Text, Text]:
    return str(row.rank), cell(row.product), cell(row.category)


def _title(found: Answers, question: Question) -> str:
    month = None if found.month is None else month_text(found.month)
    chosen = [each for each in (found.store, month) if each is not None]
    return ", ".join([question.heading, *chosen])


def _totals_per_month(found: Answers) -> dict[date, Decimal]:
    """The shown revenue of each month over its stores, where shares of it make sense."""
    revenues: dict[date, list[Decimal]] = {}
    for row in found.store_performance:
        revenues.setdefault(row.month, []).append(row.revenue)
    compared = found.store is None
    return {
        month: sum(each, Decimal(0))
        for month, each in revenues.items()
        if compared and min(each) >= 0 and any(each)
    }


def _share(revenue: Decimal, total: Decimal | None) -> Decimal | None:
    return None if total is None else revenue / total


def _city(city: str | None, country: str | None) -> str:
    return ", ".join(part for part in (city, country) if part)


def _units(units: Decimal) -> str:
    return grouped(without_end_zeros(units))
