"""The closed months: what they were closed at, what they come to now, and why that differs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import pyarrow as pa
from rich.text import Text

from sales_pipeline.analysis.adjustments import Adjustment, adjustments
from sales_pipeline.analysis.asked_sales import AskedPeriod
from sales_pipeline.analysis.calendars import calendar_of
from sales_pipeline.analysis.measures import Cell, chosen, sums, total
from sales_pipeline.analysis.periods import span_of
from sales_pipeline.analysis.records_of_run import RecordsOfRun, closed_records
from sales_pipeline.analysis.sales_of_run import ALL, Choice, sales_of_run
from sales_pipeline.errors import UsageError, counted, examples
from sales_pipeline.exact import half_up
from sales_pipeline.gold.gold_set import GoldSet
from sales_pipeline.gold.spellings import with_shown_products
from sales_pipeline.lakehouse.declared_tables import DAILY_SALES, SALES_CUBE
from sales_pipeline.lakehouse.lakehouse import in_months
from sales_pipeline.report.document import Exact, Moment, Month
from sales_pipeline.report.figures import grouped, month_text, signed
from sales_pipeline.report.restatements import Restatement, Revenues, restated_months

_SHOWN = 5


@dataclass(frozen=True)
class ClosedMonth:
    """A closed month, then and now.

    Attributes:
        month: The month.
        closed_at: When it was closed, UTC.
        of_run: The run whose figures are kept.
        passed_over: What was in the way when it was closed all the same.
        revenue_closed: Its revenue when it was closed, rounded half up.
        revenue: Its revenue now, rounded half up.
        change: The difference of both as they are shown.
        is_restated: Whether any figure of a store changed; the revenue may be the same.
        reasons: What the change is made of; none where a category or product is chosen.
    """

    month: Month
    closed_at: Moment
    of_run: str
    passed_over: tuple[str, ...]
    revenue_closed: Exact
    revenue: Exact
    change: Exact
    is_restated: bool
    reasons: tuple[Restatement, ...]


def closed_months(
    gold: GoldSet,
    months: Collection[date],
    choice: Choice = ALL,
    *,
    product: str | None = None,
) -> tuple[ClosedMonth, ...]:
    """Returns some closed months as they were closed and as they are now.

    Reads the records only if a figure changed, and then once for all months.

    Args:
        gold: The gold tables of the run that is now.
        months: Closed months.
        choice: Which sales count.
        product: The only product that counts, as it is shown now.

    Raises:
        TableDamaged: A table of the closed months is missing.
        UsageError: What the run left is not kept any more.
    """
    if not months:
        return ()
    minor_units = gold.declaration.minor_units
    revenues, changes = _then_and_now(gold, sorted(months), choice, product)
    reasons: dict[date, tuple[Restatement, ...]] = {}
    if changes and choice.category is None and product is None:
        parts = adjustments_since_closing(gold, changes, store=choice.store)
        restated = restated_months(changes, parts, minor_units)
        reasons = {month.month: month.reasons for month in restated}
    closed = []
    for month, both in revenues.items():
        closing = gold.closings[month]
        then, now = (half_up(revenue, minor_units) for revenue in both)
        closed.append(
            ClosedMonth(
                month=month,
                closed_at=closing.closed_at,
                of_run=closing.of_run,
                passed_over=closing.passed_over,
                revenue_closed=then,
                revenue=now,
                change=now - then,
                is_restated=month in changes,
                reasons=reasons.get(month, ()),
            )
        )
    return tuple(closed)


def changed_since_closing(
    gold: GoldSet, months: Collection[date], choice: Choice = ALL
) -> Revenues:
    """Returns the revenues of the closed months in which a figure changed."""
    return _then_and_now(gold, sorted(months), choice)[1] if months else {}


def adjustments_since_closing(
    gold: GoldSet,
    revenues: Revenues,
    *,
    store: str | None = None,
) -> list[Adjustment]:
    """Returns why closed months changed, given month -> its revenue then and now, unrounded.

    Raises:
        UsageError: What the run left is not kept any more.
    """
    records = RecordsOfRun(gold)
    records.sums(revenues)  # One statement for all months, instead of one for each.
    parts: list[Adjustment] = []
    for month, kept in closed_records(gold, revenues, records.deliveries).items():
        before, after = revenues[month]
        parts += adjustments(kept, records, change={month: after - before}, store=store)
    return parts


def run_as_closed(gold: GoldSet, asked: AskedPeriod) -> str:
    """Returns the id of the run whose records make up a period of closed months, as closed.

    Raises:
        UsageError: A month of it is open, or the months were closed at the figures of several runs.
    """
    sales = sales_of_run(gold)
    _, period = asked.of(sales, calendar_of(gold.declaration.calendar))
    with_sales = [month for month in sales.months(ALL) if period.overlaps(span_of(month))]
    runs = {gold.closings[month].of_run for month in with_sales if month in gold.closings}
    is_open = any(month not in gold.closings for month in with_sales)
    if is_open or len(runs) != 1:
        got = f"{period.name} with an open month" if is_open else f"{period.name} of several runs"
        raise UsageError(
            f"--as-closed: explain reads the records of one run, got {got}. Do: ask for one closed "
            "month"
        )
    return runs.pop()


def _then_and_now(
    gold: GoldSet, months: Sequence[date], choice: Choice, product: str | None = None
) -> tuple[Revenues, Revenues]:
    """Revenues of closed months: of all of them, and of those in which a store's figure changed."""
    if choice.category is None and product is None:
        name, kept, day = DAILY_SALES.name, gold.closed_days, "sold_on"
    else:  # Only the cube knows categories and products.
        name, kept, day = SALES_CUBE.name, gold.closed_cube, "month"
    tables = [kept, gold.read(name, where=in_months(months))]
    if product is not None:
        shown = (with_shown_products(gold.spellings, table) for table in tables)
        tables = [chosen(table, product=product) for table in shown]
    then, now = (_cells(table, months, day, choice) for table in tables)
    revenues = {
        month: (Fraction(total(then[month]).revenue), Fraction(total(now[month]).revenue))
        for month in months
    }
    return revenues, {month: revenues[month] for month in months if then[month] != now[month]}


