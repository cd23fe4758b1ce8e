"""One stream of landing files: a feed, and the formats that several feeds share.

Long on purpose: it is the vocabulary of a feed, with what each word means.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from sales_pipeline.config.declared import Declared
from sales_pipeline.config.dialect import Dialect
from sales_pipeline.config.feed_checks import feed_findings
from sales_pipeline.config.findings import raise_findings
from sales_pipeline.config.places import ONE, SEVERAL
from sales_pipeline.config.stores import ListedStore, Store
from sales_pipeline.config.values import (
    Constant,
    Currency,
    DatePattern,
    Day,
    Header,
    Identifier,
    LandingPattern,
    Language,
    OneOrMany,
    Quantity,
    Share,
    Text,
    landing_root,
    one_or_several,
)

DatePatterns = Annotated[tuple[DatePattern, ...], OneOrMany, Field(min_length=1)]


_NO_MEANING: Mapping[str, Any] = {
    "landing": True,
    "format": True,
    "same_name": True,
    "max_removed": True,
    "max_quarantined": True,
    "archive": True,
    "never_store": True,
    "store": {"name", "city", "country"},
    "stores": {"__all__": {"name", "city", "country"}},
}
"""What can be declared otherwise while every record means the same."""


class DatedCurrency(Declared):
    """The currency of a feed from some day on."""

    currency: Currency
    """The currency's ISO 4217 code."""
    since: Day | None = None
    """The first day of it; none for the first of several."""


DatedCurrencies = Annotated[
    Annotated[Currency, Tag(ONE)]
    | Annotated[tuple[DatedCurrency, ...], Field(min_length=1), Tag(SEVERAL)],
    Discriminator(one_or_several),
]


class Computed(Declared):
    """A column that is not in the file: SQL over those that are, or the same text everywhere."""

    sql: Text | None = None
    """A SQL expression over the declared columns of the file, which are all text; [sql.md](sql.md)
    says which functions it may call. A record on which it fails is quarantined."""
    value: Constant | None = None
    """The text of every record."""


class Rule(Declared):
    """Something that must hold for every sale."""

    holds: Text
    """A SQL condition over the sale: sold_on, product, category, quantity, unit_price, amount,
    currency, store, source_product. Where it is null, it is taken to hold; where it fails on a
    value, it does not. [sql.md](sql.md) says which functions it may call."""
    severity: Literal["quarantine", "warn", "fail"] = "quarantine"
    """What becomes of records for which it does not hold: they are quarantined; they are counted
    and told; or the whole file is rejected."""
    tolerance: Share = Decimal(0)
    """The share of records of a file up to which nothing is told (warn) or rejected (fail)."""


class Source(Declared):
    """What no two feeds share: where a feed's files land, and whose sales they hold."""

    landing: LandingPattern
    """The pattern of the files below the landing folder, such as `paris/*.csv`."""
    format: Identifier | None = None
    """The name of one of the formats, which says what is not said here."""
    store: Store | None = None
    """The store whose sales these are, where they are of one."""
    stores: dict[Text, ListedStore] = {}
    """In place of store, where `store` is one of the columns: each text of it and the store that it
    means."""


