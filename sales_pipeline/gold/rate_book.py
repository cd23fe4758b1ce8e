"""Chooses the exchange rate of a sale, in plain Python, and nowhere else (P8).

`rate_book` reads `silver.exchange_rates`; `RateBook.rate_on` answers for one currency and
day. Gold prices the sales with it, and every report that shows or explains rates uses it too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from enum import Enum
from functools import cached_property
from typing import Any

import pyarrow as pa

from sales_pipeline.config.model import Declaration
from sales_pipeline.config.rates import Rates
from sales_pipeline.lakehouse.arrow_types import python_rows
from sales_pipeline.lakehouse.lakehouse import Lakehouse

_TABLE = "silver.exchange_rates"
_STEP = Decimal(1).scaleb(-14)
_PRECISION = 60
_ALWAYS = date(1, 1, 1)
_FEW = 1_000


class Grain(Enum):
    """The time for which a currency keeps the same rate."""

    ALWAYS = "always"
    MONTH = "month"
    DAY = "day"


@dataclass(frozen=True)
class Taken:
    """The rate that sales of one currency and day take.

    Attributes:
        rate: Units of base currency for one unit.
        published_on: The day it is from, or the first day of a declared rate; None for a mean,
            and for a rate that always holds.
        is_provisional: True if its month may still get rates that change it.
    """

    rate: Decimal
    published_on: date | None = None
    is_provisional: bool = False


@dataclass(frozen=True)
class HeldRate:
    """A currency whose sales hold a month back, because some of their days have no rate.

    Attributes:
        month: The month that is held.
        currency: The currency.
        first_day: The first day without a rate.
        last_day: The last one.
        days: How many days have sales and no rate.
        amount: The amount sold on them, in the currency.
        is_too_large: Whether they have rates instead, but are worth more than gold can hold.
    """

    month: date
    currency: str
    first_day: date
    last_day: date
    days: int
    amount: Decimal
    is_too_large: bool = False


@dataclass(frozen=True)
class RateBook:
    """The rates that are known, and the policy that chooses between them.

    Attributes:
        rates: The declaration of the rates.
        base_currency: Its rate is always 1.
        known: Currency -> day -> rate, the days in order. Under the policy `fixed`, the days
            are the first days of the rates.
    """

    rates: Rates
    base_currency: str
    known: Mapping[str, Mapping[date, Decimal]]

    @cached_property
    def grain(self) -> Grain:
        """The time for which a currency keeps its rate."""
        policy = self.rates.chosen_policy
        if policy == "fixed":
            is_dated = any(isinstance(rate, tuple) for rate in self.rates.fixed.values())
            return Grain.DAY if is_dated else Grain.ALWAYS
        return Grain.DAY if policy == "daily" else Grain.MONTH

    def is_by_day(self, currency: str) -> bool:
        """Returns whether two days of one month may take different rates of a currency."""
        return self.grain is Grain.DAY and currency != self.base_currency

    def rate_on(self, currency: str, day: date) -> Taken | None:
        """The rate that a sale in a currency on a day takes, or None if there is none.

        - `fixed`: the declared rate that holds on the day.
        - `daily`: the day's own, else the last before it that is at most `max_age_days` old.
        - `month_average`: the mean of all days published in the month.
        - `month_end`: the rate of the last day published in the month.

        The last two are provisional until a rate of the currency of a later month is known.
        """
        if currency == self.base_currency:
            return Taken(Decimal(1))
        match self.rates.chosen_policy:
            case "fixed":
                return self._last(currency, day, date.min)
            case "daily":
                # The calendar has no days so long before its first ones.
                age = min(self.rates.max_age_days, (day - date.min).days)
                return self._last(currency, day, day - timedelta(days=age))
            case _:
                return self._of_month(currency, day.replace(day=1))

    def _last(self, currency: str, day: date, earliest: date) -> Taken | None:
        days = self._days.get(currency, [])
        at = bisect_right(days, day)
        if not at or days[at - 1] < earliest:
            return None
        published_on = days[at - 1]
        return Taken(
            self.known[currency][published_on], None if published_on == _ALWAYS else published_on
        )

    def _of_month(self, currency: str, month: date) -> Taken | None:
        key = (currency, month)
        if key not in self._months:
            self._months[key] = self._find_month(*key)
        return self._months[key]

    def _find_month(self, currency: str, month: date) -> Taken | None:
        days = self._days.get(currency, [])
        published = [day for day in days if day.replace(day=1) == month]
        if not published:
            return None
        is_provisional = days[-1] == published[-1]
        if self.rates.chosen_policy == "month_end":
            last = published[-1]
            return Taken(self.known[currency][last], last, is_provisional)
        rates = [self.known[currency][day] for day in published]
        with localcontext(prec=_PRECISION):
            mean = (sum(rates, Decimal(0)) / len(rates)).quantize(_STEP, rounding=ROUND_HALF_UP)
        return Taken(mean, None, is_provisional)

    @cached_property
    def _days(self) -> dict[str, list[date]]:
        return {currency: list(days) for currency, days in self.known.items()}

    @cached_property
    def _months(self) -> dict[tuple[str, date], Taken | None]:
        return {}


def rate_book(lakehouse: Lakehouse, currencies: pa.ChunkedArray | None = None) -> RateBook:
    """The rates in a lakehouse; starts no Spark session if tables are read without one.

    Args:
        lakehouse: The tables; `silver.exchange_rates` is read.
        currencies: Rates of other currencies may be left out.
    """
    if not lakehouse.engine.exists(_TABLE):
        return book_of(lakehouse.declaration, [])
    rates = lakehouse.engine.read(_TABLE, columns=["date", "currency", "rate"])
    if currencies is not None and rates.num_rows > _FEW:
        # Twenty years of all currencies are a quarter of a million rates.
        import pyarrow.compute as pc

        rates = rates.filter(pc.is_in(rates["currency"], currencies))
    return book_of(lakehouse.declaration, python_rows(rates))


def book_of(declaration: Declaration, rows: Iterable[Mapping[str, Any]]) -> RateBook:
    """The rates in rows of `silver.exchange_rates`, with the declared policy.

    Args:
        declaration: The policy, and the base currency.
        rows: Their `date`, `currency` and `rate`.
    """
    known: dict[str, dict[date, Decimal]] = {}
    for row in sorted(rows, key=lambda row: row["date"]):
        known.setdefault(row["currency"], {})[row["date"]] = row["rate"]
    known.pop(declaration.base_currency, None)
    return RateBook(declaration.rates, declaration.base_currency, known)


@dataclass(frozen=True)
class RatesTaken:
    """The rates that gold took.

    Attributes:
        by_day: Currency and day -> base currency for one unit, where rates go by the day.
        by_month: Currency and month -> the rate of all its days.
    """

    by_day: Mapping[tuple[str, date], Decimal]
    by_month: Mapping[tuple[str, date], Decimal]

    def rate(self, currency: str, day: date) -> Decimal | None:
        """Returns the rate of a sale; None if gold took none, because the month is on hold."""
        if (currency, day) in self.by_day:
            return self.by_day[currency, day]
        return self.by_month.get((currency, day.replace(day=1)))
