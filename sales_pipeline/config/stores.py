"""The stores of a feed, and the currency of its amounts, which may change on some day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pydantic import Field

from sales_pipeline.config.problems import Mismatch, Plain
from sales_pipeline.config.taxes import StoreTax
from sales_pipeline.config.values import (
    Country,
    Currency,
    Day,
    Declared,
    Identifier,
    Text,
)


class Closure(Declared):
    """Some days on which a store was closed, for renovation for instance."""

    start: Day = Field(alias="from")
    """The first closed day."""
    end: Day = Field(alias="to")
    """The last closed day."""
    why: Text | None = None
    """The reason to show."""

    @staticmethod
    def mismatches(closure: Plain, /) -> Iterator[Mismatch]:
        """Yields a mismatch if the last day is before the first."""
        first, last = closure.get("from"), closure.get("to")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            yield Mismatch(("to",), "before from", "; write the last closed day")


class Store(Declared):
    """A store: an id that never changes, the names to show, and when it was open."""

    id: Identifier
    """The store's id, which never changes; every table refers to the store by it."""
    name: Text
    """The name to show."""
    city: Text
    """The city to show."""
    country: Country
    """The country's ISO 3166-1 alpha-2 code, such as FR."""
    opened: Day | None = None
    """The first day of business; without it, the month of its first sale counts."""
    closed: Day | None = None
    """The first day after it closed for good."""
    closures: tuple[Closure, ...] = ()
    """Days on which it was closed and then opened again."""

    @staticmethod
    def mismatches(store: Plain, /) -> Iterator[Mismatch]:
        """Yields a mismatch if the store closed before it opened."""
        opened, closed = store.get("opened"), store.get("closed")
        if isinstance(opened, date) and isinstance(closed, date) and closed <= opened:
            yield Mismatch(("closed",), "not after opened", "; write the first day after it closed")


SHOWN = ("name", "city", "country", "opened", "closed", "closures")
"""Keys of a store that no record's meaning depends on."""


class ListedStore(Store):
    """A store of a feed that delivers the sales of many stores."""

    currency: Currency | None = None
    """The currency of the store's amounts, if it is not the feed's."""
    tax: StoreTax | None = None
    """Whether the store's amounts include tax, in place of what the feed says as a whole."""


class DatedCurrency(Declared):
    """The currency of a feed from some day on."""

    currency: Currency
    """The currency's ISO 4217 code."""
    since: Day | None = None
    """The first day on which it applies; left out for the first of several."""
