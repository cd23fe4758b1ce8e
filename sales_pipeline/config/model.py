"""What a retailer declares: feeds, stores, currencies, the catalogue, the rates.

The model is the vocabulary of `config.yaml`. It refuses keys it does not know,
and its JSON Schema (`sales-pipeline config schema`) is generated from it.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from sales_pipeline.config.checks import (
    REQUIRED_SALE_COLUMNS,
    RESERVED_FEEDS,
    declaration_findings,
    dialect_findings,
    feed_findings,
    raise_findings,
)
from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.config.places import ONE, SEVERAL
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
    one_or_several,
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
Policy = Literal["fixed", "daily", "month_average", "month_end"]
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
    thousands: Literal["", ",", ".", " ", "'"] = ""
    """The mark between thousands, or nothing. A space also stands for the no-break spaces, an
    apostrophe for the typographic one."""
    symbols: Annotated[tuple[Text, ...], OneOrMany] = ()
    """Texts beside the numbers that are no part of them, such as € or EUR."""
    header: bool = True
    """Whether a row of headers stands before the records. Without one, a column's header in the
    declaration is its number in the file, from 1."""
    skip_lines: Annotated[int, Field(ge=0)] = 0
    """Lines before the header, or before the first record, that are no data."""
    footer_lines: Annotated[int, Field(ge=0)] = 0
    """Lines at the end that are no data, such as a line of totals."""

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


class ListedStore(Store):
    """A store of a feed that delivers the sales of many."""

    currency: Currency | None = None
    """The currency of the store's amounts, where it is not the feed's."""


class DatedCurrency(Declared):
    """The currency of a feed from some day on."""

    currency: Currency
    """The currency's ISO 4217 code."""
    since: date | None = None
    """The first day of it; none for the first of several."""


DatedCurrencies = Annotated[
    Annotated[Currency, Tag(ONE)]
    | Annotated[tuple[DatedCurrency, ...], Field(min_length=1), Tag(SEVERAL)],
    Discriminator(one_or_several),
]


class Computed(Declared):
    """A column that is not in the file: SQL over those that are, or the same text everywhere."""

    sql: Text | None = None
    """A SQL expression over the declared columns of the file, which are all text."""
    value: str | None = None
    """The text of every record."""


class Rule(Declared):
    """Something that must hold for every sale."""

    holds: Text
    """A SQL condition over the sale: sold_on, product, category, quantity, unit_price, amount,
    currency, store, source_product. Where it is null, it is taken to hold."""
    severity: Literal["quarantine", "warn", "fail"] = "quarantine"
    """What becomes of records for which it does not hold: they are quarantined; they are counted
    and told; or the whole file is rejected."""
    tolerance: Share = Decimal(0)
    """The share of records of a file up to which nothing is told (warn) or rejected (fail)."""


