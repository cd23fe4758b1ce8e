"""List prices of the catalogue, and the price that a sale takes (P9).

If a feed declares `price_from: catalogue`, the validator takes a sale's unit price and its
currency from here:

    known_prices(lakehouse) -> dict[Key, tuple[Price, ...]]
        All list prices, by the key of their look-up: the `key` of the product that
        `products.Names` found, which is (language, name), or ("*", code). Each product's
        prices are sorted by the day from which they hold; a product without one is not there.
    price_on(prices, day) -> Price | None
        The price that holds on a day; None before the first.

A list price holds from its `valid_from`, or always, until the next one; it is taken as of
the day of the sale, and is in its own currency.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.silver.reference.products import Key

ALWAYS = date.min
"""The `valid_from` of a price that has none: it holds from the beginning."""
LIST_PRICES = "silver.list_prices"


@dataclass(frozen=True)
class Price:
    """The price of one unit of a product from a day on, and the record that states it.

    Its text as delivered is not kept.
    """

    valid_from: date
    price: Decimal
    currency: str
    file_id: int
    row: int
    text: str = field(default="", compare=False)

    @property
    def money(self) -> tuple[Decimal, str]:
        """The price with its currency."""
        return self.price, self.currency

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Price:
        """The price that a row of `silver.list_prices` holds."""
        names = ("valid_from", "price", "currency", "_file_id", "_row")
        return cls(*(row[name] for name in names))

    def as_row(self, key: Key) -> dict[str, Any]:
        """The row of `silver.list_prices`."""
        return {
            "language": key[0],
            "source": key[1],
            "valid_from": self.valid_from,
            "price": self.price,
            "currency": self.currency,
            "_file_id": self.file_id,
            "_row": self.row,
        }


Prices = Mapping[Key, tuple[Price, ...]]


def known_prices(lakehouse: Lakehouse) -> dict[Key, tuple[Price, ...]]:
    """All list prices: (language, name) or ("*", code) -> prices by their first day."""

    def place(row: Mapping[str, Any]) -> tuple[Key, date]:
        return (row["language"], row["source"]), row["valid_from"]

    rows = sorted(lakehouse.rows(LIST_PRICES), key=place)
    of_key = groupby(rows, key=lambda row: place(row)[0])
    return {key: tuple(map(Price.from_row, price_rows)) for key, price_rows in of_key}


def price_on(prices: Sequence[Price], day: date) -> Price | None:
    """The price that holds on a day, or None before the first.

    Args:
        prices: The prices of one product, by their first day.
        day: The day of the sale.

    >>> new = Price(date(2025, 3, 1), Decimal("12"), "EUR", 1, 1)
    >>> price_on([new], date(2025, 3, 1)).price, price_on([new], date(2025, 2, 28))
    (Decimal('12'), None)
    """
    place = bisect_right([price.valid_from for price in prices], day)
    return prices[place - 1] if place else None


def repriced(before: Sequence[Price], after: Sequence[Price]) -> Iterator[tuple[date, date | None]]:
    """Yields the periods in which a product's price changed: first day, and day after the last.

    >>> old = Price(ALWAYS, Decimal(10), "EUR", 1, 1)
    >>> new = Price(date(2025, 3, 1), Decimal(12), "EUR", 2, 1)
    >>> list(repriced([old], [old, new]))
    [(datetime.date(2025, 3, 1), None)]
    """
    starts = sorted({price.valid_from for price in (*before, *after)})
    for start, end in zip(starts, [*starts[1:], None], strict=False):
        old, new = price_on(before, start), price_on(after, start)
        if (old and old.money) != (new and new.money):
            yield start, end
