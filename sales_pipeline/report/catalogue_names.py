"""Names that the catalogue knows, and names that sales wait for (P9).

As data that is read without Spark, as text, as JSON and as CSV; every name is untrusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import PlainSerializer
from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import UsageError, counted, did_you_mean, examples
from sales_pipeline.gold.rate_book import RateBook, rate_book
from sales_pipeline.lakehouse.declared_tables import catalogue_columns
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.lakehouse.opening import made_lakehouse
from sales_pipeline.printable import printable
from sales_pipeline.report.document import Amounts, Exact, View, csv_text, json_objects
from sales_pipeline.report.figures import quantity
from sales_pipeline.report.layout import cell, money_lines, new_table, titled
from sales_pipeline.silver.reference import products
from sales_pipeline.silver.reference.missing_names import MissingName, compare, missing_names
from sales_pipeline.silver.reference.products import ALWAYS, known_prices, known_products

CODE = "code"
"""Shown as the language of a product's code."""


def _first_day(day: date) -> str | None:
    return None if day == ALWAYS else day.isoformat()


@dataclass(frozen=True)
class KnownPrice:
    """A list price.

    Attributes:
        price: The price of one unit.
        currency: Its currency.
        valid_from: The first day on which it holds.
        file: The landing file that says so.
    """

    price: Exact
    currency: str
    valid_from: Annotated[date, PlainSerializer(_first_day)]
    file: str


@dataclass(frozen=True)
class KnownName:
    """A name or a code that the catalogue knows.

    Attributes:
        language: The language of the name, or `code`.
        source: The name or code.
        product: The product that it means.
        category: The category of the product.
        file: The landing file that taught it last.
        prices: Its list prices, by their first days.
    """

    language: str
    source: str
    product: str
    category: str | None
    file: str
    prices: tuple[KnownPrice, ...]

    def has(self, text: str) -> bool:
        """Says whether a text is part of the name, the product or the category."""
        wanted = products.caseless(text)
        parts = (self.source, self.product, self.category or "")
        return any(wanted in products.caseless(part) for part in parts)


def known_names(
    declaration: Declaration, text: str = "", *, language: str | None = None
) -> list[KnownName]:
    """Returns the names that the catalogue knows, by product, language and name.

    Args:
        declaration: What the retailer declares.
        text: Part of the name, the product or the category, in any case.
        language: Only names in this language; `code` for codes.

    Raises:
        UsageError: There is no lakehouse yet, or no name in that language.
    """
    with made_lakehouse(declaration) as lakehouse:
        paths = {delivery.file_id: delivery.path for delivery in Ledger(lakehouse)}
        prices = known_prices(lakehouse)
        names = [
            KnownName(
                CODE if known.language == products.CODE else known.language,
                known.source,
                known.product,
                known.category,
                paths[known.file_id],
                tuple(
                    KnownPrice(price.price, price.currency, price.valid_from, paths[price.file_id])
                    for price in prices.get(key, ())
                ),
            )
            for key, known in known_products(lakehouse).items()
        ]
    if language is not None:
        _check_one_of("--language", language, {name.language for name in names})
        names = [name for name in names if name.language == language]
    chosen = [name for name in names if name.has(text)]
    return sorted(chosen, key=lambda name: (name.product, name.language, name.source))


@dataclass(frozen=True)
class Missing:
    """The names that the catalogue does not know, and how to teach it.

    Attributes:
        names: The names; the ones that hold back most money first.
        lesson: What a file of the catalogue needs to teach them.
    """

    names: tuple[MissingName, ...]
    lesson: str


def missing_from_catalogue(
    declaration: Declaration, *, feed: str | None = None, limit: int
) -> Missing:
    """Returns the names that sales wait for.

    Those that hold back most money come first, by the latest rate of each currency; then those
    that hold back most records.

    Args:
        declaration: What the retailer declares.
        feed: Only names that this feed delivers.
        limit: How many names will be shown; only these are compared with those of the catalogue.

    Raises:
        UsageError: There is no lakehouse yet, or no such feed.
    """
    if feed is not None:
        _check_one_of("--feed", feed, declaration.feeds)
    with made_lakehouse(declaration) as lakehouse:
        names = [name for name in missing_names(lakehouse) if feed in (None, name.feed)]
        book = rate_book(lakehouse)
        names.sort(key=lambda name: (-_worth(name, book), -name.records, name.feed, name.name))
        compare(lakehouse, names[:limit])
    return Missing(tuple(names), _lesson(declaration))


