"""What the records of files of rates say, and what that is in the base currency (P8).

Rates are few, so they are read in plain Python: its decimals divide with as many digits
as one asks for. No engine divides or averages them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.config.dates import DateLayout, parse_date_pattern
from sales_pipeline.config.dialect import WHITE_SPACE, thousands_marks
from sales_pipeline.config.model import Rates
from sales_pipeline.errors import FileRejected, examples

RATE_STEP = Decimal(1).scaleb(-14)
"""The smallest difference between two rates in `silver.exchange_rates`."""
_TOO_LARGE = Decimal(10) ** 5
_PRECISION = 60
_NUMBER = re.compile("[0-9]{1,18}([.][0-9]{1,18})?")
_NO_RATE = frozenset({"", "N/A"})


@dataclass(frozen=True)
class Quote:
    """One rate as delivered: what a currency was worth on a day, against `rates.of`."""

    day: date
    currency: str
    value: Decimal
    file_id: int
    row: int


@dataclass(frozen=True)
class Reading:
    """What one record says: its quotes, or the reason code for which it cannot be used."""

    quotes: tuple[Quote, ...] = ()
    problem: str | None = None


class _Unusable(Exception):
    """A record cannot be used; the argument is the reason code."""


class QuoteReader:
    """Reads rows of `bronze.exchange_rates` as a declaration says they are written.

    Args:
        rates: The declaration.
    """

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._layouts = [parse_date_pattern(pattern) for pattern in rates.date_formats]

    def read(self, row: Mapping[str, Any]) -> Reading:
        """What a row of `bronze.exchange_rates` says."""
        if row["_problem"]:
            return Reading(problem=str(row["_problem"]))
        try:
            day = self._day((row["date"] or "").strip(WHITE_SPACE))
            place = (row["_file_id"], row["_row"])
            return Reading(tuple(Quote(day, *each, *place) for each in self._values(row)))
        except _Unusable as unusable:
            return Reading(problem=str(unusable))

    def _day(self, text: str) -> date:
        for layout in self._layouts:
            if day := _day_in(layout, text):
                return day
        raise _Unusable("date_unreadable" if text else "date_missing")

    def _values(self, row: Mapping[str, Any]) -> Iterator[tuple[str, Decimal]]:
        for currency, text in self._cells(row):
            number = text.strip(WHITE_SPACE)
            if number.upper() not in _NO_RATE:
                yield currency, self._value(currency, number)

    def _cells(self, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if self._rates.layout == "rows":
            currency = (row["currency"] or "").strip(WHITE_SPACE)
            if currency not in MINOR_UNITS:
                raise _Unusable("currency_unknown")
            yield currency, row["rate"] or ""
            return
        for header, text in json.loads(row["_extra"] or "{}").items():
            if (code := header.strip(WHITE_SPACE)) in MINOR_UNITS:
                yield code, text or ""

    def _value(self, currency: str, text: str) -> Decimal:
        plain = self._plain(text)
        value = Decimal(plain) if _NUMBER.fullmatch(plain) else Decimal(0)
        if not value or (currency == self._rates.of and value != 1):
            raise _Unusable("rate_unreadable")
        return value

    def _plain(self, text: str) -> str:
        """A number as Python writes it: without symbols and thousands, with a decimal point."""
        dialect = self._rates.csv
        for symbol in dialect.symbols:
            text = text.replace(symbol, "")
        for mark in thousands_marks(dialect.thousands):
            text = text.replace(mark, "")
        if dialect.decimal != ".":
            text = text.replace(".", "?").replace(dialect.decimal, ".")
        return text.strip(WHITE_SPACE)


def _day_in(layout: DateLayout, text: str) -> date | None:
    found = re.fullmatch(layout.regex, text)
    if found is None:
        return None
    groups = (layout.year_group, layout.month_group, layout.day_group)
    try:
        return date(*(int(found[group]) for group in groups))
    except ValueError:
        return None


def check_quotes(quotes: Iterable[Quote]) -> None:
    """Checks that one delivery gives no currency two rates on a day.

    Raises:
        FileRejected: It does; the reason names both records.
    """
    first: dict[tuple[date, str], Quote] = {}
    faults = []
    for each in quotes:
        known = first.setdefault((each.day, each.currency), each)
        if known.value != each.value:
            faults.append(
                f"{each.currency} on {each.day} is {known.value} in record {known.row} and "
                f"{each.value} in record {each.row}"
            )
    if faults:
        reason = f"a currency has two rates on a day: {examples(faults)}; keep one of each"
        raise FileRejected("two_rates", reason)


@dataclass(frozen=True)
class BaseRate:
    """Units of base currency for one unit of a currency on a day, and the delivery it is from."""

    day: date
    currency: str
    rate: Decimal
    file_id: int


def base_rates(quotes: Iterable[Quote], rates: Rates, *, base: str) -> list[BaseRate]:
    """The rates to the base currency that quotes of several deliveries come to.

    The latest delivery wins for a day and currency. Where the quotes are not against the
    base currency itself, that has to be quoted on the same day: its quote, which is 1 in
    itself, is among what is returned.

    Args:
        quotes: What the deliveries in force say, in ledger order.
        rates: The declaration.
        base: The base currency.
    """
    by_day: dict[date, dict[str, Quote]] = {}
    for each in quotes:
        by_day.setdefault(each.day, {})[each.currency] = each
    return [
        rate for day in sorted(by_day) for rate in _rates_of_day(by_day[day], rates.of, rates, base)
    ]


def _rates_of_day(
    quoted: Mapping[str, Quote], of: str, rates: Rates, base: str
) -> Iterator[BaseRate]:
    in_base = Decimal(1) if base == of else quoted[base].value if base in quoted else None
    if in_base is None:
        return
    for currency, quote in sorted(quoted.items()):
        if currency not in (of, base):
            rate = _rate(quote.value, in_base, rates)
            if rate is not None:
                yield BaseRate(quote.day, currency, rate, quote.file_id)
    if base != of:
        quote = quoted[base]
        yield BaseRate(quote.day, base, Decimal(1), quote.file_id)
        rate = _rate(Decimal(1), in_base, rates)
        if rate is not None:
            yield BaseRate(quote.day, of, rate, quote.file_id)


def _rate(value: Decimal, in_base: Decimal, rates: Rates) -> Decimal | None:
    """One currency's rate, rounded half up once; None where the table cannot hold it.

    Args:
        value: What is quoted of the currency.
        in_base: What is quoted of the base currency.
        rates: The declaration, for the direction of both.
    """
    with localcontext(prec=_PRECISION):
        exact = in_base / value if rates.direction == "units_for_one" else value / in_base
        rate = exact.quantize(RATE_STEP, rounding=ROUND_HALF_UP)
    return rate if 0 < rate < _TOO_LARGE else None
