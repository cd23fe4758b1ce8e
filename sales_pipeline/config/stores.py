"""The stores of a feed: one, or those that a column of its files tells apart."""

from __future__ import annotations

from sales_pipeline.config.declared import Declared
from sales_pipeline.config.values import Country, Currency, Identifier, Text


class Store(Declared):
    """A store: an id that never changes, and how it is shown."""

    id: Identifier
    """The store's id, which never changes; every table refers to the store by it."""
    name: Text
    """The name, as shown."""
    city: Text
    """The city, as shown."""
    country: Country
    """The country's ISO 3166-1 alpha-2 code, such as FR."""


class ListedStore(Store):
    """A store of a feed that delivers the sales of many."""

    currency: Currency | None = None
    """The currency of the store's amounts, where it is not the feed's."""
