"""The stores of a feed, and the currency of its amounts, which may change on some day."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Field, Tag

from sales_pipeline.config.problems import ONE, SEVERAL
from sales_pipeline.config.values import (
    Country,
    Currency,
    Day,
    Declared,
    Identifier,
    Text,
    one_or_several,
)


class Store(Declared):
    """A store: an id that never changes, and the names to show."""

    id: Identifier
    """The store's id, which never changes; every table refers to the store by it."""
    name: Text
    """The name to show."""
    city: Text
    """The city to show."""
    country: Country
    """The country's ISO 3166-1 alpha-2 code, such as FR."""


class ListedStore(Store):
    """A store of a feed that delivers the sales of many stores."""

    currency: Currency | None = None
    """The currency of the store's amounts, if it is not the feed's."""


class DatedCurrency(Declared):
    """The currency of a feed from some day on."""

    currency: Currency
    """The currency's ISO 4217 code."""
    since: Day | None = None
    """The first day on which it applies; left out for the first of several."""


DatedCurrencies = Annotated[
    Annotated[Currency, Tag(ONE)]
    | Annotated[tuple[DatedCurrency, ...], Field(min_length=1), Tag(SEVERAL)],
    Discriminator(one_or_several),
]
