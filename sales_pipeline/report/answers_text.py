"""The four answers as tables on a terminal, each figure beside its change; 80 columns wide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.analysis.comparison import TWELVE_MONTHS, YEAR_TO_DATE
from sales_pipeline.analysis.parts import adding_up
from sales_pipeline.report.answers import Answers, Before, Line, PeriodRevenue, StoreRevenue
from sales_pipeline.report.closed_months import closing_lines
from sales_pipeline.report.figures import grouped, percent, share_bar, signed
from sales_pipeline.report.fitting_table import FittingTable
from sales_pipeline.report.layout import cell, titled
from sales_pipeline.report.questions import Question
from sales_pipeline.report.rankings_text import ranking
from sales_pipeline.report.remarks import (
    gross_line,
    length_of,
    not_over_lines,
    title_of,
    total_before_lines,
)
from sales_pipeline.report.tax_basis import basis_lines

SHOWN_PRODUCTS = 10
"""How many products a ranking shows on a terminal, unless `--top` says otherwise."""
_TO_DATE = {YEAR_TO_DATE: "To date", TWELVE_MONTHS: "12 months"}
"""Short names, so that millions fit into 80 columns."""


@dataclass(frozen=True)
class Shown:
    """Options of the tables: the figures that they show besides the plain ones.

    Attributes:
        constant_currency: The change at constant exchange rates, and what the rates changed.
        like_for_like: Comparable stores, and new, closed or interrupted stores.
    """

    constant_currency: bool = False
    like_for_like: bool = False


def answers_text(
    answers: Answers, questions: Sequence[Question], shown: Shown | None = None
) -> RenderableType:
    """Returns the answers to some questions, one table each."""
    if not answers.global_performance:
        return Text("No sales yet.")
    options = shown or Shown()
    tables: dict[Question, Callable[[Answers, Shown], Group]] = {
        Question.GLOBAL: _global_performance,
        Question.STORES: _store_performance,
        Question.VOLUME: lambda of, _: ranking(of, Question.VOLUME),
        Question.VALUE: lambda of, _: ranking(of, Question.VALUE),
    }
    parts: list[RenderableType] = [tables[question](answers, options) for question in questions]
    if options.like_for_like and {*questions} & {Question.GLOBAL, Question.STORES}:
        parts.append(_like_for_like(answers))
    closings = closing_lines(answers.closings, answers.currency, as_closed=answers.as_closed)
    return Group(*parts, *closings, *basis_lines(answers.tax))


def _global_performance(answers: Answers, options: Shown) -> Group:
    rows = [*answers.global_performance, *answers.to_date]
    has_before = any(row.before for row in rows)
    revenue = f"Revenue {answers.currency}"
    compared = _compared_headers(options) if has_before else ()
    table = FittingTable(
        (length_of(answers).capitalize(), revenue, *compared),
        right=(revenue, *compared),
        below=(("Before", revenue), ("Currency", "Local growth"), ("Change %", "Change")),
    )

    def add(name: str, row: PeriodRevenue) -> None:
        table.add_row(name, grouped(row.revenue), *_change(row.before, options, compared))

    for row in answers.global_performance:
        add(_period(row), row)
    total = answers.total
    if total is not None and len(answers.global_performance) > 1:
        table.add_section()
        add("Total" + _mark(total), total)
    for row in answers.to_date if has_before else ():
        add(_period(row), row)
    remark = _remark(answers, total, options)
    return titled(title_of(answers, Question.GLOBAL), table, remark=remark)


def _compared_headers(options: Shown) -> tuple[str, ...]:
    if options.constant_currency:
        return ("Before", "Local growth", "Currency", "Local %")
    return ("Before", "Change", "Change %")


def _change(before: Before | None, options: Shown, headers: Sequence[str]) -> tuple[str, ...]:
    """The cells of the compared figures, under their headers."""
    if before is None:
        return ("",) * len(headers)
    revenue = grouped(before.revenue)
    if options.constant_currency:
        parts = (signed(before.local_growth), signed(before.currency_effect))
        return (revenue, *parts, percent(before.constant_growth, sign=True))
    return (revenue, signed(before.change), percent(before.growth, sign=True))


def _period(row: Line) -> str:
    return _TO_DATE.get(row.period, row.period) + _mark(row)


def _mark(row: Line) -> str:
    """The mark of a period that is not over."""
    return "" if row.is_over else "*"


def _remark(answers: Answers, total: PeriodRevenue | None, options: Shown) -> str:
    lines = [] if total is None else [gross_line(total, answers.currency)]
    lines += [*total_before_lines(answers, total), *not_over_lines(answers)]
    return "\n".join([*lines, *(_constant_rates(answers) if options.constant_currency else [])])


def _constant_rates(answers: Answers) -> list[str]:
    """The method of constant exchange rates: for each source of rates, the currencies it is of."""
    if not answers.constant_rates:
        return []
    by_source: dict[str, list[str]] = {}
    for currency, source in answers.constant_rates.items():
        by_source.setdefault(source, []).append(currency)
    return [
        "Local growth is at the exchange rates of the compared period. The rate of",
        *(f"  {', '.join(codes)} is {source}" for source, codes in by_source.items()),
    ]


def _store_performance(answers: Answers, options: Shown) -> Group:
    revenue = f"Revenue {answers.currency}"
    rows = answers.store_performance
    has_before = any(row.before for row in rows)
    compared = _compared_headers(options)[1:] if has_before else ("",)
    table = FittingTable(
        (length_of(answers).capitalize(), "#", "Store", "City", revenue, "Share", *compared),
        right=("#", revenue, "Share", *(compared if has_before else ())),
        fold=("Store", "City"),
        below=(
            ("Currency", "Local growth"),
            ("City", "Store"),
            (compared[-1], "Share"),
            (compared[0], revenue),
        ),
    )
    shares = _shares(rows)
    previous = ""
    for row in rows:
        change = _change(row.before, options, ("", *compared))[1:]
        table.add_row(
            "" if row.period == previous else _period(row),
            "" if row.rank is None else str(row.rank),
            cell(row.name or row.store),
            cell(", ".join(part for part in (row.city, row.country) if part)),
            grouped(row.revenue),
            shares.get((row.period, row.store), ""),
            *(change if has_before else [Text(_bar(row.share), style="cyan")]),
        )
        previous = row.period
    total = answers.stores_total
    if total is not None and len(rows) > 1:
        change = _change(total.before, options, ("", *compared))[1:]
        table.add_section()
        name = "Total" + _mark(total)
        table.add_row(
            name, "", "", "", grouped(total.revenue), "", *(change if has_before else [""])
        )
    remark = _remark(answers, total, options)
    return titled(title_of(answers, Question.STORES), table, remark=remark)


def _shares(rows: Sequence[StoreRevenue]) -> dict[tuple[str, str], str]:
    """Period and store -> its share as shown; the shares of a whole period add up to 100.0%."""
    shown: dict[tuple[str, str], str] = {}
    for period, of_period in groupby(rows, key=lambda row: row.period):
        shares = {row.store: row.share for row in of_period if row.share is not None}
        if sum(shares.values()) == 1:
            parts = [share * 100 for share in shares.values()]
            percents = adding_up(parts, Decimal("100.0"), 1)
            texts = [f"{share}%" for share in percents]
        else:
            texts = [percent(share) for share in shares.values()]
        shown |= {(period, store): text for store, text in zip(shares, texts, strict=True)}
    return shown


def _bar(share: Fraction | None) -> str:
    return "" if share is None else share_bar(Decimal(share.numerator) / share.denominator)


def _like_for_like(answers: Answers) -> Group:
    revenue = f"Revenue {answers.currency}"
    figures = ("Stores", revenue, "Before", "Change", "Change %")
    table = FittingTable(
        (length_of(answers).capitalize(), "Trading", *figures),
        right=figures,
        below=(("Before", revenue), ("Change %", "Change")),
    )
    previous = ""
    for row in answers.like_for_like:
        table.add_row(
            "" if row.period == previous else _period(row),
            row.trading,
            f"{row.stores:,}",
            grouped(row.revenue),
            *_change(row.before, Shown(), figures[2:]),
        )
        previous = row.period
    total = answers.like_for_like_total
    if total is not None and len(answers.like_for_like) > 1:
        table.add_section()
        cells = _change(total.before, Shown(), figures[2:])
        table.add_row("Total" + _mark(total), "", "", grouped(total.revenue), *cells)
    remark = ["No period has one to compare with."]
    if answers.like_for_like:
        remark = [
            *total_before_lines(answers, total),
            *not_over_lines(answers),
            "Comparable stores traded through the whole of both periods.",
        ]
    return titled("Like for like: stores by how they traded", table, remark="\n".join(remark))
