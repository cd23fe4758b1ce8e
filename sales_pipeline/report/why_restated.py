"""Why the figures of months differ between two runs, as data, as text, as JSON and as CSV.

The adjustments of a month add up to its change as it is shown; docs/figures.md has the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.analysis.adjustments import adjustments
from sales_pipeline.analysis.asked_sales import AskedPeriod, check_choice
from sales_pipeline.analysis.calendars import calendar_of
from sales_pipeline.analysis.measures import chosen, sums
from sales_pipeline.analysis.periods import span
from sales_pipeline.analysis.records_of_run import RecordsOfRun
from sales_pipeline.analysis.sales_of_run import Choice, sales_of_run
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, examples
from sales_pipeline.gold.changes import moved_between
from sales_pipeline.gold.gold_set import GoldSet, gold_set
from sales_pipeline.lakehouse.declared_tables import SALES_CUBE
from sales_pipeline.lakehouse.runs import RunRecord
from sales_pipeline.report.closed_months import adjustments_since_closing, changed_since_closing
from sales_pipeline.report.compared_runs import RunView
from sales_pipeline.report.document import Exact, View, csv_text, json_object
from sales_pipeline.report.figures import grouped, month_text, signed
from sales_pipeline.report.layout import cell, new_table, titled
from sales_pipeline.report.restatements import RULE, RestatedMonth, Revenues, restated_months
from sales_pipeline.report.tax_basis import TaxBasis, basis_lines, basis_of_two, tax_basis


@dataclass(frozen=True)
class AskedRestatement:
    """Options of `why --since`: the months and sales to compare between two runs.

    Attributes:
        period: Only the months in this period; all if it names none.
        store: Only the sales of this store.
        largest: How many sources of each reason are named; all if None.
    """

    period: AskedPeriod | None = None
    store: str | None = None
    largest: int | None = None


@dataclass(frozen=True)
class WhyRestated:
    """The months whose figures differ between two runs, and why.

    Attributes:
        currency: The base currency.
        earlier: The earlier run; None if each month is compared with what it was closed at.
        later: The later run.
        store: The only store counted, or None for all.
        months: The months, in order.
        tax: What the revenue is with regard to tax.
    """

    currency: str
    earlier: RunRecord | None
    later: RunRecord
    store: str | None
    months: tuple[RestatedMonth, ...]
    tax: TaxBasis

    @property
    def change(self) -> Decimal:
        """The sum of the changes of the months as they are shown."""
        return sum((month.change for month in self.months), Decimal(0))

    @property
    def reasons(self) -> dict[str, Decimal]:
        """Reason -> the sum of its parts over all months as they are shown."""
        changes: dict[str, Decimal] = {}
        for month in self.months:
            for part in month.reasons:
                changes[part.reason] = changes.get(part.reason, Decimal(0)) + part.change
        return changes


def why_restated(
    declaration: Declaration,
    since: str,
    asked: AskedRestatement | None = None,
    *,
    run: str | None = None,
) -> WhyRestated:
    """Returns why figures differ between two runs.

    Args:
        declaration: What the retailer declares.
        since: The id of the earlier run.
        asked: Which months and sales are compared.
        run: The id of the later run; the last one without it.

    Raises:
        UsageError: There is no such run, period or store, the earlier run is the later one, or
            what a run left is not kept any more.
    """
    asked = asked or AskedRestatement()
    with gold_set(declaration, run=since) as left, gold_set(declaration, run=run) as right:
        _check_order(left.run, right.run)
        changes = _changed_months(left, right, asked)
        exact = {month: now - before for month, (before, now) in changes.items()}
        records = (RecordsOfRun(left), RecordsOfRun(right))
        parts = adjustments(*records, change=exact, store=asked.store)
        runs = (left.run, right.run)
    months = restated_months(changes, parts, declaration.minor_units, largest=asked.largest)
    tax = basis_of_two(declaration, *runs, store=asked.store)
    return WhyRestated(declaration.base_currency, *runs, asked.store, tuple(months), tax)


def why_since_closing(
    declaration: Declaration, asked: AskedRestatement | None = None, *, run: str | None = None
) -> WhyRestated:
    """Returns why closed months differ from what they were closed at.

    Args:
        declaration: What the retailer declares.
        asked: Which months and sales are compared.
        run: The id of the later run; the last one without it.

    Raises:
        UsageError: There is no such run, period or store, or no month of it is closed.
    """
    asked = asked or AskedRestatement()
    with gold_set(declaration, run=run) as gold:
        closed = _among_asked(gold, {*gold.closings}, asked)
        if not closed:
            known = examples([month_text(month) for month in gold.closings])
            there = f"closed are {known}" if known else "no month is closed"
            raise UsageError(
                f"--since-closing: no closed month in it; {there}. Do: sales-pipeline close MONTH"
            )
        changes = changed_since_closing(gold, closed, Choice(asked.store))
        parts = adjustments_since_closing(gold, changes, store=asked.store) if changes else []
        later = gold.run
        kept = [gold.closings[month] for month in closed]
    months = restated_months(changes, parts, declaration.minor_units, largest=asked.largest)
    tax = tax_basis(declaration, later, store=asked.store, closed=kept)
    return WhyRestated(declaration.base_currency, None, later, asked.store, tuple(months), tax)


def _among_asked(gold: GoldSet, months: set[date], asked: AskedRestatement) -> set[date]:
    """Chooses from some months the ones that are asked for.

    Raises:
        UsageError: There is no such period or store.
    """
    if asked.store is None and asked.period is None:
        return months
    sales = sales_of_run(gold)
    check_choice(gold.declaration, sales, Choice(asked.store))
    if asked.period is None:
        return months
    _, period = asked.period.of(sales, calendar_of(gold.declaration.calendar))
    return {month for month in months if month in period}


def _check_order(earlier: RunRecord, later: RunRecord) -> None:
    if later.finished_at < earlier.finished_at:
        raise UsageError(
            f"--since: run {earlier.run_id} is later than run {later.run_id}. Do: swap them"
        )


def _changed_months(left: GoldSet, right: GoldSet, asked: AskedRestatement) -> Revenues:
    """Month -> its revenue in both runs, of the months in which any figure moved."""
    cubes = [chosen(gold.read(SALES_CUBE.name), store=asked.store) for gold in (left, right)]
    moved = {row.month for row in moved_between(*cubes, by=("month", "store", "product"))}
    moved = _among_asked(right, moved, asked)
    periods = [span(month, month) for month in sorted(moved)]
    before, now = (
        {
            cell.period: Fraction(cell.measures.revenue)
            for cell in sums(cube, periods, day="month", by=())
        }
        for cube in cubes
    )
    zero = Fraction(0)
    return {
        period.first: (before.get(at, zero), now.get(at, zero)) for at, period in enumerate(periods)
    }


class _WhyRestated(View):
    earlier: RunView | None
    later: RunView
    currency: str
    store: str | None
    change: Exact
    reasons: dict[str, Exact]
    months: list[RestatedMonth]
    tax: TaxBasis


def why_restated_document(why: WhyRestated) -> dict[str, Any]:
    """Returns the months that differ and why, ready for JSON."""
    return json_object(_WhyRestated, why) | {"rule": RULE}


def why_restated_csv(why: WhyRestated) -> str:
    """Returns a row for each month and reason, and for each of its largest sources, as CSV."""
    of_all = (why.currency, why.tax.in_a_word)
    rows = []
    for month in why_restated_document(why)["months"]:
        for part in month["reasons"]:
            rows.append((month["month"], part["reason"], None, part["change"], *of_all))
            for source in part["largest"]:
                own = (part["reason"], source["name"], source["change"])
                rows.append((month["month"], *own, *of_all))
    return csv_text(("month", "reason", "source", "change", "currency", "tax"), rows)


def why_restated_text(why: WhyRestated) -> RenderableType:
    """Returns the steps from the revenue of each month before to now, reason by reason."""
    closing = "closing" if why.earlier is None else why.earlier.run_id
    names = f"{closing} and {why.later.run_id}"
    if not why.months:
        return Text(f"No revenue moved between {names}.")
    revenue = f"Revenue {why.currency}"
    table = new_table("Month", "Reason", revenue, right=[revenue], fold=["Reason"])
    for month in why.months:
        table.add_row(month_text(month.month), "before", grouped(month.revenue_before))
        for part in month.reasons:
            table.add_row("", part.reason, signed(part.change))
            for source in part.largest:
                line = (cell(f"  {source.name}", style="dim"), f"{signed(source.change)}  ")
                table.add_row("", *line)
        table.add_row("", "now", grouped(month.revenue))
        table.add_section()
    if len(why.months) > 1:
        for reason, change in why.reasons.items():
            table.add_row("All", reason, signed(change))
        table.add_row("", "change", signed(why.change))
    title = ", ".join(filter(None, ("Why figures changed", why.store)))
    return Group(titled(f"{title}: {names}", table, remark=RULE), *basis_lines(why.tax))
