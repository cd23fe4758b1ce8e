"""Why revenue moved between two periods, as data, as text, as JSON and as CSV.

The causes add up to the change as it is shown; docs/figures.md has their formulas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rich.console import Group, RenderableType

from sales_pipeline.analysis.asked_sales import AskedPeriod, check_choice
from sales_pipeline.analysis.calendars import calendar_of
from sales_pipeline.analysis.causes import Causes, RoundedCauses, causes_of_change
from sales_pipeline.analysis.comparison import Comparison, Pair
from sales_pipeline.analysis.like_for_like import trading_days
from sales_pipeline.analysis.parts import adding_up, growth
from sales_pipeline.analysis.periods import Compare
from sales_pipeline.analysis.sales_of_run import Choice, SalesOfRun, closed_in, sales_of_run
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError
from sales_pipeline.exact import RATIO_DECIMALS, half_up
from sales_pipeline.gold.gold_set import GoldSet, gold_set
from sales_pipeline.report.closed_months import ClosedMonth, closed_months, closing_lines
from sales_pipeline.report.document import (
    Exact,
    Moment,
    Ratio,
    View,
    csv_text,
    json_object,
    read_from,
)
from sales_pipeline.report.figures import grouped, percent, signed
from sales_pipeline.report.layout import cell, new_table, titled
from sales_pipeline.report.restatements import Source, largest_sources
from sales_pipeline.report.tax_basis import TaxBasis, basis_lines, basis_of_figures

LARGEST = 3
"""How many sources of a cause are shown."""


@dataclass(frozen=True)
class AskedChange:
    """Options of `why`: the periods and the sales whose change is explained.

    Attributes:
        period: The period.
        compare: What it is compared with.
        choice: Which sales count.
        largest: How many sources of each cause are named; all if None.
        as_closed: Whether closed months are as they were when these closed.
    """

    period: AskedPeriod = field(default_factory=AskedPeriod)
    compare: Compare = Compare.YEAR
    choice: Choice = field(default_factory=Choice)
    largest: int | None = None
    as_closed: bool = False


@dataclass(frozen=True)
class PartOfChange:
    """A cause and its part of the change.

    Attributes:
        cause: The cause, such as `volume`.
        change: Its part, rounded so that the parts add up to the change.
        of_before: The part as a share of the revenue before, rounded so that these add up to
            the growth; None if the revenue before was not positive.
        largest: The sources with the largest parts of it, the largest first.
    """

    cause: str
    change: Exact
    of_before: Ratio | None
    largest: tuple[Source, ...]


@dataclass(frozen=True)
class WhyMoved:
    """The revenue of a period and of the compared one, and the causes of the difference.

    Attributes:
        run_id: The run that left the figures.
        finished_at: When it finished, UTC.
        currency: The base currency; every figure is in it.
        pair: The two periods.
        store: The only store counted, or None for all.
        category: The only category counted, or None for all.
        revenue: The revenue of the period, rounded half up.
        revenue_before: That of the compared period, rounded half up.
        growth: The exact change as a share of the revenue before, if that was positive.
        causes: The causes that changed anything.
        constant_rates: Currency -> where its rate of the compared period comes from.
        tax: What the revenue is with regard to tax.
        as_closed: Whether closed months are as they were when these closed.
        closings: The closed months in the two periods.
    """

    run_id: str
    finished_at: datetime
    currency: str
    pair: Pair
    store: str | None
    category: str | None
    revenue: Exact
    revenue_before: Exact
    growth: Fraction | None
    causes: tuple[PartOfChange, ...]
    constant_rates: Mapping[str, str]
    tax: TaxBasis
    as_closed: bool = False
    closings: tuple[ClosedMonth, ...] = ()

    @property
    def change(self) -> Decimal:
        """The revenue minus the revenue before, both as shown."""
        return self.revenue - self.revenue_before

    @property
    def compared_with(self) -> str:
        """The name of the compared period."""
        return self.pair.before.name if self.pair.before else ""

    @property
    def method(self) -> str:
        """A sentence that explains the method of dividing the change."""
        return (
            "Price-volume-mix analysis over store, product and currency at the exchange rates of "
            f"{self.compared_with}; stores that opened, closed or were interrupted, and products "
            "that sold in one period only, are causes of their own."
        )


def why_moved(
    declaration: Declaration, asked: AskedChange | None = None, *, run: str | None = None
) -> WhyMoved:
    """Returns why revenue moved between two periods.

    Args:
        declaration: What the retailer declares.
        asked: Which periods, and which sales count.
        run: The finished run that left the figures; the last one without it.

    Raises:
        UsageError: There is no such run, period, store or category, or the compared period is
            not covered by sales.
    """
    asked = asked or AskedChange()
    with gold_set(declaration, run=run) as gold:
        return _why_moved(gold, sales_of_run(gold, as_closed=asked.as_closed), asked)


def _why_moved(gold: GoldSet, sales: SalesOfRun, asked: AskedChange) -> WhyMoved:
    declaration = gold.declaration
    calendar = calendar_of(declaration.calendar)
    by, period = asked.period.of(sales, calendar)
    check_choice(declaration, sales, asked.choice)
    comparison = Comparison(sales, calendar, asked.compare, asked.choice)
    pair = comparison.range_pair(by, period.first, period.last)
    if pair.before is None:
        raise UsageError(
            f"{period.name}: has nothing to be compared with; there are sales from "
            f"{sales.days[0] if sales.days else 'never'} on. Do: choose a later period"
        )
    causes = causes_of_change(sales, trading_days(declaration, sales), pair, choice=asked.choice)
    shown = causes.rounded(declaration.minor_units)
    periods = [pair.period, pair.before]
    return WhyMoved(
        run_id=gold.run.run_id,
        finished_at=gold.run.finished_at,
        currency=declaration.base_currency,
        pair=pair,
        store=asked.choice.store,
        category=asked.choice.category,
        revenue=shown.now,
        revenue_before=shown.before,
        growth=growth(causes.now, causes.before),
        causes=tuple(_parts(causes, shown, declaration.minor_units, asked.largest)),
        constant_rates={
            currency: source
            for currency, source in causes.rates.sources.items()
            if currency != declaration.base_currency
        },
        tax=basis_of_figures(gold, periods, store=asked.choice.store, as_closed=asked.as_closed),
        as_closed=asked.as_closed,
        closings=closed_months(gold, closed_in(gold, periods), asked.choice),
    )


def _parts(
    causes: Causes, shown: RoundedCauses, minor_units: int, largest: int | None
) -> list[PartOfChange]:
    shares: list[Fraction | None] = [None] * len(shown.parts)
    ratio = growth(causes.now, causes.before)
    if shown.parts and ratio is not None:
        of_before = [causes.parts[cause] / Fraction(causes.before) for cause in shown.parts]
        rounded = adding_up(of_before, half_up(ratio, RATIO_DECIMALS), RATIO_DECIMALS)
        shares = list(map(Fraction, rounded))
    return [
        PartOfChange(
            str(cause),
            part,
            share,
            largest_sources(causes.sources[cause], part, minor_units)[:largest],
        )
        for (cause, part), share in zip(shown.parts.items(), shares, strict=True)
    ]


class _WhyMoved(View):
    run_id: str
    finished_at: Moment
    currency: str
    period: str = read_from("pair.period.name")
    first_day: date = read_from("pair.period.first")
    last_day: date = read_from("pair.period.last")
    is_over: bool = read_from("pair.is_over")
    compared_with: str
    store: str | None
    category: str | None
    revenue: Exact
    revenue_before: Exact
    change: Exact
    growth: Ratio | None
    causes: list[PartOfChange]
    constant_rates: dict[str, str]
    as_closed: bool
    closings: list[ClosedMonth]
    tax: TaxBasis
    method: str


def why_moved_document(why: WhyMoved) -> dict[str, Any]:
    """Returns the causes of a change, ready for JSON."""
    return json_object(_WhyMoved, why)


def why_moved_csv(why: WhyMoved) -> str:
    """Returns a row for each cause and for each of its largest sources, as CSV."""
    header = ("period", "compared_with", "cause", "source", "change", "of_before")
    document = why_moved_document(why)
    periods = (document["period"], document["compared_with"])
    of_all = (why.currency, why.tax.in_a_word)
    rows = []
    for part in document["causes"]:
        own = (part["cause"], None, part["change"], part["of_before"])
        rows.append((*periods, *own, *of_all))
        for source in part["largest"]:
            own = (part["cause"], source["name"], source["change"], None)
            rows.append((*periods, *own, *of_all))
    return csv_text((*header, "currency", "tax"), rows)


def why_moved_text(why: WhyMoved) -> RenderableType:
    """Returns the steps from the revenue before to the revenue now, a line for each cause."""
    name = why.pair.period.name
    figures = (f"Revenue {why.currency}", f"of {why.compared_with}")
    table = new_table("Cause", *figures, right=figures, fold=["Cause"])
    table.add_row(why.compared_with, grouped(why.revenue_before), "")
    table.add_section()
    for part, share in zip(why.causes, _percents(why), strict=True):
        table.add_row(part.cause, signed(part.change), share)
        for source in part.largest:
            line = (cell(f"  {source.name}", style="dim"), f"{signed(source.change)}  ", "")
            table.add_row(*line)
    table.add_section()
    table.add_row(name, grouped(why.revenue), percent(why.growth, sign=True))
    chosen = ", ".join(filter(None, ("Why revenue moved", why.store, why.category)))
    title = f"{chosen}: {name} beside {why.compared_with}"
    remark = [why.method]
    if not why.pair.is_over:
        days = f"{why.pair.period.first} to {why.pair.period.last}"
        remark.insert(0, f"{name} is not over: {days}, compared with the same days.")
    closings = closing_lines(why.closings, why.currency, as_closed=why.as_closed)
    return Group(titled(title, table, remark="\n".join(remark)), *closings, *basis_lines(why.tax))


def _percents(why: WhyMoved) -> list[str]:
    """The shares of the revenue before, as percentages that add up to the growth as shown."""
    shares = [part.of_before for part in why.causes]
    if why.growth is None or None in shares:
        return [""] * len(shares)
    exact = [Fraction(share or 0) * 100 for share in shares]
    total = half_up(why.growth * 100, 1)
    return [f"{signed(share)}%" for share in adding_up(exact, total, 1)]
