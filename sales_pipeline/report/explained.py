"""A figure unfolded into its files and rates, and what was left out, as data and as JSON.

The parts add up to the figure as it is shown; `explained_text` shows them, and has the records as
CSV.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sales_pipeline.analysis.asked_sales import AskedPeriod, check_choice, check_product
from sales_pipeline.analysis.calendars import calendar_of
from sales_pipeline.analysis.figure_records import Counted, FigureRecords, LeftOut
from sales_pipeline.analysis.measures import total
from sales_pipeline.analysis.parts import adding_up
from sales_pipeline.analysis.periods import Period
from sales_pipeline.analysis.records_of_run import RecordsOfRun
from sales_pipeline.analysis.sales_of_run import Choice, SalesOfRun, closed_in, sales_of_run
from sales_pipeline.config.model import Declaration
from sales_pipeline.exact import exact_sum, half_up
from sales_pipeline.gold.gold_set import GoldSet
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.runs import chosen_run
from sales_pipeline.report.closed_months import ClosedMonth, closed_months, run_as_closed
from sales_pipeline.report.document import Exact, Moment, Units, View, json_object, read_from
from sales_pipeline.report.figures import without_end_zeros
from sales_pipeline.report.tax_basis import TaxBasis, tax_basis


@dataclass(frozen=True)
class AskedFigure:
    """Options of `explain`: the period, store and product of the figure.

    Attributes:
        period: Its period.
        store: Its store, or None for all.
        product: Its product, as it is shown, or None for all.
        as_closed: Whether it is the figure of a closed month as it was closed.
    """

    period: AskedPeriod = field(default_factory=AskedPeriod)
    store: str | None = None
    product: str | None = None
    as_closed: bool = False


@dataclass(frozen=True)
class FilePart:
    """The records of one file and currency that a figure counts.

    Attributes:
        file: The file, by its path below the landing folder.
        file_id: Its delivery.
        feed: Its feed.
        currency: The currency of the amount.
        records: The number of records.
        units: Their units, net of returns.
        amount: Their amount, net of returns.
        lowest_rate: The lowest exchange rate that one of them took; None if a rate is missing.
        highest_rate: The highest one.
        revenue: Their revenue, rounded so that all parts add up to the figure; None if a rate is
            missing.
    """

    file: str
    file_id: int
    feed: str
    currency: str
    records: int
    units: Units
    amount: Exact
    lowest_rate: Exact | None
    highest_rate: Exact | None
    revenue: Exact | None


@dataclass(frozen=True)
class Explained:
    """A figure, the files that it is made of, and what was left out of them.

    Attributes:
        run_id: The run that left the figure.
        finished_at: When it finished, UTC.
        currency: The base currency; every revenue is in it.
        period: The period.
        store: The only store counted, or None for all.
        product: The only product counted, or None for all.
        revenue: The revenue in gold, rounded half up once.
        units: The units in gold.
        files: What it is made of, in the order of delivery.
        not_in_gold: What gold shows beyond the files, because a month of the period is on hold;
            None if there is no such difference.
        left_out: What the files have besides, in the order of delivery.
        tax: What the revenue is with regard to tax.
        as_closed: Whether it is the figure of a closed month as it was closed.
        closings: The closed months in the period.
    """

    run_id: str
    finished_at: datetime
    currency: str
    period: Period
    store: str | None
    product: str | None
    revenue: Exact
    units: Units
    files: tuple[FilePart, ...]
    not_in_gold: Exact | None
    left_out: tuple[LeftOut, ...]
    tax: TaxBasis
    as_closed: bool = False
    closings: tuple[ClosedMonth, ...] = ()


def explained(
    declaration: Declaration, asked: AskedFigure | None = None, *, run: str | None = None
) -> Explained:
    """Returns the files, records and rates that a figure of gold is made of.

    Args:
        declaration: What the retailer declares.
        asked: The figure.
        run: The finished run that left it, or that knows the closed months; the last one without
            it.

    Raises:
        UsageError: There is no such run, period, store or product, what the run left is not kept
            any more, or a figure as it was closed is not of one closed month.
    """
    asked = asked or AskedFigure()
    with asked_gold(declaration, asked, run=run) as (gold, latest):
        sales = sales_of_run(gold)
        figure = figure_records(gold, sales, asked)
        counted = figure.counted()
        cells = sales.sums(
            [figure.period],
            *(["product"] if asked.product is not None else []),
            choice=Choice(asked.store),
        )
        gold_figure = total(cell for cell in cells if asked.product in (None, *cell.values))
        files, not_in_gold = _files(figure.records, counted, Fraction(gold_figure.revenue))
        return Explained(
            run_id=gold.run.run_id,
            finished_at=gold.run.finished_at,
            currency=declaration.base_currency,
            period=figure.period,
            store=asked.store,
            product=asked.product,
            revenue=half_up(gold_figure.revenue, declaration.minor_units),
            units=gold_figure.units,
            files=tuple(files),
            not_in_gold=not_in_gold,
            left_out=tuple(figure.left_out(counted)),
            tax=tax_basis(declaration, gold.run, store=asked.store),
            as_closed=asked.as_closed,
            closings=closed_months(
                latest,
                closed_in(latest, [figure.period]),
                Choice(asked.store),
                product=asked.product,
            ),
        )


def _files(
    records: RecordsOfRun, counted: Iterable[Counted], revenue: Fraction
) -> tuple[list[FilePart], Decimal | None]:
    """The parts of the files, rounded to add up, and what gold shows beyond them."""
    groups: dict[tuple[int, str], list[Counted]] = {}
    for part in counted:
        groups.setdefault((part.file_id, part.currency), []).append(part)
    exact = {key: _revenue(own) for key, own in groups.items()}
    parts = {key: part for key, part in exact.items() if part is not None}
    difference = revenue - sum(parts.values(), Fraction(0))
    to_add_up = [*parts.values(), *([difference] if difference else [])]
    decimals = records.gold.declaration.minor_units
    shown = adding_up(to_add_up, half_up(revenue, decimals), decimals) if to_add_up else []
    of_file = dict(zip(parts, shown, strict=False))
    files = [
        _part(records.deliveries[key[0]], key[1], own, of_file.get(key))
        for key, own in groups.items()
    ]
    return files, shown[-1] if difference else None


def _revenue(own: Sequence[Counted]) -> Fraction | None:
    known = [counted.revenue for counted in own if counted.revenue is not None]
    return Fraction(exact_sum(known)) if len(known) == len(own) else None


def _part(
    delivery: Delivery, currency: str, own: Sequence[Counted], revenue: Decimal | None
) -> FilePart:
    rates = [counted.rate for counted in own if counted.rate is not None]
    has_all = len(rates) == len(own)
    return FilePart(
        file=delivery.path,
        file_id=delivery.file_id,
        feed=delivery.feed,
        currency=currency,
        records=sum(counted.records for counted in own),
        units=sum((counted.units for counted in own), Decimal(0)),
        amount=sum((counted.amount for counted in own), Decimal(0)),
        lowest_rate=without_end_zeros(min(rates)) if has_all else None,
        highest_rate=without_end_zeros(max(rates)) if has_all else None,
        revenue=revenue,
    )


@contextmanager
def asked_gold(
    declaration: Declaration, asked: AskedFigure, *, run: str | None = None
) -> Iterator[tuple[GoldSet, GoldSet]]:
    """Opens the gold tables that have a figure or know the closed months.

    Raises:
        UsageError: There is no such run, or a figure as it was closed is not of one closed month.
    """
    with opened_lakehouse(declaration) as lakehouse:
        latest = GoldSet(lakehouse.engine, declaration, chosen_run(lakehouse, run))
        if asked.as_closed:
            of_run = chosen_run(lakehouse, run_as_closed(latest, asked.period))
            yield replace(latest, run=of_run), latest
        else:
            yield latest, latest


def figure_records(gold: GoldSet, sales: SalesOfRun, asked: AskedFigure) -> FigureRecords:
    """Returns the records behind a figure.

    Raises:
        UsageError: There is no such period, store or product.
    """
    _, period = asked.period.of(sales, calendar_of(gold.declaration.calendar))
    check_choice(gold.declaration, sales, Choice(asked.store))
    if asked.product is not None:
        check_product(sales, asked.product)
    return FigureRecords(RecordsOfRun(gold), period, asked.store, asked.product)


class _LeftOut(View):
    file: str
    file_id: int
    feed: str
    status: str
    reasons: list[str]
    meaning: str
    day_is_known: bool
    product_is_known: bool
    records: int
    amount: Exact | None
    currency: str | None


class _Explained(View):
    run_id: str
    finished_at: Moment
    currency: str
    period: str = read_from("period.name")
    first_day: date = read_from("period.first")
    last_day: date = read_from("period.last")
    store: str | None
    product: str | None
    revenue: Exact
    units: Units
    files: list[FilePart]
    not_in_gold: Exact | None
    left_out: list[_LeftOut]
    as_closed: bool
    closings: list[ClosedMonth]
    tax: TaxBasis


def explained_document(figure: Explained) -> dict[str, Any]:
    """Returns a figure and its files, ready for JSON."""
    return json_object(_Explained, figure)
