"""Parses the records of files of rates, and turns the rates to the base currency (P8).

Rates are few, so plain Python reads them: its decimals divide with as many digits
as needed. No engine divides or averages them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.config.files import WHITE_SPACE
from sales_pipeline.config.rates import Rates
from sales_pipeline.errors import FileRejected, examples
from sales_pipeline.silver.parsing.days import day_of
from sales_pipeline.silver.parsing.numbers import NumberStyle, decimal_parser
from sales_pipeline.silver.reference.reference_balance import Fault
from sales_pipeline.visible_text import INVISIBLE

RATE_STEP = Decimal(1).scaleb(-14)
"""The smallest difference between two rates in `silver.exchange_rates`."""
TOO_LARGE = Decimal(10) ** 5
"""Every rate is below it: more digits would make amount x rate inexact (decision 15)."""
SMALLEST = Decimal(1).scaleb(-9)
"""The smallest rate: rounded to `RATE_STEP`, it still has five digits."""
_PRECISE = Context(prec=120)
"""Digits for every rate: of 18 digits before the decimal mark by one of 30 after it."""
_SCALE, _DIGITS = 30, 48
"""The decimals and digits that a delivered number may have."""
_NO_RATE = frozenset(
    ["", "N/A", "N.A.", "NA", "#N/A", "ND", "N.D.", "NAN", "NULL", "NONE",
     "-", "--", "\u2013", "\u2014", ".", "..", "...", "…"]
)  # fmt: skip
_UNSEEN = dict.fromkeys(map(ord, INVISIBLE))


@dataclass(frozen=True)
class Quote:
    """One rate as delivered: the value of a currency on a day, against `rates.of`."""

    day: date
    currency: str
    value: Decimal
    file_id: int
    row: int


@dataclass(frozen=True)
class Reading:
    """The rates and the faults of one record.

    Attributes:
        quotes: The rates of its cells that can be used.
        faults: What is wrong with the record, or with its other cells.
        row: The record, as a row of `bronze.exchange_rates`.
    """

    quotes: tuple[Quote, ...] = ()
    faults: tuple[Fault, ...] = ()
    row: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class _Cell:
    """A cell with a rate: its currency, its column in words, its text and its units."""

    currency: str
    column: str
    text: str
    units: Decimal | None = None


class QuoteReader:
    """Reads rows of `bronze.exchange_rates` in the form that a declaration gives them.

    A cell that is neither a rate nor a mark for having none is a fault of its record; the
    other currencies of the record have their rates all the same.

    Args:
        rates: The declaration.
    """

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        style = NumberStyle.of_dialect(rates.csv)
        self._number = decimal_parser(style, scale=_SCALE, precision=_DIGITS)
        self._no_rate = _NO_RATE | {_bare(text).upper() for text in rates.no_rate}

    def read(self, row: Mapping[str, Any]) -> Reading:
        """Parses a row of `bronze.exchange_rates`."""
        quotes, faults = self._quotes_and_faults(row)
        return Reading(tuple(quotes), tuple(faults), row)

    def _quotes_and_faults(self, row: Mapping[str, Any]) -> tuple[list[Quote], list[Fault]]:
        number = row["_row"]
        if row["_problem"]:
            return [], [Fault.of_record(number, row["_raw"], str(row["_problem"]))]
        text = _bare(row["date"])
        day = day_of(text, self._rates.date_formats)
        if day is None:
            reason = "date_unreadable" if text else "date_missing"
            return [], [self._fault(row, "date", reason)]
        if self._rates.layout == "rows" and _code(row["currency"]) not in MINOR_UNITS:
            return [], [self._fault(row, "currency", "currency_unknown")]
        cells, quotes, faults = list(self._cells(row)), [], []
        if not cells:
            headers = ", ".join(json.loads(row["_extra"] or "{}"))
            return [], [Fault.of_cell(number, "columns", headers, "currency_unknown")]
        for cell in cells:
            if _bare(cell.text).upper() in self._no_rate:
                continue
            value = self._value(cell)
            if value is not None:
                quotes.append(Quote(day, cell.currency, value, row["_file_id"], number))
                continue
            reason = f"rate_unreadable:{cell.currency}"
            if cell.units is None:
                faults.append(self._fault(row, "units", reason))
            else:
                faults.append(Fault.of_cell(number, cell.column, cell.text, reason))
        return quotes, faults

    def rate_texts(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Returns the column and text of each rate in a record, by currency, as faults name them.

        Args:
            row: The columns of `bronze.exchange_rates` that hold texts of the file.
        """
        return {
            cell.currency: Fault.of_cell(0, cell.column, cell.text, "").what
            if cell.units is not None
            else self._fault(row, "units", "").what
            for cell in self._cells(row)
        }

    def _fault(self, row: Mapping[str, Any], column: str, reason: str) -> Fault:
        header = getattr(self._rates.columns, column)
        return Fault.of_cell(row.get("_row", 0), header, row[column] or "", reason)

    def _cells(self, row: Mapping[str, Any]) -> Iterator[_Cell]:
        if self._rates.layout == "rows":
            code = _code(row["currency"])
            column = f"{self._rates.columns.rate} of {code}"
            yield _Cell(code, column, row["rate"] or "", self._units(code, row))
            return
        for header, text in json.loads(row["_extra"] or "{}").items():
            if (code := _code(header)) in MINOR_UNITS:
                yield _Cell(code, code, text or "", self._rates.units_of(code))

    def _units(self, currency: str, row: Mapping[str, Any]) -> Decimal | None:
        """The number of units that a rate is for; None if the column has none."""
        if self._rates.columns.units is None:
            return self._rates.units_of(currency)
        units = self._number(_bare(row["units"]))
        return units if units and units > 0 else None

    def _value(self, cell: _Cell) -> Decimal | None:
        """The rate of one unit; None if the cell has none, or an impossible one."""
        number = self._number(_bare(cell.text))
        if number is None or number <= 0 or cell.units is None:
            return None
        value = _PRECISE.divide(number, cell.units).normalize(_PRECISE)
        return None if cell.currency == self._rates.of and value != 1 else value