class Format(Declared):
    """The shape of files: what feeds can share. A feed has all these keys, too."""

    currency: DatedCurrencies | None = None
    """The currency of every amount, an ISO 4217 code; or several, each since a day. A column
    `currency`, or the currency of a listed store, comes first."""
    language: Language | None = None
    """The language of the product names: they are looked up in that column of the catalogue."""
    csv: Dialect = Dialect()
    """How the files are written."""
    date_formats: DatePatterns = ()
    """One or several date patterns, tried in order, such as dd/MM/yyyy."""
    earliest: Day = date(2000, 1, 1)
    """The first day that a sale can have."""
    latest: Day = date(2099, 12, 31)
    """The last day that a sale can have."""
    columns: dict[Identifier, Header] = {}
    """Each column's name and its header in the file. sold_on, product and quantity are required,
    here or in computed, and amount or unit_price; others are kept in bronze and may be used in
    conditions and keys."""
    computed: dict[Identifier, Computed] = {}
    """Columns that the file does not have: SQL over those it has, or a constant."""
    key: Annotated[tuple[Identifier, ...], OneOrMany] = ("sale_id",)
    """The columns that tell two sales apart; `[]` makes every record a sale of its own. What every
    sale has anyway, such as sold_on, is part of a key under another name, from computed."""
    same_name: Literal["corrects", "adds"] = "corrects"
    """What a file with the name of an earlier one and other bytes does: it takes its place, or it
    is new data under a name that is used again."""
    max_removed: Share = Decimal("0.50")
    """The share of records beyond which a correction that removes them is held until accepted."""
    archive: Literal["move", "leave"] | None = None
    """Whether files move to the archive once their records are safe; as the declaration says
    unless given, and `leave` where there are columns in never_store."""
    never_store: Annotated[tuple[Header, ...], OneOrMany] = ()
    """Headers of columns with personal data, which reach no table; none of them is in columns."""
    product_by: Literal["name", "code"] = "name"
    """Whether the column `product` holds the product's name or its code in the catalogue."""
    ignore_case: bool = False
    """Whether product names are the same in capitals and small letters."""
    unknown_products: Literal["wait", "pass"] = "wait"
    """Whether sales of products that the catalogue does not know wait in quarantine until it
    does, or are taken under the name as delivered."""
    price_from: Literal["file", "catalogue"] = "file"
    """Whether the catalogue's list price on the day of the sale is taken, in its own currency."""
    missing_quantity: Quantity | None = None
    """The quantity that an empty one means; without it, such a record is quarantined."""
    rounding: Literal["none", "half_up"] = "none"
    """Whether numbers with more decimals than their column are quarantined or rounded."""
    returns: Literal["accept", "quarantine"] = "accept"
    """Whether records with a negative quantity are taken, or quarantined."""
    rules: dict[Identifier, Rule] = {}
    """Further rules, by name."""
    exclude_when: Text | None = None
    """A SQL condition over the columns as delivered (all text) for records to leave out. A record
    on which it fails is quarantined; [sql.md](sql.md) says which functions it may call."""
    max_quarantined: Share = Decimal("0.20")
    """The share of quarantined records beyond which a file is rejected whole. Those that only wait
    for the catalogue do not count."""


class Feed(Format, Source):
    """One stream of landing files of one shape, delivered by one store or by many."""

    language: Language
    """The language of the product names: they are looked up in that column of the catalogue."""
    date_formats: DatePatterns
    """One or several date patterns, tried in order, such as dd/MM/yyyy."""
    columns: Annotated[dict[Identifier, Header], Field(min_length=1)]
    """Each column's name and its header in the file. sold_on, product and quantity are required,
    here or in computed, and amount or unit_price; others are kept in bronze and may be used in
    conditions and keys."""

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
    def declared_sql(self) -> dict[str, str]:
        """Each piece of SQL by its place below the feed, what others build on first."""
        found = {
            f"computed.{name}.sql": each.sql
            for name, each in self.computed.items()
            if each.sql is not None
        }
        if self.exclude_when is not None:
            found["exclude_when"] = self.exclude_when
        return found | {f"rules.{name}.holds": each.holds for name, each in self.rules.items()}

    @property
    def all_stores(self) -> tuple[Store, ...]:
        """The one store, or those that the column `store` can mean, each once and in order."""
        if self.store is not None:
            return (self.store,)
        return tuple({each.id: each for each in self.stores.values()}.values())

    def has(self, name: str) -> bool:
        """Says whether the feed has a column of that name, in the file or computed."""
        return name in self.columns or name in self.computed

    @property
    def landing_root(self) -> str:
        """The folders of the landing pattern before its first wildcard: `paris`, or nothing."""
        return landing_root(self.landing)

    def fingerprint(self) -> str:
        """Returns 16 hex digits that change when the meaning of the feed's records does.

        What only says which files there are, what becomes of a whole file and how a store is
        shown does not count: see `_NO_MEANING`. Of the rules those count that quarantine. The
        listed stores count with their texts, ids and currencies: a further one takes in
        records that wait in quarantine because nobody knew their store. The order of the
        key's columns does not count. Defaults are left out, so that a key this package
        learns later does not change the fingerprint of feeds that do not use it.
        """
        meaning = self.model_dump(mode="json", exclude=_NO_MEANING, exclude_defaults=True)
        meaning["key"] = sorted(self.key)
        for name, told in self._alike().items():
            if name in meaning:
                meaning[name] = told
        if not meaning.get("rules", True):
            del meaning["rules"]
        canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).hexdigest()[:16]

    def _alike(self) -> dict[str, object]:
        """What can be written in several ways that mean the same, each in one way."""
        is_one = [since for since, _ in self.currencies] == [None]
        dated = [[str(since), code] for since, code in self.currencies]
        return {
            "currency": self.currencies[0][1] if is_one else dated,
            "missing_quantity": str((self.missing_quantity or Decimal(0)).normalize()),
            "rules": {
                name: rule.holds
                for name, rule in self.rules.items()
                if rule.severity == "quarantine"
            },
        }
