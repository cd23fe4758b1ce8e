"""A feed, one stream of landing files, with its stores; and the formats that feeds share.

Long on purpose: it is the vocabulary of a feed, with the meaning of each word.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import Field

from sales_pipeline.config.feed_checks import feed_mismatches
from sales_pipeline.config.files import Arrival, Dialect, FileOrder
from sales_pipeline.config.stores import SHOWN, DatedCurrency, ListedStore, Store
from sales_pipeline.config.taxes import StoreTax, Tax
from sales_pipeline.config.values import (
    Constant,
    Currency,
    DatePatterns,
    Day,
    Days,
    Declared,
    Header,
    Identifier,
    LandingPattern,
    Language,
    LastDay,
    OneOrDated,
    OneOrMany,
    Quantity,
    Share,
    Text,
    landing_root,
)

_NO_MEANING: Mapping[str, Any] = {
    "landing": True,
    "format": True,
    "same_name": True,
    "max_removed": True,
    "max_quarantined": True,
    "max_repeated_keys": True,
    "archive": True,
    "arrival": True,
    "order": True,
    "never_store": True,
    "store": set(SHOWN),
    "stores": {"__all__": {*SHOWN, "tax"}},
    "tax": True,
}
"""Keys that can change while every record keeps its meaning; for taxes see `tax_taken_off`."""


class Computed(Declared):
    """A column that is not in the file: SQL over columns that are, or one text for all records."""

    sql: Text | None = None
    """A SQL expression over the declared columns of the file, which are all text; [sql.md](sql.md)
    says which functions it may call. A record on which it fails is quarantined."""
    value: Constant | None = None
    """The text of every record."""


class Rule(Declared):
    """A condition that every sale must meet."""

    holds: Text
    """A SQL condition over the sale: sold_on, product, category, quantity, unit_price, amount,
    currency, store, source_product. A sale for which it is null meets it; one on which it fails
    does not. [sql.md](sql.md) says which functions it may call."""
    severity: Literal["quarantine", "warn", "fail"] = "quarantine"
    """What happens to records that do not meet it: they are quarantined; they are counted and
    reported; or the whole file is rejected."""
    tolerance: Share = Decimal(0)
    """The share of a file's records up to which nothing is reported (warn) or rejected (fail)."""


class Source(Declared):
    """The keys that no two feeds share: the files of a feed, and the stores of its sales."""

    landing: LandingPattern
    """The pattern of the files below the landing folder, such as `paris/*.csv`."""
    format: Identifier | None = None
    """The name of one of the formats, which gives the keys that are not written here."""
    store: Store | None = None
    """The store whose sales these are, if they are of one store."""
    stores: dict[Text, ListedStore] = {}
    """Instead of store, if `store` is one of the columns: each text of the column and the store
    that it means."""


