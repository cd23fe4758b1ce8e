"""The declared calendar, comparable stores and classes, as the analysis works with them."""

from __future__ import annotations

from sales_pipeline.analysis.like_for_like import TradingDays
from sales_pipeline.analysis.periods import Calendar, CivilCalendar, RetailCalendar
from sales_pipeline.analysis.sales_of_run import SalesOfRun
from sales_pipeline.config.analysis import WEEKDAYS, FiscalCalendar
from sales_pipeline.config.model import Declaration


def calendar_of(declared: FiscalCalendar) -> Calendar:
    """Returns the declared calendar.

    >>> calendar_of(FiscalCalendar(weeks="4-5-4", first_month=2)).weeks
    (4, 5, 4)
    """
    if declared.weeks is None:
        return CivilCalendar(declared.first_month, declared.compare_days == "weekday")
    first, second, third = map(int, declared.weeks.split("-"))
    starts_on = WEEKDAYS.index(declared.week_starts or "sunday")
    return RetailCalendar((first, second, third), declared.first_month, starts_on)


def trading_days(declaration: Declaration, sales: SalesOfRun) -> TradingDays:
    """Returns when the stores were open, as declared or else as their sales say."""
    after_months = declaration.like_for_like.after_months
    return TradingDays(declaration.stores, sales.first_sales, after_months)