def _cells(
    table: pa.Table, months: Sequence[date], day: str, choice: Choice
) -> dict[date, list[Cell]]:
    """The sums of each month by store and currency."""
    sold = chosen(table, store=choice.store, category=choice.category)
    cells: dict[date, list[Cell]] = {month: [] for month in months}
    days = [span_of(month) for month in months]
    for cell in sums(sold, days, day=day, by=("store", "currency")):
        cells[months[cell.period]].append(cell)
    return cells


def closing_lines(
    closed: Sequence[ClosedMonth], currency: str, *, as_closed: bool = False
) -> list[Text]:
    """Returns lines about the closed months among some figures, and how they were restated."""
    lines = _restated_lines(closed, currency)
    if as_closed:
        months = [month_text(month.month) for month in closed]
        named = examples(months) if months else "none of them"
        lines.insert(0, f"Closed months are as they were closed ({named}); others as they stand.")
    elif lines:
        lines.append("These are the figures as they stand; --as-closed shows them as closed.")
    return [Text(line, style="dim") for line in lines]


def _restated_lines(closed: Sequence[ClosedMonth], currency: str) -> list[str]:
    """Returns a line for each of the last closed months that were restated, and how many more."""
    restated = [month for month in closed if month.is_restated]
    lines = [_restated_line(month, currency) for month in restated[-_SHOWN:]]
    more = len(restated) - _SHOWN
    return [*lines, f"and {counted(more, 'closed month')} before"] if more > 0 else lines


def _restated_line(month: ClosedMonth, currency: str) -> str:
    reasons = ", ".join(f"{part.reason} {signed(part.change)}" for part in month.reasons)
    return (
        f"{month_text(month.month)} was closed at {grouped(month.revenue_closed)} {currency}; "
        f"restated by {signed(month.change)} since{f': {reasons}' if reasons else ''}"
    )