class Feed(Declared):
    """One stream of landing files of one shape, delivered by one store or by many."""

    landing: LandingPattern
    """The pattern of the files below the landing folder, such as `paris/*.csv`."""
    store: Store | None = None
    """The store whose sales these are, where they are of one."""
    stores: dict[Text, ListedStore] = {}
    """Where `store` is a column of the file: each text of it and the store that it means."""
    currency: DatedCurrencies | None = None
    """The currency of every amount, an ISO 4217 code; or several, each since a day. A column
    `currency`, or the currency of a listed store, comes first."""
    language: Language
    """The language of the product names: they are looked up in that column of the catalogue."""
    csv: Dialect = Dialect()
    """How the files are written."""
    date_formats: Annotated[tuple[DatePattern, ...], OneOrMany, Field(min_length=1)]
    """One or several date patterns, tried in order, such as dd/MM/yyyy."""
    earliest: date = date(2000, 1, 1)
    """The first day that a sale can have."""
    latest: date = date(2099, 12, 31)
    """The last day that a sale can have."""
    columns: Annotated[dict[Identifier, Header], Field(min_length=1)]
    """Each column's name and its header in the file. sold_on, product and quantity are required,
    and amount or unit_price; others are kept in bronze and may be used in conditions and keys."""
    computed: dict[Identifier, Computed] = {}
    """Columns that the file does not have: SQL over those it has, or a constant."""
    key: Annotated[tuple[Identifier, ...], OneOrMany] = ("sale_id",)
    """The columns that tell two sales apart; `[]` makes every record a sale of its own."""
    same_name: Literal["corrects", "adds"] = "corrects"
    """What a file with the name of an earlier one and other bytes does: it takes its place, or it
    is new data under a name that is used again."""
    max_removed: Share = Decimal("0.50")
    """The share of records beyond which a correction that removes them is held until accepted."""
    archive: Literal["move", "leave"] | None = None
    """Whether files move to the archive once their records are safe; as the declaration says
    unless given, and `leave` where there are columns in never_store."""
    never_store: Annotated[tuple[Header, ...], OneOrMany] = ()
    """Headers of columns with personal data, which reach no table."""
    product_by: Literal["name", "code"] = "name"
    """Whether the column `product` holds the product's name or its code in the catalogue."""
    ignore_case: bool = False
    """Whether product names are the same in capitals and small letters."""
    unknown_products: Literal["wait", "pass"] = "wait"
    """Whether sales of products that the catalogue does not know wait in quarantine until it
    does, or are taken under the name as delivered."""
    price_from: Literal["file", "catalogue"] = "file"
    """Whether the catalogue's list price on the day of the sale is taken, in its own currency."""
    missing_quantity: Annotated[Decimal, Field(gt=0)] | None = None
    """The quantity that an empty one means; without it, such a record is quarantined."""
    rounding: Literal["none", "half_up"] = "none"
    """Whether numbers with more decimals than their column are quarantined or rounded."""
    returns: Literal["accept", "quarantine"] = "accept"
    """Whether records with a negative quantity are taken, or quarantined."""
    rules: dict[Identifier, Rule] = {}
    """Further rules, by name."""
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
    def currencies(self) -> tuple[tuple[date | None, str], ...]:
        """The feed's own currencies in order, each with its first day; none without any.

        The first has no day where it holds from the beginning.
        """
        if self.currency is None:
            return ()
        if isinstance(self.currency, str):
            return ((None, self.currency),)
        return tuple((each.since, each.currency) for each in self.currency)

    @property
    def all_stores(self) -> tuple[Store, ...]:
        """The one store, or those that the column `store` can mean, in order."""
        return (self.store,) if self.store else tuple(self.stores.values())

    def has(self, name: str) -> bool:
        """Says whether the feed has a column of that name, in the file or computed."""
        return name in self.columns or name in self.computed

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
                "max_removed": True,
                "same_name": True,
                "archive": True,
                "never_store": True,
                "store": {"name", "city", "country"},
                "stores": {"__all__": {"name", "city", "country"}},
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


class CatalogueRows(Declared):
    """The headers of a catalogue with a row for each product and language."""

    language: Header
    """The header of the column with the language's ISO 639-1 code."""
    product: Header
    """The header of the column with the product's name in that language."""
    category: Header | None = None
    """The header of the column with the category's name in that language."""


class ListPrice(Declared):
    """Where a catalogue says what a unit costs."""

    amount: Header
    """The header of the column with the price of one unit."""
    currency: Currency | None = None
    """The currency of all prices."""
    currency_column: Header | None = None
    """The header of the column with the currency of each."""
    valid_from: Header | None = None
    """The header of the column with the first day of the price; without one it holds always."""
    date_formats: Annotated[tuple[DatePattern, ...], OneOrMany, Field(min_length=1)] = (
        "yyyy-MM-dd",
    )
    """The patterns of that day, tried in order."""


class Catalogue(Declared):
    """The product catalogue: names in every language, and codes and prices where it has them."""

    landing: LandingPattern = "catalogue/*.csv"
    """The pattern of the catalogue's files below the landing folder."""
    csv: Dialect = Dialect()
    """How the files are written."""
    languages: dict[Language, CatalogueLanguage] = {}
    """Each language and the headers of its two columns, where a row is a product."""
    rows: CatalogueRows | None = None
    """The headers, where a row is a product in one language; `code` tells what belongs together."""
    code: Header | None = None
    """The header of the column with the product's code."""
    price: ListPrice | None = None
    """Where the price of a product stands."""


