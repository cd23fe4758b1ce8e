"""Sheets of the workbook before they are written, and those of the answers, a total below each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from sales_pipeline.report.answers import Answers, Before, Line, Product, RankingTotal
from sales_pipeline.report.closed_months import ClosedMonth
from sales_pipeline.report.figures import moment
from sales_pipeline.report.questions import Question

Kind = Literal["text", "long", "day", "count", "units", "money", "share", "rate"]


@dataclass(frozen=True)
class Money:
    """An amount in a currency that is not the one of its column; shown at its minor unit."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Column:
    """A column of a sheet; `long` is text that goes on in the next line of its cell."""

    header: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook.

    Attributes:
        name: Its name.
        columns: Its columns.
        rows: Its rows, with a value for each column: text, a day, a number, `Money` or None.
        has_total: Whether the last row is the total of the others.
    """

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[object]]
    has_total: bool = False


_COMPARED = (
    Column("Compared with"), Column("Before", "money"), Column("Change", "money"),
    Column("Change %", "share"), Column("Local growth", "money"),
    Column("Exchange rates", "money"), Column("Local growth %", "share"),
)  # fmt: skip
_GROSS = (Column("Before returns", "money"), Column("Returns", "money"))


def sheets_of_answers(answers: Answers) -> Iterator[Sheet]:
    """Yields a sheet about the report, one for each answer, and one for closed months."""
    yield _about(answers)
    yield _periods(answers)
    yield _stores(answers)
    yield _best_sellers(answers, Question.VOLUME)
    yield _best_sellers(answers, Question.VALUE)
    yield _like_for_like(answers)
    if answers.closings:
        yield _closed(answers)


def _revenue(answers: Answers) -> Column:
    return Column(f"Revenue {answers.currency}", "money")


def _period(answers: Answers) -> Column:
    return Column(str(answers.by or "period").capitalize())


def _periods(answers: Answers) -> Sheet:
    columns = (
        _period(answers), Column("First day", "day"), Column("Last day", "day"), Column("Is over"),
        _revenue(answers), *_GROSS, Column("Returned %", "share"), Column("Units", "units"),
        Column("Sales", "count"), *_COMPARED,
    )  # fmt: skip
    total = answers.total
    rows = [
        ("Total" if row is total else row.period, row.first_day, row.last_day, _is_over(row),
         *_sums(row), row.return_share, row.units, row.sales, *_before(row.before))
        for row in (*answers.global_performance, *([total] if total else []))
    ]  # fmt: skip
    return Sheet("Global performance", columns, rows, has_total=total is not None)


def _stores(answers: Answers) -> Sheet:
    columns = (
        _period(answers), Column("Store"), Column("Name"), Column("City"), Column("Country"),
        Column("Is over"), Column("Place", "count"), _revenue(answers), *_GROSS,
        Column("Share", "share"), Column("Traded"), *_COMPARED,
    )  # fmt: skip
    rows: list[Sequence[Any]] = [
        (row.period, row.store, row.name, row.city, row.country, _is_over(row), row.rank,
         *_sums(row), row.share, row.trading, *_before(row.before))
        for row in answers.store_performance
    ]  # fmt: skip
    if total := answers.stores_total:
        texts = ("Total", None, None, None, None, _is_over(total), None)
        rows.append((*texts, *_sums(total), None, None, *_before(total.before)))
    return Sheet("Stores", columns, rows, has_total=total is not None)


def _like_for_like(answers: Answers) -> Sheet:
    columns = (
        _period(answers), Column("Traded"), Column("Stores", "count"), Column("Is over"),
        _revenue(answers), *_GROSS, *_COMPARED,
    )  # fmt: skip
    rows: list[Sequence[Any]] = [
        (row.period, row.trading, row.stores, _is_over(row), *_sums(row), *_before(row.before))
        for row in answers.like_for_like
    ]
    if total := answers.like_for_like_total:
        rows.append(("Total", None, None, _is_over(total), *_sums(total), *_before(total.before)))
    return Sheet("Like for like", columns, rows, has_total=total is not None)


_PRODUCT = (Column("Place", "count"), Column("Product"), Column("Category"))
_PLACES = (
    Column("Share", "share"), Column("Cumulative share", "share"), Column("Class"),
    Column("Place before", "count"),
)  # fmt: skip


def _best_sellers(answers: Answers, question: Question) -> Sheet:
    """The ranking by units or by revenue, the ranked figure before the other one."""
    is_volume = question is Question.VOLUME
    total = answers.volume_total if is_volume else answers.value_total

    def ordered(units: Sequence[Any], amounts: Sequence[Any]) -> Sequence[Any]:
        return (*units, *amounts) if is_volume else (*amounts, *units)

    def figures(row: Product | RankingTotal) -> Sequence[Any]:
        return ordered([row.units], _sums(row))

    def before(row: Product | RankingTotal) -> Sequence[Any]:
        return (*ordered([row.units_before], [row.revenue_before]), row.change, row.growth)

    change = Column("Change in units", "units") if is_volume else Column("Change", "money")
    columns = (
        *_PRODUCT,
        *ordered([Column("Units", "units")], [_revenue(answers), *_GROSS]),
        *_PLACES,
        *ordered([Column("Units before", "units")], [Column("Revenue before", "money")]),
        change,
        Column("Change %", "share"),
    )
    rows: list[Sequence[Any]] = [
        (*_place(row), *figures(row), *_shares(row), *before(row))
        for row in answers.all_rows(question)
        if isinstance(row, Product)
    ]
    if total is not None:
        rows.append((None, "Total", None, *figures(total), *[None] * 4, *before(total)))
    return Sheet(f"Best by {question}", columns, rows, has_total=total is not None)


def _closed(answers: Answers) -> Sheet:
    columns = (
        Column("Month"), Column("Closed on", "day"),
        Column(f"Closed at {answers.currency}", "money"),
        Column(f"Now {answers.currency}", "money"), Column("Restated by", "money"),
        Column("Cause"), Column("Its part", "money"),
    )  # fmt: skip
    return Sheet(
        "Closed months", columns, [row for month in answers.closings for row in _of_closed(month)]
    )


def _of_closed(month: ClosedMonth) -> Iterable[Sequence[object]]:
    """A row for the month, and one for each cause of what came later."""
    figures = (month.revenue_closed, month.revenue, month.change)
    name = f"{month.month:%Y-%m}"
    yield (name, month.closed_at.date(), *figures, None, None)
    for part in month.reasons:
        yield (name, None, None, None, None, part.reason, part.change)


def _about(answers: Answers) -> Sheet:
    rates = [
        (f"Rate of {currency} at constant exchange rates", source)
        for currency, source in answers.constant_rates.items()
    ]
    rows = [
        ("Run", answers.run_id),
        ("Finished (UTC)", moment(answers.finished_at)),
        ("Currency", answers.currency),
        *([("Tax", answers.tax.note)] if answers.tax.note else []),
        ("From", answers.first_day),
        ("To", answers.last_day),
        ("Is over", "yes" if answers.is_over else "no"),
        ("Best sellers compared with", answers.compared_with),
        *_closings(answers),
        *rates,
    ]
    return Sheet("About", (Column("About"), Column("")), rows)


def _closings(answers: Answers) -> Iterable[Sequence[object]]:
    if answers.closings:
        yield "Closed months", "as they were closed" if answers.as_closed else "as they are now"


def _is_over(row: Line) -> str:
    return "yes" if row.is_over else "no"


def _sums(row: Line | Product | RankingTotal) -> Sequence[object]:
    """Net, gross and returns."""
    return row.revenue, row.gross, row.returns


def _before(before: Before | None) -> Sequence[object]:
    if before is None:
        return (None,) * len(_COMPARED)
    return (
        before.period, before.revenue, before.change, before.growth, before.local_growth,
        before.currency_effect, before.constant_growth,
    )  # fmt: skip


def _place(row: Product) -> Sequence[object]:
    return row.rank, row.product, row.category


def _shares(row: Product) -> Sequence[object]:
    return row.share, row.cumulative_share, row.abc, row.rank_before