class Format(Declared):
    """The shape of files, which feeds can share. A feed has all these keys, too."""

    currency: OneOrDated[Currency, DatedCurrency] | None = None
    """The currency of every amount, an ISO 4217 code; or several, each since a day. A column
    `currency`, or the currency of a listed store, takes precedence."""
    tax: Tax | None = None
    """Whether the amounts include tax, such as {included: true, rate: 20 %}. It is said where
    figures of feeds with and without tax are added; `revenue: net_of_tax` takes the tax off."""
    language: Language | None = None
    """The language of the product names, which are looked up in that column of the catalogue."""
    csv: Dialect = Dialect()
    """The CSV dialect of the files."""
    date_formats: DatePatterns = ()
    """One or several date patterns, tried in order, such as dd/MM/yyyy."""
    earliest: Day = date(2000, 1, 1)
    """The first day that a sale can have."""
    latest: LastDay = date(2099, 12, 31)
    """The last day that a sale can have: a day, or `delivery`, the day (in UTC) on which a run took
    its file, and the days_ahead after it. Without that, later sales count, and are reported with
    their money."""
    days_ahead: Days = 1
    """The number of days after its delivery that the day of a sale may lie: one, because it may be
    tomorrow already where the shop is; more for a feed of orders ahead."""
    columns: dict[Identifier, Header] = {}
    """Each column's name and its header in the file. sold_on, product and quantity are required,
    here or in computed, and amount or unit_price. Other columns are kept in bronze, and conditions
    and keys can use them."""
    computed: dict[Identifier, Computed] = {}
    """Columns that the file does not have: SQL over those it has, or a constant."""
    key: Annotated[tuple[Identifier, ...], OneOrMany] = ("sale_id",)
    """The columns that identify a sale; `[]` makes every record a sale of its own. A column that
    every sale has, such as sold_on, needs another name in the key, from computed."""
    same_name: Literal["corrects", "adds"] = "corrects"
    """The meaning of a file with the name of an earlier one and other bytes: `corrects`, it
    replaces the earlier file; `adds`, it is new data under a name that is used again."""
    max_removed: Share = Decimal("0.50")
    """The share of records above which a correction that removes them is held until it is
    accepted."""
    no_key: Annotated[tuple[Text, ...], OneOrMany] = ()
    """Texts of key columns that mean that there is no key, beside NULL, None, nil, N/A, NaN,
    dashes, a question mark, #REF! and #VALUE!, in capitals or not. Such a sale is quarantined as
    `key_missing`."""
    max_repeated_keys: Share = Decimal("0.01")
    """The share of a file's records above which sales that share a key with another one of the
    file, and are not equal to it, hold the file until it is accepted: such a key does not tell
    sales apart."""
    archive: Literal["move", "leave"] | None = None
    """Whether files move to the archive once their records are safe. The default is `leave` if
    there are columns in never_store, else the `archive` of the declaration."""
    arrival: Arrival | None = None
    """How a complete file is told from one that is still being written. The default is the
    `arrival` of the declaration."""
    order: FileOrder | None = None
    """Which of several files that are found together is the later one, whose records are in force
    if both have a key. The default is the `order` of the declaration."""
    never_store: Annotated[tuple[Header, ...], OneOrMany] = ()
    """Headers of columns with personal data, which reach no table; none of them is in columns. A
    run warns of a file that lacks one of them and has a column that the feed does not declare.
    Records that were taken in before a column was listed keep it in bronze: `reset`, and a run
    then, take all files in without it."""
    product_by: Literal["name", "code"] = "name"
    """Whether the column `product` holds the product's name or its code in the catalogue."""
    ignore_case: bool = False
    """Whether product names that differ only in upper and lower case are the same: they are looked
    up so, and those that pass without a catalogue are one product in the answers, shown under the
    spelling that the most sales have, of equally frequent ones under the first by code point."""
    unknown_products: Literal["wait", "pass"] = "wait"
    """Whether sales of products that are not in the catalogue wait in quarantine until they are, or
    are accepted under the name as delivered."""
    price_from: Literal["file", "catalogue"] = "file"
    """Whether prices come from the file, or from the catalogue: the list price on the day of the
    sale, in its own currency."""
    missing_quantity: Quantity | None = None
    """The quantity of a record whose quantity is empty; without it, such a record is
    quarantined."""
    rounding: Literal["none", "half_up"] = "none"
    """Whether numbers with more decimals than their column are quarantined or rounded."""
    returns: Literal["accept", "quarantine"] = "accept"
    """Whether records with a negative quantity are accepted or quarantined."""
    rules: dict[Identifier, Rule] = {}
    """Further rules, by name."""
    exclude_when: Text | None = None
    """A SQL condition over the columns as delivered (all text) for records to leave out. A record
    on which it fails is quarantined; [sql.md](sql.md) says which functions it may call."""
    max_quarantined: Share = Decimal("0.20")
    """The share of quarantined records above which a file is rejected whole. Records that only wait
    for the catalogue do not count."""


