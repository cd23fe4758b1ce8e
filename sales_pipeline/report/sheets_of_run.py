"""The sheets of the workbook beside the answers: the data of the page's other parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from sales_pipeline.analysis.calendars import calendar_of
from sales_pipeline.analysis.comparison import Comparison, Pair
from sales_pipeline.analysis.like_for_like import trading_days
from sales_pipeline.analysis.sales_of_run import SalesOfRun, sales_of_run
from sales_pipeline.config.model import Declaration
from sales_pipeline.exact import half_up
from sales_pipeline.gold.gold_set import GoldSet
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.runs import chosen_run
from sales_pipeline.report.definitions import definitions
from sales_pipeline.report.page.listings import RATE_DECIMALS, rates_used
from sales_pipeline.report.page.months import months_of
from sales_pipeline.report.page.moved import Moved, last_month_moved
from sales_pipeline.report.quarantine import NOTHING_WAITS, waiting_in_quarantine
from sales_pipeline.report.sheets_of_answers import Column, Money, Sheet
from sales_pipeline.silver.reference.missing_names import compare, missing_names


def sheets_of_run(
    declaration: Declaration,
    *,
    first: date | None = None,
    last: date | None = None,
    run: str | None = None,
    as_closed: bool = False,
) -> tuple[Sheet, ...]:
    """Returns the causes of the last month's change, quarantine, names, rates and definitions.

    Starts no Spark session. Quarantine is as it is now, as on the page.

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
        pairs = months_of(Comparison(sales, calendar_of(declaration.calendar)), first, last).pairs
        days = trading_days(declaration, sales)
        moved = last_month_moved(sales, days, pairs, minor_units=declaration.minor_units)
        return (
            *([_moved(moved, declaration)] if moved is not None else []),
            _quarantine(lakehouse),
            _unknown_names(lakehouse),
            _rates(declaration, sales, pairs[-1]),
            _definitions(declaration),
        )


def _moved(moved: Moved, declaration: Declaration) -> Sheet:
    """The steps from the revenue before to the revenue of the last complete month."""
    columns = (
        Column("Cause"), Column("That is"), Column(f"Revenue {declaration.base_currency}", "money"),
    )  # fmt: skip
    causes = zip(moved.causes, moved.all.parts, strict=True)
    rows: list[tuple[object, ...]] = [
        (moved.before, "revenue of the compared month", moved.all.revenue_before),
        *((cause.cause, cause.meaning, part) for cause, part in causes if part),
        (moved.period, "revenue of the month", moved.all.revenue),
    ]
    return Sheet("Why the last month moved", columns, rows, has_total=True)


def _quarantine(lakehouse: Lakehouse) -> Sheet:
    columns = (
        Column("Feed"), Column("Reason"), Column("What it means", "long"),
        Column("Records", "count"), Column("Amount", "money"), Column("Currency"),
    )  # fmt: skip
    waiting = waiting_in_quarantine(lakehouse)
    rows: list[tuple[object, ...]] = []
    for group in waiting.by_reason:
        named = (group.feed, group.reason, group.meaning, group.rows)
        rows += _with_money(named, group.amounts)
    if not rows:
        rows.append((NOTHING_WAITS, *([None] * 5)))
    return Sheet("Quarantine", columns, rows)


def _unknown_names(lakehouse: Lakehouse) -> Sheet:
    columns = (
        Column("Feed"), Column("Name"), Column("Like"), Column("Records", "count"),
        Column("Amount", "money"), Column("Currency"),
    )  # fmt: skip
    rows: list[tuple[object, ...]] = []
    names = missing_names(lakehouse)
    compare(lakehouse, names)
    for name in names:
        named = (name.feed, name.name, name.like, name.records)
        rows += _with_money(named, name.amounts)
    return Sheet("Unknown names", columns, rows)


def _with_money(
    named: tuple[object, ...], amounts: Mapping[str, Decimal]
) -> Iterator[tuple[object, ...]]:
    """A row for each currency; the number of records, the last value, stands in the first only."""
    records = named[-1]
    for currency, amount in sorted(amounts.items()):
        yield (*named[:-1], records, Money(amount, currency), currency)
        records = None
    if not amounts:
        yield (*named, None, None)


def _rates(declaration: Declaration, sales: SalesOfRun, pair: Pair) -> Sheet:
    before = pair.before.name if pair.before else "Before"
    columns = (
        Column("Currency"), Column("Sold", "money"), Column(pair.period.name, "rate"),
        Column(before, "rate"), Column("Change", "share"),
    )  # fmt: skip
    rows = [
        (
            rate.currency,
            Money(rate.sold, rate.currency),
            rate.now and half_up(rate.now, RATE_DECIMALS),
            rate.before and half_up(rate.before, RATE_DECIMALS),
            rate.change,
        )
        for rate in rates_used(declaration, sales, pair)
    ]
    return Sheet("Rates used", columns, rows)


def _definitions(declaration: Declaration) -> Sheet:
    columns = (Column("Term"), Column("Meaning", "long"))
    rows = [(definition.term, definition.meaning) for definition in definitions(declaration)]
    return Sheet("Definitions", columns, rows)
