"""The rate that a sale takes on each day, and days of sales that have no rate (P8).

Reads `silver.exchange_rates` and the days of `silver.sales` without Spark; the rate of a day
is the one of gold's own `rate_book`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sales_pipeline.config.model import Declaration
from sales_pipeline.config.rates import Rates
from sales_pipeline.errors import UsageError, did_you_mean, examples
from sales_pipeline.gold.rate_book import RateBook, Taken, rate_book
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.silver.reference.exchange_rates import rates_changed

DECLARED = "declared"
"""The source of a rate that stands in the declaration."""
_MAX_DAYS = 3_700
_ALWAYS = date.min
_OneDay = tuple[int, Decimal]


@dataclass(frozen=True)
class RateOnDay:
    """The rate of one currency on one day.

    Attributes:
        currency: The currency.
        day: The day.
        taken: The rate that a sale takes, or None where there is none.
        sources: The landing files that it comes from, by their paths; or `declared`.
        sales: The sales of the day in the currency.
        amount: What they come to, in the currency.
    """

    currency: str
    day: date
    taken: Taken | None
    sources: tuple[str, ...]
    sales: int
    amount: Decimal


@dataclass(frozen=True)
class CurrencyRates:
    """The rates and the sales of one currency, in short.

    Attributes:
        currency: The currency.
        first_day: The first day with a rate of its own; None where none is bound to a day.
        last_day: The last such day.
        latest: The rate of the last such day, or the one that always holds.
        days_sold: How many days have sales.
        missing: Those of them for which there is no rate, in order.
    """

    currency: str
    first_day: date | None
    last_day: date | None
    latest: RateOnDay
    days_sold: int
    missing: tuple[RateOnDay, ...]

    @property
    def days_without_rate(self) -> int:
        """The number of days with sales and without a rate."""
        return len(self.missing)

    @property
    def first_without_rate(self) -> date | None:
        """The first day with sales and without a rate."""
        return self.missing[0].day if self.missing else None

    @property
    def last_without_rate(self) -> date | None:
        """The last day with sales and without a rate."""
        return self.missing[-1].day if self.missing else None

    @property
    def amount_without_rate(self) -> Decimal:
        """The sales on days without a rate, in the currency."""
        return sum((day.amount for day in self.missing), Decimal(0))


@dataclass(frozen=True)
class ShownRates:
    """The rates of a lakehouse under the declared policy.

    Attributes:
        declaration: What the retailer declares.
        is_stale: Whether rates were declared otherwise since the last run.
        currencies: Every currency that was asked for, or all.
        days: Day by day, where days or currencies were asked for.
    """

    declaration: Declaration
    is_stale: bool
    currencies: tuple[CurrencyRates, ...]
    days: tuple[RateOnDay, ...]


def policy_sentence(rates: Rates) -> str:
    """Returns the policy of some rates in a sentence."""
    provisional = "It is provisional until a rate of a later month is known."
    sentences = {
        "fixed": "A sale takes the rate that the declaration has for its day.",
        "daily": "A sale takes the rate published on its day, else the last one before it that "
        f"is at most {rates.max_age_days} days old.",
        "month_average": "A sale takes the mean of the rates published in its month. "
        + provisional,
        "month_end": f"A sale takes the last rate published in its month. {provisional}",
    }
    return f"{rates.chosen_policy}: {sentences[rates.chosen_policy]}"


@dataclass(frozen=True)
class Days:
    """The days that are asked for, from one to another, both included; each may be open."""

    first: date | None = None
    last: date | None = None

    @property
    def is_open(self) -> bool:
        """True if no day is named at all."""
        return self.first is None and self.last is None


def shown_rates(
    declaration: Declaration, currencies: Sequence[str] = (), *, days: Days | None = None
) -> ShownRates:
    """Returns the rates that sales take; starts no Spark session and changes nothing.

    Args:
        declaration: What the retailer declares.
        currencies: The currencies that are asked for, or none for all.
        days: The days that are asked for: every day of the calendar between them. Without
            any, all days that have a rate or a sale.

    Raises:
        UsageError: There is no lakehouse yet, or nothing is known of a currency, or the days are
            too many or none.
    """
    wanted = days or Days()
    if wanted.first and wanted.last and wanted.first > wanted.last:
        raise UsageError(f"--from, --to: {wanted.first} is after {wanted.last}. Do: exchange them.")
    with made_lakehouse(declaration) as lakehouse:
        rates = _Rates.read(lakehouse)
        is_stale = rates_changed(lakehouse, Ledger(lakehouse))
    chosen = _chosen(rates, [currency.upper() for currency in currencies])
    by_day = chosen if currencies or not wanted.is_open else []
    shown = tuple(day for currency in by_day for day in rates.days(currency, wanted))
    summaries = tuple(rates.summary(currency) for currency in chosen)
    return ShownRates(declaration, is_stale, summaries, shown)


def _chosen(rates: _Rates, currencies: Sequence[str]) -> list[str]:
    known = rates.currencies
    for currency in currencies:
        if currency not in {*known, rates.book.base_currency}:
            meant = did_you_mean(currency, known)
            there = f"There are {examples(known)}." if known else "There is none at all."
            raise UsageError(f"{currency}: no rate and no sale in this currency.{meant} {there}")
    return list(dict.fromkeys(currencies)) or known


@dataclass(frozen=True)
class _Rates:
    """The rates and the days of sales, as they were read.

    Attributes:
        book: The rates under the declared policy.
        sources: Currency -> day of a rate -> the file that it is from.
        sold: Currency -> day -> sales and what they come to.
    """

    book: RateBook
    sources: Mapping[str, Mapping[date, str]]
    sold: Mapping[str, Mapping[date, _OneDay]]

    @classmethod
    def read(cls, lakehouse: Lakehouse) -> _Rates:
        sources: dict[str, dict[date, str]] = {}
        for row in lakehouse.rows("silver.exchange_rates", columns=["date", "currency", "source"]):
            sources.setdefault(row["currency"], {})[row["date"]] = row["source"]
        return cls(rate_book(lakehouse), sources, _sold(lakehouse))

    @property
    def currencies(self) -> list[str]:
        """All currencies that have a rate or a sale, except the base currency."""
        return sorted({*self.book.known, *self.sold} - {self.book.base_currency})

    def on(self, currency: str, day: date) -> RateOnDay:
        taken = self.book.rate_on(currency, day)
        sales, amount = self.sold.get(currency, {}).get(day, (0, Decimal(0)))
        return RateOnDay(currency, day, taken, self._sources(currency, day, taken), sales, amount)

    def _sources(self, currency: str, day: date, taken: Taken | None) -> tuple[str, ...]:
        if taken is None or currency == self.book.base_currency:
            return ()
        if self.book.rates.chosen_policy == "fixed":
            return (DECLARED,)
        own = self.sources.get(currency, {})
        if taken.published_on is not None:
            return (own[taken.published_on],)
        month = day.replace(day=1)
        return tuple(
            dict.fromkeys(own[known] for known in sorted(own) if known.replace(day=1) == month)
        )

    def days(self, currency: str, asked: Days) -> list[RateOnDay]:
        return [self.on(currency, day) for day in self._asked(currency, asked)]

    def _asked(self, currency: str, asked: Days) -> Iterable[date]:
        known = self._known_days(currency)
        if asked.is_open:
            return known
        first = asked.first or min([*known[:1], asked.last or _ALWAYS])
        last = asked.last or max([*known[-1:], first])
        count = (last - first).days + 1
        if count > _MAX_DAYS:
            raise UsageError(
                f"--from, --to: at most {_MAX_DAYS:,} days at a time, got {count:,}. "
                "Do: name a first and a last day that are nearer to each other."
            )
        return [first + timedelta(days=number) for number in range(count)]

    def _known_days(self, currency: str) -> list[date]:
        """The days that have a rate of their own or a sale, in order."""
        return sorted({*self._rate_days(currency), *self.sold.get(currency, {})})

    def _rate_days(self, currency: str) -> list[date]:
        return [day for day in self.book.known.get(currency, {}) if day != _ALWAYS]

    def summary(self, currency: str) -> CurrencyRates:
        rate_days = self._rate_days(currency)
        sold = [self.on(currency, day) for day in sorted(self.sold.get(currency, {}))]
        return CurrencyRates(
            currency=currency,
            first_day=rate_days[0] if rate_days else None,
            last_day=rate_days[-1] if rate_days else None,
            latest=self.on(currency, rate_days[-1] if rate_days else date.max),
            days_sold=len(sold),
            missing=tuple(rate for rate in sold if rate.taken is None),
        )


def _sold(lakehouse: Lakehouse) -> dict[str, dict[date, _OneDay]]:
    if not lakehouse.has("silver.sales"):
        return {}
    totals = lakehouse.totals("silver.sales", by=["currency", "sold_on"], of="amount")
    sold: dict[str, dict[date, _OneDay]] = {}
    for row in totals.to_pylist():
        sold.setdefault(row["currency"], {})[row["sold_on"]] = (row["records"], row["amount"])
    return sold
