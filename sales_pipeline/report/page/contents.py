"""Everything that a page shows, as typed data, read from gold and ops of one finished run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial

from sales_pipeline.analysis.calendars import calendar_of
from sales_pipeline.analysis.comparison import Comparison
from sales_pipeline.analysis.like_for_like import trading_days
from sales_pipeline.analysis.periods import Calendar, Period
from sales_pipeline.analysis.sales_of_run import closed_in, sales_of_run
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError
from sales_pipeline.gold.gold_set import GoldSet
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.runs import chosen_run, finished_runs
from sales_pipeline.report.closed_months import closed_months
from sales_pipeline.report.definitions import Definition, definitions
from sales_pipeline.report.document import Exact, Moment, json_object
from sales_pipeline.report.page.listings import (
    Listing,
    balance_listing,
    closings_listing,
    quarantine_listing,
    rates_listing,
    unknown_names_listing,
)
from sales_pipeline.report.page.months import Month, PeriodBefore, months_of
from sales_pipeline.report.page.moved import Moved, last_month_moved
from sales_pipeline.report.page.sold import Sold
from sales_pipeline.report.page.sold_by_day import Days, days_of
from sales_pipeline.report.page.sums import Limits, SalesOfPage
from sales_pipeline.report.quarantine import waiting_in_quarantine
from sales_pipeline.report.tax_basis import TaxBasis, basis_of_figures
from sales_pipeline.version import __version__

MOST_BYTES = 1_800_000
"""How large the data of a page may be: with its scripts it stays under 3 MB."""
_LIMITS = (
    Limits(),
    Limits(products=1000),
    Limits(products=300),
    Limits(products=100),
    Limits(products=2000, products_by_store=False),
    Limits(products=500, products_by_store=False),
    Limits(stores=500, products=500, products_by_store=False),
    Limits(stores=200, products=200, products_by_store=False),
    Limits(stores=50, products=100, products_by_store=False),
    Limits(stores=50, products=100, products_by_store=False, categories=False),
)
"""What is kept apart, the most first; the first that fits is taken."""
_BYTES_OF_A_ROW = 14
"""At least so many bytes does a sum take, so that what cannot fit is not made."""


@dataclass(frozen=True)
class MonthBefore:
    """The last month beside the month before, as the page shows it.

    Attributes:
        moved: Why the last month that is over moved, if gold has a month before it.
        rates: The rates of the last month.
    """

    moved: Moved | None
    rates: Listing


@dataclass(frozen=True)
class Page:
    """The contents of a page.

    Attributes:
        run_id: The run whose figures it shows.
        finished_at: When it finished, UTC.
        version: The version of this package.
        currency: The base currency; every revenue is in it.
        minor_units: The decimals of a shown revenue.
        class_a: The cumulative share of the best sellers of class A.
        class_b: The cumulative share of classes A and B.
        spans: Days of which it knows the sales.
        months: The months that a reader can choose.
        before: The periods before of whole months, quarters and years.
        first_day: The first day of the first month with sales.
        sold: What was sold in the spans.
        moved: Why the last month that is over moved, if gold has that month of the year before.
        waiting: How many records wait in quarantine.
        quarantine: The records in quarantine, by feed and reason.
        unknown_names: Names that the catalogue does not know.
        balance: The balance of the last run.
        closings: The closed months, then and now.
        rates: The rates of the last month and of that of the year before.
        month_before: The same two beside the month before.
        left_out: What is added up because the page would be too large, in sentences.
        tax: What the revenue is with regard to tax.
        definitions: What the figures mean.
        days: The sales of each day, from which weeks are added up; None if they do not fit.
    """

    run_id: str
    finished_at: Moment
    version: str
    currency: str
    minor_units: int
    class_a: Exact
    class_b: Exact
    spans: tuple[Period, ...]
    months: tuple[Month, ...]
    before: tuple[PeriodBefore, ...]
    first_day: date
    sold: Sold
    moved: Moved | None
    waiting: int
    quarantine: Listing
    unknown_names: Listing
    balance: Listing
    closings: Listing
    rates: Listing
    month_before: MonthBefore
    left_out: tuple[str, ...]
    tax: TaxBasis
    definitions: tuple[Definition, ...]
    days: Days | None


def page_of(
    declaration: Declaration,
    *,
    first: date | None = None,
    last: date | None = None,
    run: str | None = None,
    as_closed: bool = False,
) -> Page:
    """Returns the page of a finished run; starts no Spark session and changes nothing.

    Args:
        declaration: What the retailer declares.
        first: The first day of the first month; None means the first month with sales.
        last: The last day of the last month; None means the last month with sales.
        run: The id of another run than the last finished one.
        as_closed: Whether closed months are as they were when these closed.

    Raises:
        UsageError: No run has finished yet, there is no such run, or there are no sales.
    """
    with opened_lakehouse(declaration) as lakehouse:
        gold = GoldSet(lakehouse.engine, declaration, chosen_run(lakehouse, run))
        sales = sales_of_run(gold, as_closed=as_closed)
        calendar = calendar_of(declaration.calendar)
        months = months_of(Comparison(sales, calendar), first, last)
        days = trading_days(declaration, sales)
        whole = SalesOfPage(sales, days, declaration.stores, months.periods)
        sold, by_day, left_out = fitting(whole, calendar)
        waiting = waiting_in_quarantine(lakehouse)
        closed = closed_months(gold, closed_in(gold, months.periods))
        runs = finished_runs(lakehouse)
        until = [record.run_id for record in runs].index(gold.run.run_id) + 1
        moved = partial(
            last_month_moved,
            sales,
            days,
            minor_units=declaration.minor_units,
            stores=[store.id for store in sold.stores] if sold.products_by_store else None,
        )
        return Page(
            run_id=gold.run.run_id,
            finished_at=gold.run.finished_at,
            version=__version__,
            currency=declaration.base_currency,
            minor_units=declaration.minor_units,
            class_a=declaration.classes.a,
            class_b=declaration.classes.b,
            spans=months.periods,
            months=months.months,
            before=months.before,
            first_day=months.first_day,
            sold=sold,
            moved=moved(months.pairs),
            waiting=waiting.rows,
            quarantine=quarantine_listing(waiting),
            unknown_names=unknown_names_listing(lakehouse),
            balance=balance_listing(lakehouse, runs[:until]),
            closings=closings_listing(closed, declaration.base_currency, as_closed=as_closed),
            rates=rates_listing(declaration, sales, months.pairs[-1]),
            month_before=MonthBefore(
                moved(months.pairs_before),
                rates_listing(declaration, sales, months.pairs_before[-1]),
            ),
            left_out=left_out,
            tax=basis_of_figures(gold, months.periods, as_closed=as_closed),
            definitions=definitions(declaration),
            days=by_day,
        )


def page_text(page: Page) -> str:
    """Returns the data of a page as JSON on one line."""
    return json.dumps(json_object(Page, page), ensure_ascii=False, separators=(",", ":"))


def fitting(sales: SalesOfPage, calendar: Calendar) -> tuple[Sold, Days | None, tuple[str, ...]]:
    """Returns what a page holds of some sales, and in sentences what it adds up or lacks.

    Raises:
        UsageError: Nothing fits.
    """
    for limits in _LIMITS:
        if sales.least_rows(limits) * _BYTES_OF_A_ROW <= MOST_BYTES:
            sold = sales.cut(limits)
            left = MOST_BYTES - _bytes(_columns(sold))
            if left >= 0:
                most = left // _BYTES_OF_A_ROW
                every = days_of(sales.sales, calendar, sales.whole, sold, most=most)
                fit = (days for days in every if _bytes(_columns_of_days(days)) <= left)
                days = next(fit, None)
                return sold, days, tuple(_left_out(sold, days))
    raise UsageError(
        "report: the sums by month, store and currency do not fit into a page. "
        "Do: choose fewer months with --from"
    )


def _bytes(columns: Iterable[str]) -> int:
    return sum(len(column.encode()) for column in columns)


def _columns_of_days(days: Days) -> Iterator[str]:
    yield from vars(days.sold).values()
    yield days.year_before
    yield from (f"{week}" for week in days.weeks)
    yield from (column for rates in days.rates.values() for column in vars(rates).values())


def _columns(sold: Sold) -> Iterator[str]:
    yield from vars(sold.by_store).values()
    yield from vars(sold.by_product).values()
    yield from (product.name + product.category for product in sold.products)
    yield from (store.name + store.place for store in sold.stores)


def _left_out(sold: Sold, days: Days | None) -> Iterator[str]:
    stores, products = sold.stores[-1], sold.other_products
    if stores.stores > 1:
        yield (
            f"The page would be too large: the {stores.stores:,} stores with the smallest revenue "
            "are added up, and count in every total."
        )
    if products:
        yield (
            f"The page would be too large: {products:,} products that sell less are added up, and "
            "count in every total; places are among the products shown."
        )
    if not sold.has_categories:
        yield (
            "The page would be too large: it has no best sellers by category; "
            "`sales-pipeline show value --categories` has them."
        )
    if not sold.products_by_store:
        yield (
            "The page would be too large: best sellers and why the last month moved are over all "
            "stores only; `sales-pipeline show volume --store ID` and `sales-pipeline why --store "
            "ID` have those of one store."
        )
    if days is None:
        yield (
            "The page would be too large: it has no days and weeks; `sales-pipeline show --by day` "
            "and `--by week` have them."
        )
    elif not days.by_store:
        yield (
            "The page would be too large: it has days and weeks of all stores together; "
            "`sales-pipeline show --by day --store ID` has those of one store."
        )
