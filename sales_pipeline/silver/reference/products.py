"""The products that the catalogue knows, looked up by name or by code, and their prices (P9).

The catalogue is small, so it is read in plain Python: names are matched by their
Unicode NFC form, with every run of white space as one space. No engine can do that.

A list price holds from its `valid_from`, or always, until the next one. If a feed declares
`price_from: catalogue`, a sale takes the price of its day, in the currency of the price.
"""

from __future__ import annotations

import difflib
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from sales_pipeline.config.feed import Feed
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.visible_text import visible_form

CODE = "*"
"""Takes the place of the language if a product is known by its code."""
PRODUCTS = "silver.products"
_NEAR_MATCHES = 3
_PRODUCT_COLUMNS = ("language", "source", "product", "category", "_file_id", "_row")
Key = tuple[str, str]
"""The key by which a product is looked up: (language, name), or (`CODE`, code)."""


@dataclass(frozen=True)
class Product:
    """One name or code that the catalogue knows, as a row of `silver.products`."""

    language: str
    source: str
    product: str
    category: str | None
    file_id: int
    row: int

    @property
    def key(self) -> Key:
        """The key by which it is looked up."""
        return self.language, self.source

    @property
    def meaning(self) -> tuple[str, str | None]:
        """The product and its category."""
        return self.product, self.category

    @property
    def described(self) -> str:
        """The product and its category, as a message shows them."""
        return f"{self.product!r} ({self.category})" if self.category else repr(self.product)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Product:
        """The product that a row of `silver.products` holds."""
        return cls(*(row[name] for name in _PRODUCT_COLUMNS))

    def as_row(self) -> dict[str, Any]:
        """The row of `silver.products`."""
        return dict(zip(_PRODUCT_COLUMNS, astuple(self), strict=True))


Known = Mapping[Key, Product]


def known_products(lakehouse: Lakehouse) -> dict[Key, Product]:
    """Returns (language, normalised name) or (`CODE`, code) -> its row of `silver.products`."""
    products = map(Product.from_row, lakehouse.rows(PRODUCTS))
    return {product.key: product for product in products}


def normalised(name: str) -> str:
    r"""A name as it is looked up.

    >>> normalised(" Cafe\u0301\u00a0 moulu ")
    'Café moulu'
    """
    return " ".join(visible_form(name).split())


def caseless(name: str) -> str:
    """A name as it is looked up if capitals and small letters are the same.

    >>> caseless("GROSSE STRASSE") == caseless("Große Straße")
    True
    """
    return unicodedata.normalize("NFC", normalised(name).casefold())


class Names:
    """An index of the known names and codes.

    Args:
        known: All names and codes.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._caseless: dict[Key, list[Product]] = {}
        for product in known.values():
            if product.language != CODE:
                key = (product.language, caseless(product.source))
                self._caseless.setdefault(key, []).append(product)

    def of(self, feed: Feed, text: str | None) -> Product | None:
        """The meaning of a feed's product as delivered, or None if it is not known."""
        language = CODE if feed.product_by == "code" else feed.language
        return self.lookup(language, text or "", ignore_case=feed.ignore_case)

    def lookup(self, language: str, source: str, *, ignore_case: bool = False) -> Product | None:
        """The meaning of a name, or of a code if the language is `CODE`.

        Args:
            language: The language of the name.
            source: The name as delivered.
            ignore_case: Whether a name that differs in capitals is found too, if the exact
                name is not known and all such names mean the same.
        """
        exact = self._known.get((language, normalised(source)))
        if exact is not None or language == CODE or not ignore_case:
            return exact
        alike = self._caseless.get((language, caseless(source)), [])
        if len({product.meaning for product in alike}) != 1:
            return None
        return max(alike, key=lambda product: (product.file_id, product.row, product.source))


class NearNames:
    """An index of the known names and codes by their caseless forms, to find names like another.

    Args:
        known: All names and codes.
    """

    def __init__(self, known: Known) -> None:
        self._by_caseless: dict[str, dict[str, str]] = {}
        for language, source in sorted(known):
            of_language = self._by_caseless.setdefault(language, {})
            of_language.setdefault(caseless(source), source)

    def like(self, language: str, name: str) -> list[str]:
        """The known names or codes of a language that are most like one, the likest first.

        Compares it with every known name, which takes a tenth of a second for 20,000 names.
        """
        sources = self._by_caseless.get(language, {})
        matches = difflib.get_close_matches(caseless(name), sources, n=_NEAR_MATCHES)
        return [sources[match] for match in matches]


ALWAYS = date.min
"""The `valid_from` of a price that has none: it holds from the beginning."""
LIST_PRICES = "silver.list_prices"
_PRICE_COLUMNS = ("valid_from", "price", "currency", "_file_id", "_row")


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
        return cls(*(row[name] for name in _PRICE_COLUMNS))

    def as_row(self, key: Key) -> dict[str, Any]:
        """The row of `silver.list_prices`."""
        *values, _text = astuple(self)
        return dict(zip(("language", "source", *_PRICE_COLUMNS), (*key, *values), strict=True))


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