class DatedRate(Declared):
    """A fixed rate from some day on."""

    rate: Rate
    """Units of base currency for one unit."""
    since: date | None = None
    """The first day of it; none for the first of several."""


DatedRates = Annotated[
    Annotated[Rate, Tag(ONE)]
    | Annotated[tuple[DatedRate, ...], Field(min_length=1), Tag(SEVERAL)],
    Discriminator(one_or_several),
]


class RateColumns(Declared):
    """The headers of a file of rates."""

    date: Header = "date"
    """The header of the day."""
    currency: Header = "currency"
    """The header of the currency, in a file with a row for each rate."""
    rate: Header = "rate"
    """The header of the rate, in a file with a row for each rate."""


class Rates(Declared):
    """Where exchange rates come from, and which of them a sale takes."""

    policy: Policy | None = None
    """Which rate a sale takes: `fixed`, one from this declaration; `daily`, that of its day;
    `month_average`, the mean of those published in its month; `month_end`, the last of its month.
    Unless given: daily where `landing` is, else fixed."""
    fixed: dict[Currency, DatedRates] = {}
    """Each currency and the units of base currency for one unit of it, such as USD: 0.85; or
    several, each since a day."""
    landing: LandingPattern | None = None
    """The pattern of files of rates below the landing folder, such as rates/*.csv."""
    csv: Dialect = Dialect()
    """How the files are written."""
    layout: Literal["columns", "rows"] = "columns"
    """A row for each day with a column for each currency, as central banks publish reference
    rates; or a row for each rate, with the columns date, currency and rate."""
    columns: RateColumns = RateColumns()
    """The headers. Whatever else a file with columns has is a currency, if its header is a code."""
    date_formats: Annotated[tuple[DatePattern, ...], OneOrMany, Field(min_length=1)] = (
        "yyyy-MM-dd",
    )
    """The patterns of the day, tried in order."""
    of: Currency = "EUR"
    """The currency that the others are compared with."""
    direction: Literal["units_for_one", "value_of_one"] = "units_for_one"
    """What a rate says: units of the currency for one of `of`, as reference rates do; or the value
    of one unit of the currency, in `of`."""
    max_age_days: Annotated[int, Field(ge=0)] = 7
    """How many days a rate may be old where a day has none of its own."""

    @property
    def chosen_policy(self) -> Policy:
        """The policy, with what it is where none is written."""
        if self.policy is not None:
            return self.policy
        return "fixed" if self.landing is None else "daily"

    def fixed_rates(self, currency: str) -> tuple[tuple[date | None, Decimal], ...]:
        """Returns the declared rates of a currency in order, each with its first day.

        The first has no day where it holds from the beginning. A currency without a fixed
        rate has none here, and neither has the base currency unless it is written.
        """
        found = self.fixed.get(currency, ())
        if isinstance(found, Decimal):
            return ((None, found),)
        return tuple((each.since, each.rate) for each in found)


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
    archive: Literal["move", "leave"] = "move"
    """Whether files move to the archive once their records are safe, or the landing folder is
    never changed."""
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

    @property
    def stores(self) -> dict[str, Store]:
        """Every store by its id, in the order of the declaration."""
        return {each.id: each for feed in self.feeds.values() for each in feed.all_stores}

    def archives(self, feed: str) -> bool:
        """Says whether the files of a feed are moved once their records are safe.

        Args:
            feed: A declared feed, or `catalogue` or `exchange_rates`, for which the
                declaration's own `archive` holds.
        """
        declared = self.feeds.get(feed)
        if declared is None:
            return self.archive == "move"
        # A copy of personal data is made only where somebody says so.
        usual = "leave" if declared.never_store else self.archive
        return (declared.archive or usual) == "move"

    def meaning_of(self, feed: str) -> str:
        """Returns 16 hex digits that change when the records of a feed would be judged otherwise.

        That is the feed's own fingerprint and the language that products are translated into.
        """
        text = f"{self.feeds[feed].fingerprint()} {self.language}"
        return sha256(text.encode()).hexdigest()[:16]
