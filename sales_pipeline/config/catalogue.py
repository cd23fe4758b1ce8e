"""The product catalogue: its names, codes and prices, and the checks on them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sales_pipeline.config.files import Dialect, dialect_mismatches
from sales_pipeline.config.problems import Mismatch, Plain, below, mapping
from sales_pipeline.config.values import (
    Currency,
    DatePatterns,
    Declared,
    Header,
    LandingPattern,
    Language,
    Share,
)


class CatalogueLanguage(Declared):
    """The headers of one language in the catalogue file."""

    product: Header
    """The header of the column with the product's name."""
    category: Header
    """The header of the column with the category's name."""


class CatalogueRows(Declared):
    """The headers of a catalogue with a row for each product and language."""

    language: Header
    """The header of the column with the language's ISO 639-1 code."""
    product: Header
    """The header of the column with the product's name in that language."""
    category: Header | None = None
    """The header of the column with the category's name in that language."""


class ListPrice(Declared):
    """The columns of a catalogue with the price of a unit."""

    amount: Header
    """The header of the column with the price of one unit."""
    currency: Currency | None = None
    """The currency of all prices."""
    currency_column: Header | None = None
    """The header of the column with the currency of each price."""
    valid_from: Header | None = None
    """The header of the column with the first day of the price; without one it always applies."""
    date_formats: DatePatterns = ("yyyy-MM-dd",)
    """The date patterns of that day, tried in order."""


class Catalogue(Declared):
    """The product catalogue: names in every language, and codes and prices if it has them."""

    landing: LandingPattern = "catalogue/*.csv"
    """The pattern of the catalogue's files below the landing folder."""
    csv: Dialect = Dialect()
    """The CSV dialect of the files."""
    languages: dict[Language, CatalogueLanguage] = {}
    """Each language and the headers of its two columns, if a row is a product."""
    rows: CatalogueRows | None = None
    """The headers, if a row is a product in one language. Rows with the same `code` are one
    product."""
    code: Header | None = None
    """The header of the column with the product's code."""
    price: ListPrice | None = None
    """The columns with the price of a product."""
    max_renamed: Share = Decimal("0.20")
    """The share of the known products of a file above which it is held until it is accepted, if
    they would get another name or category. Up to five products do not count that keep their
    category or the longest word of their name."""

    @property
    def verdict(self) -> str:
        """A text that changes when other files may be refused or held."""
        return self.model_dump_json(exclude={"landing"}, exclude_defaults=True)

    @staticmethod
    def mismatches(catalogue: Plain, /) -> Iterator[Mismatch]:
        """Yields parts of a catalogue that are missing or do not fit together."""
        yield from below(("csv",), dialect_mismatches(mapping(catalogue.get("csv"))))
        yield from _layout_mismatches(catalogue)
        price = catalogue.get("price")
        if price is not None:
            yield from below(("price",), _price_mismatches(mapping(price)))


def _layout_mismatches(catalogue: Plain) -> Iterator[Mismatch]:
    wide, rows = catalogue.get("languages"), catalogue.get("rows")
    if rows is not None and wide:
        do = "; keep languages where a row is a product, rows where it is one in one language"
        yield Mismatch(("rows",), "not together with languages", do, shows=False)
    elif rows is None and not wide:
        do = "; write each language and the headers of its two columns, or write rows"
        yield Mismatch(("languages",), "missing, and so is rows", do, shows=False)
    if rows is not None and catalogue.get("code") is None:
        do = "; write its header: the code tells which rows are one product"
        yield Mismatch(("code",), "missing, and rows needs it", do, shows=False)


def _price_mismatches(price: Plain) -> Iterator[Mismatch]:
    given = [key for key in ("currency", "currency_column") if price.get(key) is not None]
    if not given:
        do = "; write the currency of all prices, or the header of the column with that of each"
        yield Mismatch(("currency",), "missing, and so is currency_column", do, shows=False)
    elif len(given) == 2:
        do = "; keep one of them"
        yield Mismatch(("currency_column",), "not together with currency", do, shows=False)