class Feed(Format, Source):
    """One stream of landing files of one shape, delivered by one store or by many."""

    # Required in a feed; described in Format.
    language: Language
    date_formats: DatePatterns
    columns: Annotated[dict[Identifier, Header], Field(min_length=1)]

    mismatches = staticmethod(feed_mismatches)

    @property
    def currencies(self) -> tuple[tuple[date | None, str], ...]:
        """The feed's own currencies in order, each with its first day; empty without any.

        The day is None for a currency that applies from the beginning.
        """
        if self.currency is None:
            return ()
        if isinstance(self.currency, str):
            return ((None, self.currency),)
        return tuple((dated.since, dated.currency) for dated in self.currency)

    @property
    def taxes(self) -> tuple[StoreTax | None, ...]:
        """The declared taxes: of each listed store that has its own, then of the feed.

        None stands for stores whose tax is not declared.
        """
        own = [store.tax for store in self.stores.values() if store.tax is not None]
        if own and len(own) == len(self.stores):
            return tuple(own)
        return (*own, self.tax)

    @property
    def includes_tax(self) -> bool:
        """True if the amounts of the feed, or of one of its stores, are declared to include tax."""
        return any(tax is not None and tax.included for tax in self.taxes)

    @property
    def tax_taken_off(self) -> str:
        """A text that changes when `net_of_tax` takes another tax off; empty if it takes none."""
        if not self.includes_tax:
            return ""
        own = {text: store.tax for text, store in self.stores.items() if store.tax is not None}
        parts = [f"{text}: {tax.meaning}" for text, tax in sorted(own.items())]
        return "; ".join([self.tax.meaning if self.tax else "", *parts])

    @cached_property
    def all_stores(self) -> tuple[Store, ...]:
        """The one store, or the listed stores, each once and in order."""
        if self.store is not None:
            return (self.store,)
        return tuple({store.id: store for store in self.stores.values()}.values())

    def last_day(self, delivered_on: date) -> date:
        """Returns the last day that a sale can have, of a file delivered on some day."""
        return self.ordinary_until(delivered_on) if self.latest == "delivery" else self.latest

    def ordinary_until(self, delivered_on: date) -> date:
        """Returns the last day of a sale that is not of the future, as last_day."""
        return delivered_on + timedelta(days=self.days_ahead)

    def has(self, name: str) -> bool:
        """Says whether the feed has a column of that name, in the file or computed."""
        return name in self.columns or name in self.computed

    @property
    def landing_root(self) -> str:
        """The folders of the landing pattern before its first wildcard: `paris`, or nothing."""
        return landing_root(self.landing)

    def fingerprint(self) -> str:
        """Returns 16 hex digits that change when the meaning of the feed's records does.

        The names of files and stores, and limits on whole files, do not count: see `_NO_MEANING`,
        nor does `days_ahead` where it only says what is reported.
        Of the rules, only those with severity quarantine count. Listed stores count with their
        texts, ids and currencies, because a new one accepts records that wait in quarantine for
        an unknown store. The order of the key's columns does not count. Defaults are left out,
        so that a new key of this package does not change the fingerprint of feeds without it.
        """
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        meaning = self.model_dump(mode="json", exclude=_NO_MEANING, exclude_defaults=True)
        meaning["key"] = sorted(self.key)
        for name, value in self._canonical_values().items():
            if name in meaning:
                meaning[name] = value
        if not meaning.get("rules", True):
            del meaning["rules"]
        if self.latest != "delivery":
            meaning.pop("days_ahead", None)
        canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).hexdigest()[:16]

    @property
    def limits(self) -> str:
        """A text that changes when other files may be refused or held for their records."""
        shares = (self.max_quarantined, self.max_repeated_keys)
        refusing = [
            [name, rule.holds, str(rule.tolerance.normalize())]
            for name, rule in sorted(self.rules.items())
            if rule.severity == "fail"
        ]
        return json.dumps([[str(share.normalize()) for share in shares], refusing])

    def _canonical_values(self) -> dict[str, object]:
        """Returns one form for values that can be written in several ways."""
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
