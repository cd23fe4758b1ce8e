"""The sales that somebody asks for: a named period or days, a store, a category, a product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sales_pipeline.analysis.calendars import CivilCalendar
from sales_pipeline.analysis.periods import (
    By,
    Calendar,
    Period,
    periods_around,
    span,
    span_of,
    whole_period,
)
from sales_pipeline.analysis.sales_of_run import Choice, SalesOfRun
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, did_you_mean, examples

_LONGEST_FIRST = (By.YEAR, By.QUARTER, By.MONTH, By.WEEK, By.DAY)
_SHOWN = (By.MONTH, By.QUARTER, By.YEAR)


@dataclass(frozen=True)
class AskedPeriod:
    """A period as a user names it; the last month with sales if nothing is given.

    Attributes:
        name: Its name in the calendar of the retailer, or the name of a calendar month.
        first: Its first day, in place of a name.
        last: Its last day, in place of a name.
    """

    name: str | None = None
    first: date | None = None
    last: date | None = None

    def of(self, sales: SalesOfRun, calendar: Calendar) -> tuple[By, Period]:
        """Returns the period, and its length in the calendar: months for days of no such length.

        Raises:
            UsageError: There are no sales, or none in a period of this name.
        """
        if sales.days is None:
            raise UsageError("period: there are no sales yet. Do: sales-pipeline status")
        first, last = sales.days
        if self.name is not None:
            return _named(self.name, calendar, first, last)
        month = calendar.period_of(By.MONTH, last)
        if self.first is None and self.last is None:
            return By.MONTH, month
        begin = calendar.period_of(By.MONTH, first).first
        days = self.first or begin, self.last or month.last
        return whole_period(calendar, _LONGEST_FIRST, *days) or (By.MONTH, span(*days))


def _named(name: str, calendar: Calendar, first: date, last: date) -> tuple[By, Period]:
    known = {
        period.name: (by, period)
        for calendar_, lengths in ((CivilCalendar(), (By.MONTH,)), (calendar, _LONGEST_FIRST))
        for by in lengths
        for period in periods_around(calendar_, by, first, last)
    }
    if name not in known:
        such = ", ".join(calendar.period_of(by, last).name for by in _SHOWN)
        raise UsageError(
            f"period: no sales in one of that name, got {name!r}.{did_you_mean(name, known)} "
            f"Do: write one such as {such}; there are sales from {first} to {last}"
        )
    return known[name]


def check_choice(declaration: Declaration, sales: SalesOfRun, choice: Choice) -> None:
    """Checks that the chosen store and category are known; declared stores are.

    Raises:
        UsageError: One is not; the message says what there is.
    """
    if choice.store is not None:
        stores = {*sales.first_sales, *declaration.stores}
        _check(choice.store, stores, f"--store: no such store, got {choice.store!r}", "stores")
    if choice.category is not None:
        problem = f"--category: none of that name, got {choice.category!r}"
        _check(choice.category, sales.categories, problem, "categories")


def check_product(sales: SalesOfRun, product: str) -> None:
    """Checks that a product was sold at some time.

    Raises:
        UsageError: It was not; the message says what there is.
    """
    products = sales.cube["product"].unique().to_pylist()
    _check(product, products, f"--product: none of that name, got {product!r}", "products")


def no_such_sales(months: Sequence[date], first: date, last: date, store: str | None) -> str:
    """Returns the message that there are no sales in some days, and when there are some."""
    whose = f" of {store}" if store else ""
    if not months:
        return f"--{'store' if store else 'from'}: there are no sales{whose} yet"
    is_month = first.day == 1 and last == span_of(first).last
    when = f"in {first:%Y-%m}" if is_month else f"from {first} to {last}"
    return (
        f"--{'month' if is_month else 'from'}: no sales{whose} {when}; there are sales in "
        f"{len(months):,} months from {months[0]:%Y-%m} to {months[-1]:%Y-%m}"
    )


def _check(given: str, known: Iterable[str], problem: str, what: str) -> None:
    names = sorted({*known})
    if given not in names:
        meant = did_you_mean(given, names)
        raise UsageError(f"{problem}.{meant} The {what} are {examples(names)}.")
