"""The four answers as tables on a terminal, each figure beside its change; 80 columns wide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sales_pipeline.analysis.comparison import TWELVE_MONTHS, YEAR_TO_DATE
from sales_pipeline.analysis.parts import adding_up
from sales_pipeline.analysis.ranking import Kind
from sales_pipeline.report.answers import (
    Answers,
    Before,
    PeriodRevenue,
    ProductByValue,
    ProductByVolume,
    StoreRevenue,
)
from sales_pipeline.report.closed_months import closing_lines
from sales_pipeline.report.figures import (
    grouped,
    percent,
    share_bar,
    signed,
    without_end_zeros,
)
from sales_pipeline.report.layout import cell, new_table, titled
from sales_pipeline.report.questions import Question
from sales_pipeline.report.tax_basis import basis_lines

SHOWN_PRODUCTS = 10
"""How many products a ranking shows on a terminal, unless `--top` says otherwise."""
_LINES = 5
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
        Question.VOLUME: _best_by_volume,
        Question.VALUE: _best_by_value,
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
    table = new_table(_length(answers).capitalize(), revenue, *compared, right=[revenue, *compared])
    for row in answers.global_performance:
        table.add_row(_period(row), grouped(row.revenue), *_change(row.before, options, compared))
    total = answers.total
    if total is not None and len(answers.global_performance) > 1:
        table.add_section()
        table.add_row("Total", grouped(total.revenue), *_change(total.before, options, compared))
    for row in answers.to_date:
        if has_before:
            cells = _change(row.before, options, compared)
            table.add_row(_named(row.period), grouped(row.revenue), *cells)
    return titled(_title(answers, Question.GLOBAL), table, remark=_method(answers, options))


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


def _period(row: PeriodRevenue) -> str:
    return _named(row.period) if row.is_over else f"{_named(row.period)}*"


def _named(period: str) -> str:
    return _TO_DATE.get(period, period)


def _method(answers: Answers, options: Shown) -> str:
    """Notes below a table: the days of an unfinished period, the rates."""
    lines = []
    for row in answers.global_performance:
        if not row.is_over:
            days = f"{row.first_day} to {row.last_day}"
            lines.append(f"* not over: {days}, compared with the same days.")
    if options.constant_currency:
        lines += _constant_rates(answers)
    return "\n".join(lines)


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
    has_before = any(row.before for row in answers.store_performance)
    last = ("Local %" if options.constant_currency else "Change %",) if has_before else ("",)
    headers = (_length(answers).capitalize(), "Rank", "Store", "City", revenue, "Share", *last)
    right = ["Rank", revenue, "Share", *(last if has_before else ())]
    table = new_table(*headers, right=right, fold=["Store", "City"])
    shares = _shares(answers.store_performance)
    previous = ""
    for row in answers.store_performance:
        growth = None
        if row.before is not None:
            is_constant = options.constant_currency
            growth = row.before.constant_growth if is_constant else row.before.growth
        table.add_row(
            "" if row.period == previous else _named(row.period),
            str(row.rank),
            cell(row.name or row.store),
            cell(", ".join(part for part in (row.city, row.country) if part)),
            grouped(row.revenue),
            shares.get((row.period, row.store), ""),
            percent(growth, sign=True) if has_before else Text(_bar(row.share), style="cyan"),
        )
        previous = row.period
    remark = "\n".join(_constant_rates(answers)) if options.constant_currency else ""
    return titled(_title(answers, Question.STORES), table, remark=remark)


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
    table = new_table(_length(answers).capitalize(), "Trading", *figures, right=figures)
    previous = ""
    for row in answers.like_for_like:
        table.add_row(
            "" if row.period == previous else _named(row.period),
            row.trading,
            f"{row.stores:,}",
            grouped(row.revenue),
            *_change(row.before, Shown(), figures[2:]),
        )
        previous = row.period
    remark = (
        "Comparable stores traded through the whole of both periods."
        if answers.like_for_like
        else "No period has one to compare with."
    )
    return titled("Like for like: stores by how they traded", table, remark=remark)


def _best_by_volume(answers: Answers, _: Shown) -> Group:
    table = _ranking(answers, "Units", f"Revenue {answers.currency}")
    for row in answers.best_by_volume:
        table.add_row(
            *_product(answers, row), _units(row.units), grouped(row.revenue), *_place(answers, row)
        )
    return titled(_title(answers, Question.VOLUME), table, remark=_remark(answers))


def _best_by_value(answers: Answers, _: Shown) -> Group:
    table = _ranking(answers, f"Revenue {answers.currency}", "Units")
    for row in answers.best_by_value:
        table.add_row(
            *_product(answers, row), grouped(row.revenue), _units(row.units), *_place(answers, row)
        )
    return titled(_title(answers, Question.VALUE), table, remark=_remark(answers))


def _ranking(answers: Answers, *figures: str) -> Table:
    texts = ("Product", "Category") if answers.kind is Kind.PRODUCT else ("Category",)
    before = ("Before",) if answers.compared_with else ()
    right = ["Rank", *figures, "Share", *before]
    return new_table("Rank", *texts, *figures, "Share", "Class", *before, right=right, fold=texts)


def _product(answers: Answers, row: ProductByVolume | ProductByValue) -> tuple[str | Text, ...]:
    if answers.kind is Kind.CATEGORY:
        return str(row.rank), cell(row.product or "without a category")
    return str(row.rank), cell(row.product), cell(row.category)


def _place(answers: Answers, row: ProductByVolume | ProductByValue) -> tuple[str, ...]:
    """The share, the class, and the place in the compared range."""
    places = (percent(row.share), row.abc)
    if not answers.compared_with:
        return places
    return (*places, "new" if row.rank_before is None else str(row.rank_before))


def _units(units: Decimal) -> str:
    return grouped(without_end_zeros(units))


def _remark(answers: Answers) -> str:
    shown = len(answers.best_by_volume)
    lines = []
    what = "products" if answers.kind is Kind.PRODUCT else "categories"
    if shown != answers.products:
        lines.append(f"{shown:,} of {answers.products:,} {what}; --top shows more.")
    if answers.left:
        names = ", ".join(row.product for row in answers.left[:_LINES])
        more = f" and {len(answers.left) - _LINES:,} more" if len(answers.left) > _LINES else ""
        lines.append(f"Sold in {answers.compared_with} and not any more: {names}{more}.")
    return "\n".join(lines)


def _title(answers: Answers, question: Question) -> str:
    parts = (question.heading(_length(answers)), answers.store, answers.category, answers.period)
    return ", ".join(filter(None, parts))


def _length(answers: Answers) -> str:
    """The length of the periods, in a word."""
    return answers.by or "period"
