"""What the catalogue knows, and what it makes of a product as delivered (P9).

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
"""What stands for the language where a product is known by its code."""
PRODUCTS = "silver.products"
Key = tuple[str, str]
"""What a product is looked up with: (language, name), or (`CODE`, code)."""


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
        """What it is looked up with."""
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
    """(language, normalised name) or (`CODE`, code) -> what `silver.products` says of it."""
    products = map(Product.from_row, lakehouse.rows(PRODUCTS))
    return {each.key: each for each in products}


def normalised(name: str) -> str:
    r"""A name as it is looked up.

    >>> normalised(" Cafe\u0301\u00a0 moulu ")
    'Café moulu'
    """
    return " ".join(visible_form(name).split())


def caseless(name: str) -> str:
    """A name as it is looked up where capitals and small letters are the same.

    >>> caseless("GROSSE STRASSE") == caseless("Große Straße")
    True
    """
    return unicodedata.normalize("NFC", normalised(name).casefold())


class Names:
    """An index of what the catalogue knows.

    Args:
        known: All names and codes.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._caseless: dict[Key, list[Product]] = {}
        for each in known.values():
            if each.language != CODE:
                key = (each.language, caseless(each.source))
                self._caseless.setdefault(key, []).append(each)

    def of(self, feed: Feed, text: str | None) -> Product | None:
        """What a feed's product as delivered means, or None where that is not known."""
        language = CODE if feed.product_by == "code" else feed.language
        return self.lookup(language, text or "", ignore_case=feed.ignore_case)

    def lookup(self, language: str, source: str, *, ignore_case: bool = False) -> Product | None:
        """What a name, or a code where the language is `CODE`, means.

        Args:
            language: The language of the name.
            source: The name as delivered.
            ignore_case: Whether a name that differs in capitals is found too: where the very
                name is not known, and all that differ from it so mean the same.
        """
        exact = self._known.get((language, normalised(source)))
        if exact is not None or language == CODE or not ignore_case:
            return exact
        alike = self._caseless.get((language, caseless(source)), [])
        if len({each.meaning for each in alike}) != 1:
            return None
        return max(alike, key=lambda each: (each.file_id, each.row, each.source))


def near_matches(known: Known, language: str, name: str, count: int = 3) -> list[str]:
    """The names or codes of a language that are most like one that is not known.

    Args:
        known: All names and codes.
        language: The language, or `CODE`.
        name: The name or code as delivered.
        count: How many are given at most, the likest first.
    """
    sources = sorted(each.source for each in known.values() if each.language == language)
    by_caseless: dict[str, str] = {}
    for source in sources:
        by_caseless.setdefault(caseless(source), source)
    found = difflib.get_close_matches(caseless(name), by_caseless, n=count)
    return [by_caseless[each] for each in found]