def _code(text: str | None) -> str:
    """A currency code in capitals, also of one in small letters, but not of `All` or `Try`."""
    code = _bare(text)
    return code.upper() if code.islower() else code


def _bare(text: str | None) -> str:
    """A text without the white space around it and without invisible characters."""
    return (text or "").translate(_UNSEEN).strip(WHITE_SPACE)


def check_quotes(quotes: Iterable[Quote]) -> None:
    """Checks that one delivery gives no currency two rates on a day.

    Raises:
        FileRejected: It does; the reason names both records.
    """
    first: dict[tuple[date, str], Quote] = {}
    faults = []
    for quote in quotes:
        known = first.setdefault((quote.day, quote.currency), quote)
        if known.value != quote.value:
            faults.append(
                f"{quote.currency} on {quote.day} is {known.value:f} in record {known.row} and "
                f"{quote.value:f} in record {quote.row}"
            )
    if faults:
        reason = f"a currency has two rates on a day: {examples(faults)}; keep one of each"
        raise FileRejected("two_rates", reason)


@dataclass(frozen=True)
class BaseRate:
    """Units of base currency for one unit of a currency on a day.

    Attributes:
        day: The day.
        currency: The currency.
        rate: Rounded half up once to `RATE_STEP`.
        quotes: The quotes it is computed from, first the one that it is named after.
    """

    day: date
    currency: str
    rate: Decimal
    quotes: tuple[Quote, ...]

    @property
    def file_id(self) -> int:
        """The delivery that it is from."""
        return self.quotes[0].file_id

    @property
    def fits(self) -> bool:
        """True if the table can hold it as exactly as a rate has to be."""
        return SMALLEST <= self.rate < TOO_LARGE


def base_rates(quotes: Iterable[Quote], rates: Rates, *, base: str) -> list[BaseRate]:
    """The rates to the base currency that quotes of several deliveries come to.

    The latest delivery wins for a day and currency. If the quotes are not against the
    base currency itself, it has to be quoted on the same day: its quote, which is 1 in
    itself, is returned too. So are rates that do not fit into the table.

    Args:
        quotes: The quotes of the deliveries in force, in ledger order.
        rates: The declaration.
        base: The base currency.
    """
    by_day: dict[date, dict[str, Quote]] = {}
    for quote in quotes:
        by_day.setdefault(quote.day, {})[quote.currency] = quote
    return [
        rate for day in sorted(by_day) for rate in _rates_of_day(by_day[day], rates.of, rates, base)
    ]


def _rates_of_day(
    quoted: Mapping[str, Quote], of: str, rates: Rates, base: str
) -> Iterator[BaseRate]:
    of_base = quoted.get(base) if base != of else None
    if of_base is None and base != of:
        return
    in_base = of_base.value if of_base else Decimal(1)
    for currency, quote in sorted(quoted.items()):
        if currency not in (of, base):
            involved = (quote, of_base) if of_base else (quote,)
            yield BaseRate(quote.day, currency, _rate(quote.value, in_base, rates), involved)
    if of_base:
        yield BaseRate(of_base.day, base, Decimal(1), (of_base,))
        yield BaseRate(of_base.day, of, _rate(Decimal(1), in_base, rates), (of_base,))


def _rate(value: Decimal, in_base: Decimal, rates: Rates) -> Decimal:
    """One currency's rate, rounded half up once."""
    is_inverse = rates.direction == "units_for_one"
    exact = _PRECISE.divide(*((in_base, value) if is_inverse else (value, in_base)))
    return exact.quantize(RATE_STEP, rounding=ROUND_HALF_UP, context=_PRECISE)


def unfit_rates(rates: Iterable[BaseRate], file_id: int, *, base: str) -> list[Fault]:
    """Returns the rates of a delivery that the table cannot hold, as faults of its records.

    Args:
        rates: Rates to the base currency, of the days of the delivery.
        file_id: The delivery.
        base: The base currency.
    """
    faults = []
    for rate in rates:
        own = next((quote for quote in rate.quotes if quote.file_id == file_id), None)
        if own is None or rate.fits:
            continue
        is_large = rate.rate >= TOO_LARGE
        limit = f"below {TOO_LARGE:,}" if is_large else f"at least {SMALLEST:f}"
        figure = f"{rate.rate.normalize():,f} {base}"
        what = f"one {rate.currency} is {figure}, and a rate has to be {limit}"
        kind = "rate_too_large" if is_large else "rate_too_small"
        faults.append(Fault(own.row, what, f"{kind}:{rate.currency}"))
    return faults
