"""What the catalogue knows, and what it lacks (P9); read without Spark."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches

from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, examples
from sales_pipeline.gold.rate_book import RateBook, rate_book
from sales_pipeline.lakehouse.declared_tables import catalogue_columns
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.silver.reference import products
from sales_pipeline.silver.reference.list_prices import Price, known_prices
from sales_pipeline.silver.reference.missing_names import MissingName, missing_names
from sales_pipeline.silver.reference.products import Product, known_products

CODE = "code"
"""What is shown as the language of a product's code."""


@dataclass(frozen=True)
class KnownPrice:
    """A list price, and the landing file that says so."""

    price: Price
    path: str


@dataclass(frozen=True)
class KnownName:
    """A name or a code that the catalogue knows.

    Attributes:
        known: What it means.
        path: The landing file that taught it last.
        prices: Its list prices, by their first days.
    """

    known: Product
    path: str
    prices: tuple[KnownPrice, ...]

    @property
    def language(self) -> str:
        """The language of the name, or `code`."""
        return _shown_language(self.known.language)

    def has(self, text: str) -> bool:
        """Says whether a text is part of the name, the product or the category."""
        asked = products.caseless(text)
        parts = (self.known.source, self.known.product, self.known.category or "")
        return any(asked in products.caseless(each) for each in parts)


def known_names(
    declaration: Declaration, text: str = "", *, language: str | None = None
) -> list[KnownName]:
    """Returns what the catalogue knows, by product, language and name.

    Args:
        declaration: What the retailer declares.
        text: What the name, the product or the category has in it, whatever its case.
        language: Only names in this language; `code` for codes.

    Raises:
        UsageError: There is no lakehouse yet, or no name in that language.
    """
    with made_lakehouse(declaration) as lakehouse:
        paths = {each.file_id: each.path for each in Ledger(lakehouse)}
        prices = known_prices(lakehouse)
        found = [
            KnownName(
                known,
                paths[known.file_id],
                tuple(KnownPrice(each, paths[each.file_id]) for each in prices.get(key, ())),
            )
            for key, known in known_products(lakehouse).items()
        ]
    if language is not None:
        _check_one_of("--language", language, {each.language for each in found})
        found = [each for each in found if each.language == language]
    chosen = [each for each in found if each.has(text)]
    return sorted(chosen, key=lambda each: (each.known.product, each.language, each.known.source))


def _shown_language(language: str) -> str:
    return CODE if language == products.CODE else language


@dataclass(frozen=True)
class Missing:
    """The names that the catalogue does not know, and how to teach it.

    Attributes:
        names: The names; those that hold back most money first.
        lesson: What a file of the catalogue needs to teach them.
    """

    names: tuple[MissingName, ...]
    lesson: str


def missing_from_catalogue(declaration: Declaration, *, feed: str | None = None) -> Missing:
    """Returns the names that sales wait for.

    Those that hold back most money come first, by the latest rate of each currency; then those
    that hold back most records.

    Args:
        declaration: What the retailer declares.
        feed: Only names that this feed delivers.

    Raises:
        UsageError: There is no lakehouse yet, or no such feed.
    """
    if feed is not None:
        _check_one_of("--feed", feed, declaration.feeds)
    with made_lakehouse(declaration) as lakehouse:
        found = [each for each in missing_names(lakehouse) if feed in (None, each.feed)]
        book = rate_book(lakehouse)
    found.sort(key=lambda each: (-_worth(each, book), -each.records, each.feed, each.name))
    return Missing(tuple(found), lesson(declaration))


def _worth(missing: MissingName, book: RateBook) -> Decimal:
    """About what the records come to in base currency; a currency without any rate counts 0."""
    return sum(
        (abs(amount) * _latest(book, currency) for currency, amount in missing.amounts.items()),
        Decimal(0),
    )


def _latest(book: RateBook, currency: str) -> Decimal:
    if currency == book.base_currency:
        return Decimal(1)
    rates = list(book.known.get(currency, {}).values())
    return rates[-1] if rates else Decimal(0)


def lesson(declaration: Declaration) -> str:
    """Returns in a sentence or two which headers a file needs to teach the catalogue a name."""
    catalogue = declaration.catalogue
    headers = ", ".join(catalogue_columns(declaration).values())
    if catalogue.rows is None:
        names = ", ".join(
            f"{each.product} ({language})" for language, each in catalogue.languages.items()
        )
        into = catalogue.languages[declaration.language]
        how = (
            f"A record has the name under the header of its language: {names}; "
            f"{into.product} must not be empty."
        )
    else:
        rows = catalogue.rows
        how = (
            f"A name has a record of its own, with its language under {rows.language} and its code "
            f"under {catalogue.code}; a record of the same code in {declaration.language} says "
            "what it means."
        )
    return f"Deliver a new file to {catalogue.landing} with the headers {headers}. {how}"


def _check_one_of(option: str, given: str, known: Iterable[str]) -> None:
    there = sorted(known)
    if given not in there:
        close = get_close_matches(given, there, n=1)
        meant = f" Did you mean {close[0]!r}?" if close else ""
        which = f"There are {examples(there)}." if there else "There is none at all."
        raise UsageError(f"{option}: nothing of that name, got {given!r}.{meant} {which}")