def _worth(missing: MissingName, book: RateBook) -> Decimal:
    """Approximate value of the records in base currency; a currency without any rate counts 0."""
    return sum(
        (abs(amount) * _latest(book, currency) for currency, amount in missing.amounts.items()),
        Decimal(0),
    )


def _latest(book: RateBook, currency: str) -> Decimal:
    if currency == book.base_currency:
        return Decimal(1)
    rates = list(book.known.get(currency, {}).values())
    return rates[-1] if rates else Decimal(0)


def _lesson(declaration: Declaration) -> str:
    """Returns in a sentence or two which headers a file needs to teach the catalogue a name."""
    catalogue = declaration.catalogue
    headers = ", ".join(catalogue_columns(declaration).values())
    if catalogue.rows is None:
        names = ", ".join(
            f"{headers_of.product} ({language})"
            for language, headers_of in catalogue.languages.items()
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
        meant = did_you_mean(given, there)
        which = f"There are {examples(there)}." if there else "There is none at all."
        raise UsageError(f"{option}: nothing of that name, got {given!r}.{meant} {which}")


class _Missing(View):
    feed: str
    name: str
    records: int
    amounts: Amounts
    near: list[str] | None


def known_document(names: Sequence[KnownName]) -> dict[str, Any]:
    """Returns known names, ready for JSON."""
    return {"names": json_objects(KnownName, names)}


def known_csv(names: Sequence[KnownName]) -> str:
    """Returns known names as CSV: a row for each name and list price."""
    prices = ("price", "currency", "valid_from", "price_file")
    rows: list[list[Any]] = []
    for name in known_document(names)["names"]:
        stated = name.pop("prices") or [dict.fromkeys(prices)]
        rows += [[*name.values(), *price.values()] for price in stated]
    return csv_text(("language", "source", "product", "category", "file", *prices), rows)


def missing_document(missing: Missing, *, limit: int) -> dict[str, Any]:
    """Returns the names that sales wait for, ready for JSON, and how many more there are."""
    return {
        "names": json_objects(_Missing, missing.names[:limit]),
        "more": max(0, len(missing.names) - limit),
        "lesson": missing.lesson,
    }


def missing_csv(missing: Missing, *, limit: int) -> str:
    """Returns the names that sales wait for as CSV: a row for each name and currency."""
    rows = [
        [name["feed"], name["name"], name["records"], amount, currency, name["near"]]
        for name in missing_document(missing, limit=limit)["names"]
        for currency, amount in (name["amounts"] or {"": None}).items()
    ]
    return csv_text(["feed", "name", "records", "amount", "currency", "near"], rows)


def known_text(names: Sequence[KnownName]) -> RenderableType:
    """Returns known names as a table."""
    if not names:
        return Text("The catalogue knows no such name.")
    are_priced = any(name.prices for name in names)
    headers = ("Language", "Name or code", "Product", "Category")
    columns = (*headers, *(("List price",) if are_priced else ()), "Taught by")
    table = new_table(*columns, fold=columns)
    for name in names:
        known = (name.language, name.source, name.product, name.category)
        prices = [_prices(name.prices)] if are_priced else []
        table.add_row(*map(cell, known), *prices, cell(name.file))
    return titled(f"The catalogue: {counted(len(names), 'name')}", table)


def _prices(prices: Sequence[KnownPrice]) -> Text:
    """The list prices of a name, one a line, each with its first day and its file."""
    return Text("\n".join(printable(_price(stated)) for stated in prices))


def _price(stated: KnownPrice) -> str:
    since = "" if stated.valid_from == ALWAYS else f" from {stated.valid_from}"
    return f"{quantity(stated.price)} {stated.currency}{since} ({stated.file})"


def missing_text(missing: Missing, *, limit: int) -> RenderableType:
    """Returns the names that sales wait for, and how to teach them."""
    if not missing.names:
        return Text("Nothing is missing: no sale waits for the catalogue to know its product.")
    texts, figures = ("Feed", "Name", "Like"), ("Records", "Amount")
    table = new_table("Feed", "Name", *figures, "Like", right=figures, fold=texts)
    for name in missing.names[:limit]:
        amount, near = money_lines(name.amounts), cell(name.like)
        table.add_row(cell(name.feed), cell(name.name), f"{name.records:,}", amount, near)
    more = len(missing.names) - limit
    remark = f"and {counted(more, 'more name')}: --limit" if more > 0 else ""
    title = f"Missing from the catalogue: {counted(len(missing.names), 'name')}"
    return Group(titled(title, table, remark=remark), Text(printable(missing.lesson)))
