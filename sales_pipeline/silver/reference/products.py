"""The products that the catalogue knows, looked up by name or by code (P9).

The catalogue is small, so it is read in plain Python: names are matched by their
Unicode NFC form, with every run of white space as one space. No engine can do that.

    Names(known).of(feed, text) -> Product | None
        What a feed's text in the column `product` means, by name or by code.
    Names(known).lookup(language, source, ignore_case=...) -> Product | None
        The same for any language; `CODE` is the language of codes.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sales_pipeline.config.model import Feed
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.visible_text import visible_form

CODE = "*"
"""Takes the place of the language if a product is known by its code."""
PRODUCTS = "silver.products"
_NEAR_MATCHES = 3
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
        names = ("language", "source", "product", "category", "_file_id", "_row")
        return cls(*(row[name] for name in names))

    def as_row(self) -> dict[str, Any]:
        """The row of `silver.products`."""
        return {
            "language": self.language,
            "source": self.source,
            "product": self.product,
            "category": self.category,
            "_file_id": self.file_id,
            "_row": self.row,
        }


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

        Args:
            language: The language, or `CODE`.
            name: The name or code as delivered.
        """
        sources = self._by_caseless.get(language, {})
        matches = difflib.get_close_matches(caseless(name), sources, n=_NEAR_MATCHES)
        return [sources[match] for match in matches]
