"""The exchange rates: their sources, the one that a sale takes, and the checks on them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from sales_pipeline.config.files import Dialect, dialect_mismatches
from sales_pipeline.config.problems import (
    ONE,
    SEVERAL,
    Mismatch,
    Plain,
    below,
    mapping,
    order_mismatches,
)
from sales_pipeline.config.values import (
    Currency,
    DatePatterns,
    Day,
    Declared,
    Factor,
    Header,
    LandingPattern,
    OneOrDated,
    OneOrMany,
    Quantity,
    Rate,
    Text,
)

Policy = Literal["fixed", "daily", "month_average", "month_end"]
WITH_FILES = ("daily", "month_average", "month_end")
"""The policies that take their rates from files."""


class DatedRate(Declared):
    """A fixed rate from some day on."""

    rate: Rate
    """Units of base currency for one unit of the currency."""
    since: Day | None = None
    """The first day on which it applies; left out for the first of several."""


def _one_or_by_currency(value: object) -> str:
    return SEVERAL if isinstance(value, dict) else ONE


Units = Annotated[
    Annotated[Quantity, Tag(ONE)] | Annotated[dict[Currency, Quantity], Tag(SEVERAL)],
    Discriminator(_one_or_by_currency),
]


class RateColumns(Declared):
    """The headers of a file of rates."""

    date: Header = "date"
    """The header of the day."""
    currency: Header = "currency"
    """The header of the currency, in a file with a row for each rate."""
    rate: Header = "rate"
    """The header of the rate, in a file with a row for each rate."""
    units: Header | None = None
    """The header of the number of units that a rate is for, in a file with a row for each rate,
    such as 100 in a row that has the value of 100 yen."""


class Rates(Declared):
    """The sources of exchange rates, and the policy that chooses one for a sale."""

    policy: Policy | None = None
    """The rate that a sale takes: `fixed`, one from this declaration; `daily`, the rate of its day;
    `month_average`, the mean of the rates published in its month; `month_end`, the last of its
    month. The default is daily if `landing` is given, else fixed."""
    fixed: dict[Currency, OneOrDated[Rate, DatedRate]] = {}
    """Each currency and the units of base currency for one unit of it, such as USD: 0.85; or
    several rates, each since a day."""
    landing: LandingPattern | None = None
    """The pattern of files of rates below the landing folder, such as rates/*.csv."""
    csv: Dialect = Dialect()
    """The CSV dialect of the files."""
    layout: Literal["columns", "rows"] = "columns"
    """`columns`: a row for each day with a column for each currency, as central banks publish
    reference rates. `rows`: a row for each rate, with the columns date, currency and rate."""
    columns: RateColumns = RateColumns()
    """The headers. In layout `columns`, any other header that is a currency code is a currency."""
    date_formats: DatePatterns = ("yyyy-MM-dd",)
    """The date patterns of the day, tried in order."""
    of: Currency = "EUR"
    """The currency that the rates compare the others with."""
    direction: Literal["units_for_one", "value_of_one"] = "units_for_one"
    """The meaning of a rate. `units_for_one`: units of the currency for one unit of `of`, as in
    reference rates. `value_of_one`: the value of one unit of the currency, in `of`."""
    units: Units = Decimal(1)
    """How many units each rate is for: a number, or a number for each currency, such as JPY: 100
    if the file has the value of 100 yen. The delivered rate is divided by it."""
    no_rate: Annotated[tuple[Text, ...], OneOrMany] = ()
    """Texts that mean that there is no rate, beside an empty cell, N/A, ND, NaN, null, dashes and
    dots."""
    same_name: Literal["corrects", "adds"] = "corrects"
    """The meaning of a file of rates with the name of an earlier one and other bytes: `corrects`,
    it replaces the earlier file, whose rates leave; `adds`, it has further rates under a name that
    is used again, such as every day."""
    max_change: Factor = Decimal(2)
    """How many times as much, or less, a rate may be than those around it. A file with another one,
    or with one that is near the inverse, ten, a hundred or a thousand times those, is held until
    it is accepted."""
    max_age_days: Annotated[int, Field(ge=0)] = 7
    """The greatest age in days of a rate for a day without one of its own."""

    @staticmethod
    def mismatches(rates: Plain, /) -> Iterator[Mismatch]:
        """Yields keys of the rates that do not fit together, and days that are out of order."""
        yield from below(("csv",), dialect_mismatches(mapping(rates.get("csv"))))
        fixed = mapping(rates.get("fixed"))
        for currency, dated in fixed.items():
            yield from below(("fixed", currency), order_mismatches(dated))
        yield from _policy_mismatches(rates, policy_of(rates), is_fixed=bool(fixed))
        has_columns = rates.get("layout", "columns") == "columns"
        if has_columns and rates.get("direction") == "value_of_one":
            what = "only for layout rows: a file with a column for each currency has units for one"
            yield Mismatch(("direction",), what, "; take it out, or write layout: rows")
        yield from _unit_mismatches(rates, has_columns=has_columns)

    @property
    def chosen_policy(self) -> Policy:
        """The policy, or its default if none is written."""
        return self.policy or ("fixed" if self.landing is None else "daily")

    def fingerprint(self) -> str:
        """Returns 16 hex digits that change when the meaning of the files of rates does.

        The choice among the rates does not count, because every run chooses again.
        """
        chosen = {"policy", "fixed", "landing", "max_age_days", "max_change", "same_name"}
        meaning = self.model_dump(mode="json", exclude=chosen, exclude_defaults=True)
        canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).hexdigest()[:16]

    def units_of(self, currency: str) -> Decimal:
        """Returns how many units of a currency a delivered rate is for."""
        if isinstance(self.units, Decimal):
            return self.units
        return self.units.get(currency, Decimal(1))

    def fixed_rates(self, currency: str) -> tuple[tuple[date | None, Decimal], ...]:
        """Returns the declared rates of a currency in order, each with its first day.

        The day is None for a rate that applies from the beginning. There are no rates for a
        currency without a declared one, the base currency included.
        """
        declared = self.fixed.get(currency, ())
        if isinstance(declared, Decimal):
            return ((None, declared),)
        return tuple((dated.since, dated.rate) for dated in declared)


def _unit_mismatches(rates: Plain, *, has_columns: bool) -> Iterator[Mismatch]:
    if mapping(rates.get("columns")).get("units") is None:
        return
    if has_columns:
        what = "only for layout rows: a file with a column for each currency has no column of units"
        yield Mismatch(("columns", "units"), what, "; write units: with a number for each currency")
    elif rates.get("units", 1) != 1:
        what = "also in a column of the files"
        yield Mismatch(("units",), what, "; take one of them out", shows=False)


def policy_of(rates: Plain) -> object:
    """Returns the policy, or its default if none is written."""
    return rates.get("policy") or ("daily" if rates.get("landing") is not None else "fixed")


def _policy_mismatches(rates: Plain, policy: object, *, is_fixed: bool) -> Iterator[Mismatch]:
    has_files = rates.get("landing") is not None
    if policy == "fixed" and has_files:
        do = "; take one of them out, or write policy: daily"
        yield Mismatch(("landing",), "files of rates, which policy fixed does not take", do)
    elif policy in WITH_FILES and not has_files:
        do = "; write the pattern of the files, such as rates/*.csv, or policy: fixed"
        yield Mismatch(("landing",), f"missing, and policy {policy} needs it", do, shows=False)
    if policy in WITH_FILES and is_fixed:
        what = f"rates that policy {policy} does not take"
        do = "; take them out, or take landing out and write policy: fixed"
        yield Mismatch(("fixed",), what, do, shows=False)
