"""Where exchange rates come from, and which of them a sale takes."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from sales_pipeline.config.declared import Declared
from sales_pipeline.config.dialect import Dialect
from sales_pipeline.config.findings import raise_findings
from sales_pipeline.config.places import ONE, SEVERAL
from sales_pipeline.config.rates_checks import rates_findings
from sales_pipeline.config.values import (
    Currency,
    DatePattern,
    Day,
    Header,
    LandingPattern,
    OneOrMany,
    Rate,
    one_or_several,
)

Policy = Literal["fixed", "daily", "month_average", "month_end"]


class DatedRate(Declared):
    """A fixed rate from some day on."""

    rate: Rate
    """Units of base currency for one unit."""
    since: Day | None = None
    """The first day of it; none for the first of several."""


DatedRates = Annotated[
    Annotated[Rate, Tag(ONE)] | Annotated[tuple[DatedRate, ...], Field(min_length=1), Tag(SEVERAL)],
    Discriminator(one_or_several),
]


class RateColumns(Declared):
    """The headers of a file of rates."""

    date: Header = "date"
    """The header of the day."""
    currency: Header = "currency"
    """The header of the currency, in a file with a row for each rate."""
    rate: Header = "rate"
    """The header of the rate, in a file with a row for each rate."""


class Rates(Declared):
    """Where exchange rates come from, and which of them a sale takes."""

    policy: Policy | None = None
    """Which rate a sale takes: `fixed`, one from this declaration; `daily`, that of its day;
    `month_average`, the mean of those published in its month; `month_end`, the last of its month.
    Unless given: daily where `landing` is, else fixed."""
    fixed: dict[Currency, DatedRates] = {}
    """Each currency and the units of base currency for one unit of it, such as USD: 0.85; or
    several, each since a day."""
    landing: LandingPattern | None = None
    """The pattern of files of rates below the landing folder, such as rates/*.csv."""
    csv: Dialect = Dialect()
    """How the files are written."""
    layout: Literal["columns", "rows"] = "columns"
    """A row for each day with a column for each currency, as central banks publish reference
    rates; or a row for each rate, with the columns date, currency and rate."""
    columns: RateColumns = RateColumns()
    """The headers. Whatever else a file with columns has is a currency, if its header is a code."""
    date_formats: Annotated[tuple[DatePattern, ...], OneOrMany, Field(min_length=1)] = (
        "yyyy-MM-dd",
    )
    """The patterns of the day, tried in order."""
    of: Currency = "EUR"
    """The currency that the others are compared with."""
    direction: Literal["units_for_one", "value_of_one"] = "units_for_one"
    """What a rate says: units of the currency for one of `of`, as reference rates do; or the value
    of one unit of the currency, in `of`."""
    max_age_days: Annotated[int, Field(ge=0)] = 7
    """How many days a rate may be old where a day has none of its own."""

    @model_validator(mode="after")
    def _keys_fit(self) -> Rates:
        plain = self.model_dump()
        raise_findings("Rates", plain, rates_findings(plain))
        return self

    @property
    def chosen_policy(self) -> Policy:
        """The policy, with what it is where none is written."""
        return self.policy or ("fixed" if self.landing is None else "daily")

    def fingerprint(self) -> str:
        """Returns 16 hex digits that change when the records of files of rates mean something else.

        Which of the rates a sale takes does not count: that is chosen again in every run.
        """
        chosen = {"policy", "fixed", "landing", "max_age_days"}
        meaning = self.model_dump(mode="json", exclude=chosen, exclude_defaults=True)
        canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).hexdigest()[:16]

    def fixed_rates(self, currency: str) -> tuple[tuple[date | None, Decimal], ...]:
        """Returns the declared rates of a currency in order, each with its first day.

        The first has no day where it holds from the beginning. A currency without a fixed
        rate has none here, and neither has the base currency unless it is written.
        """
        found = self.fixed.get(currency, ())
        if isinstance(found, Decimal):
            return ((None, found),)
        return tuple((each.since, each.rate) for each in found)
