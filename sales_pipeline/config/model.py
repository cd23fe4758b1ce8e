"""What a retailer declares: feeds, stores, currencies, the catalogue, the rates.

The model is the vocabulary of `config.yaml`. It refuses keys it does not know,
and its JSON Schema (`sales-pipeline config schema`) is generated from it.
"""

from __future__ import annotations

import json
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sales_pipeline.config.checks import (
    REQUIRED_SALE_COLUMNS,
    RESERVED_FEEDS,
    declaration_findings,
    dialect_findings,
    feed_findings,
    raise_findings,
)
from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.config.values import (
    Country,
    Currency,
    DatePattern,
    Header,
    Identifier,
    LandingPattern,
    Language,
    Mark,
    OneOrMany,
    Rate,
    Share,
    Text,
    landing_root,
)

__all__ = [
    "ENCODINGS",
    "REQUIRED_SALE_COLUMNS",
    "RESERVED_FEEDS",
    "SALE_COLUMNS",
    "Catalogue",
    "CatalogueLanguage",
    "Country",
    "Currency",
    "DatePattern",
    "Declaration",
    "Declared",
    "Dialect",
    "Encoding",
    "Feed",
    "Header",
    "Identifier",
    "LandingPattern",
    "Language",
    "Rate",
    "Rates",
    "Share",
    "Store",
]

Encoding = Literal["utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "cp932", "utf-16"]
ENCODINGS: tuple[str, ...] = get_args(Encoding)
SALE_COLUMNS = ("sale_id", "sold_on", "product", "unit_price", "quantity", "amount")


class Declared(BaseModel):
    """The base of all parts: immutable, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Dialect(Declared):
    """How a feed's CSV files are written."""

    delimiter: Mark = ","
    """The one character between two fields."""
    quote: Mark = '"'
    """The character around a field that holds delimiters, quotes (doubled) or line ends."""
    encoding: Encoding = "utf-8"
    """The characters' encoding; a byte order mark is taken as one and removed."""
    decimal: Literal[".", ","] = "."
    """The decimal mark of the numbers."""

    @model_validator(mode="after")
    def _marks_differ(self) -> Dialect:
        plain = self.model_dump()
        raise_findings("Dialect", plain, dialect_findings(plain))
        return self


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


class Feed(Declared):
    """One stream of landing files of one shape, delivered by one store."""

    landing: LandingPattern
    """The pattern of the files below the landing folder, such as `paris/*.csv`."""
    store: Store
    """The store whose sales these are."""
    currency: Currency
    """The currency of every amount, an ISO 4217 code."""
    language: Language
    """The language of the product names: they are looked up in that column of the catalogue."""
    csv: Dialect = Dialect()
    """How the files are written."""
    date_formats: Annotated[tuple[DatePattern, ...], OneOrMany, Field(min_length=1)]
    """One or several date patterns, tried in order, such as dd/MM/yyyy."""
    columns: Annotated[dict[Identifier, Header], Field(min_length=1)]
    """Each column's name and its header in the file. sold_on, product and quantity are required,
    and amount or unit_price; others are kept in bronze and may be used in conditions and keys."""
    key: Annotated[tuple[Identifier, ...], OneOrMany] = ("sale_id",)
    """The columns that tell two sales apart; `[]` makes every record a sale of its own."""
    exclude_when: Text | None = None
    """A SQL condition over the columns as delivered (all text) for records to leave out."""
    max_quarantined: Share = Decimal("0.20")
    """The share of quarantined records beyond which a file is rejected whole."""

    @model_validator(mode="after")
    def _columns_fit(self) -> Feed:
        plain = self.model_dump()
        raise_findings("Feed", plain, feed_findings(plain))
        return self

    @property
    def landing_root(self) -> str:
        """The folders of the landing pattern before its first wildcard: `paris`, or nothing."""
        return landing_root(self.landing)

    def fingerprint(self) -> str:
        """Returns 16 hex digits that change when the meaning of the feed's records does.

        The landing pattern, the tolerance and how the store is shown do not count, nor does
        the order of the key's columns. Defaults are left out, so that a key this package
        learns later does not change the fingerprint of feeds that do not use it.
        """
        meaning = self.model_dump(
            mode="json",
            exclude={
                "landing": True,
                "max_quarantined": True,
                "store": {"name", "city", "country"},
            },
            exclude_defaults=True,
        )
        meaning["key"] = sorted(self.key)
        canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).hexdigest()[:16]


class CatalogueLanguage(Declared):
    """The headers of one language in the catalogue file."""

    product: Header
    """The header of the column with the product's name."""
    category: Header
    """The header of the column with the category's name."""


class Catalogue(Declared):
    """The product catalogue: one row a product, two columns a language."""

    landing: LandingPattern = "catalogue/*.csv"
    """The pattern of the catalogue's files below the landing folder."""
    csv: Dialect = Dialect()
    """How the files are written."""
    languages: Annotated[dict[Language, CatalogueLanguage], Field(min_length=1)]
    """Each language and the headers of its two columns."""


class Rates(Declared):
    """Where exchange rates come from."""

    policy: Literal["fixed"] = "fixed"
    """The kind of rates; `fixed`: one rate a currency, from this declaration."""
    fixed: dict[Currency, Rate] = {}
    """Each currency and the units of base currency for one unit of it, such as USD: 0.85."""


class Declaration(Declared):
    """A retailer's whole declaration, as in `config.yaml`."""

    language: Language = "en"
    """The language of product and category names in silver and gold."""
    base_currency: Currency = "EUR"
    """The currency of every revenue in gold; cannot change once a lakehouse is made."""
    landing: Text = "./landing"
    """The folder that receives files; relative to the working directory."""
    lakehouse: Text = "./lakehouse"
    """The folder of the tables, the archive and the rejected files."""
    batch_bytes: Annotated[int, Field(ge=1)] = 1_000_000_000
    """The bytes of landing files that are taken at a time, about, which bounds memory."""
    rates: Rates = Rates()
    """The exchange rates."""
    catalogue: Catalogue
    """The product catalogue."""
    feeds: Annotated[dict[Identifier, Feed], Field(min_length=1)]
    """Each feed's name and shape. Files found together are taken in this order."""

    @model_validator(mode="after")
    def _parts_fit(self) -> Declaration:
        plain = self.model_dump()
        raise_findings("Declaration", plain, declaration_findings(plain))
        return self

    @property
    def minor_units(self) -> int:
        """The decimals of the base currency: 2 for EUR, 0 for JPY."""
        return MINOR_UNITS[self.base_currency]

    def meaning_of(self, feed: str) -> str:
        """Returns 16 hex digits that change when the records of a feed would be judged otherwise.

        That is the feed's own fingerprint and the language that products are translated into.
        """
        text = f"{self.feeds[feed].fingerprint()} {self.language}"
        return sha256(text.encode()).hexdigest()[:16]
