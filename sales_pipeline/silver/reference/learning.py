"""Learns names, codes and prices from all deliveries of the catalogue together (P9).

The catalogue only learns: the latest entry of a name, of a code, and of the price of a day
wins. If an entry has a code, the code is the product: its names take meaning and price from the
latest entries of the code, also from entries of another delivery.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from sales_pipeline.config.feed import Feed
from sales_pipeline.errors import MAX_EXAMPLES
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.silver.reference.catalogue_entries import (
    Entry,
    Meaning,
    ambiguous_names,
    stated_prices,
)
from sales_pipeline.silver.reference.products import (
    ALWAYS,
    CODE,
    Key,
    Known,
    Names,
    Price,
    Prices,
    Product,
    caseless,
    known_prices,
    known_products,
    repriced,
)

Days = tuple[date, date | None]
"""From a day, and to before another, which may be open."""
_ALL_DAYS: Days = (ALWAYS, None)


@dataclass(frozen=True)
class Knowledge:
    """The contents of `silver.products` and `silver.list_prices`."""

    products: Known = field(default_factory=dict)
    prices: Prices = field(default_factory=dict)

    @classmethod
    def of(cls, lakehouse: Lakehouse) -> Knowledge:
        """The names, codes and prices in the tables of a lakehouse."""
        return cls(known_products(lakehouse), known_prices(lakehouse))

    @cached_property
    def names(self) -> Names:
        """The index of its names and codes."""
        return Names(self.products)

    def prices_of(self, product: Product | None) -> tuple[Price, ...]:
        """The list prices of a name or code that was looked up."""
        return self.prices.get(product.key, ()) if product else ()


@dataclass(frozen=True)
class Taught:
    """The outcome of learning from entries.

    Attributes:
        knowledge: Names, codes and prices.
        waiting: The entries that teach nothing yet: in none of the entries does their code
            have a product in the language of the declaration.
    """

    knowledge: Knowledge
    waiting: tuple[Entry, ...]


def learn(entries: Sequence[Entry], *, before: Known | None = None) -> Taught:
    """Learns from the entries of all catalogue deliveries; the latest wins.

    A name to which one delivery gives two meanings means nothing: only its codes are known.

    Args:
        entries: The entries in ledger order.
        before: Names and codes that are known without them.
    """
    products: dict[Key, Product] = dict(before or {})
    for entry in entries:
        if entry.code is not None and entry.meaning is not None:
            products[CODE, entry.code] = _product(entry, (CODE, entry.code), entry.meaning)
    usable: list[Entry] = []
    waiting: list[Entry] = []
    ambiguous = ambiguous_names(entries)
    for entry in entries:
        meaning = entry.meaning
        if entry.code is not None:
            of_code = products.get((CODE, entry.code))
            meaning = of_code.meaning if of_code else None
        if meaning is None:
            waiting.append(entry)
        else:
            usable.append(entry)
            for key in entry.names:
                if (entry.file_id, key) in ambiguous:
                    products.pop(key, None)
                else:
                    products[key] = _product(entry, key, meaning)
    return Taught(Knowledge(products, _prices(usable)), tuple(waiting))


def _product(entry: Entry, key: Key, meaning: Meaning) -> Product:
    return Product(*key, *meaning, entry.file_id, entry.row)


def _prices(entries: Sequence[Entry]) -> dict[Key, tuple[Price, ...]]:
    """The prices of every name and code; a name has the prices of its code."""
    stated: dict[Key, dict[date, Price]] = {}
    for key, price in stated_prices(entries):
        stated.setdefault(key, {})[price.valid_from] = price
    prices = {key: tuple(by_day[day] for day in sorted(by_day)) for key, by_day in stated.items()}
    for key, codes in _codes_of_names(entries).items():
        if common := _common([prices.get((CODE, code), ()) for code in sorted(codes)]):
            prices[key] = common
    return prices


def _codes_of_names(entries: Iterable[Entry]) -> dict[Key, set[str]]:
    """The codes of each name, one for each variant, in the last delivery that has the name."""
    latest: dict[Key, tuple[int, set[str]]] = {}
    for entry in entries:
        if entry.code is None:
            continue
        for key in entry.names:
            file_id, codes = latest.get(key, (entry.file_id, set()))
            same_file = codes if file_id == entry.file_id else set()
            latest[key] = (entry.file_id, {entry.code, *same_file})
    return {key: codes for key, (_, codes) in latest.items()}


def _common(prices: Sequence[tuple[Price, ...]]) -> tuple[Price, ...]:
    """The prices of several codes if they agree; else a name with these codes has no price."""
    stated = {tuple((price.valid_from, price.money) for price in of_code) for of_code in prices}
    return prices[0] if len(stated) == 1 else ()


@dataclass(frozen=True)
class Renaming:
    """A known name or code that means another product or category.

    Attributes:
        before: The product that it was.
        after: The product that it is.
    """

    before: Product
    after: Product

    @property
    def named(self) -> str:
        """The name or code, as a message shows it."""
        language, source = self.before.key
        return f"code {source!r}" if language == CODE else f"name {source!r} ({language})"

    @property
    def is_alike(self) -> bool:
        """True if the category stays, or one name has the longest word of the other."""
        if self.before.category and self.before.category == self.after.category:
            return True
        name_before, name_after = caseless(self.before.product), caseless(self.after.product)
        return _longest_word(name_before) in name_after or _longest_word(name_after) in name_before

    def __str__(self) -> str:
        return f"{self.named} is {self.after.described}, was {self.before.described}"


def _longest_word(name: str) -> str:
    return max(name.split(), key=len, default=name)


def renamed_keys(before: Known, after: Known) -> set[Key]:
    """Returns the names and codes that mean another product or category."""
    kept = before.keys() & after.keys()
    return {key for key in kept if before[key].meaning != after[key].meaning}


def renamings_of(before: Known, after: Known) -> list[Renaming]:
    """Returns one renaming of each product that has another meaning, codes first."""
    by_product: dict[Meaning, Renaming] = {}
    for key in sorted(renamed_keys(before, after)):
        by_product.setdefault(before[key].meaning, Renaming(before[key], after[key]))
    return list(by_product.values())


@dataclass(frozen=True)
class Learnt:
    """Counts of the names and codes that a run learnt from the catalogue.

    Attributes:
        known: Names and codes that it knew before.
        learnt: New names and codes.
        renamed: Names and codes that mean another product or category.
        forgotten: Names and codes that left with a withdrawn delivery.
        prices: List prices of known products that are new, changed or gone.
        renamings: The first renamed products, in words.
    """

    known: int = 0
    learnt: int = 0
    renamed: int = 0
    forgotten: int = 0
    prices: int = 0
    renamings: tuple[str, ...] = ()

    def __add__(self, later: Learnt) -> Learnt:
        """The counts of both, added up."""
        total = replace(later, known=self.known or later.known)
        names = ("learnt", "renamed", "forgotten", "prices", "renamings")
        added = {name: getattr(self, name) + getattr(later, name) for name in names}
        return replace(total, **{**added, "renamings": added["renamings"][:MAX_EXAMPLES]})


def learnt_between(before: Knowledge, after: Knowledge) -> Learnt:
    """Counts the changes from one knowledge to the next."""
    kept = before.products.keys() & after.products.keys()
    prices = {place for key in kept for place in _price_changes(key, before, after)}
    return Learnt(
        known=len(before.products),
        learnt=len(after.products.keys() - kept),
        renamed=len(renamed_keys(before.products, after.products)),
        forgotten=len(before.products.keys() - kept),
        prices=len(prices),
        renamings=tuple(map(str, renamings_of(before.products, after.products)[:MAX_EXAMPLES])),
    )


def _price_changes(key: Key, before: Knowledge, after: Knowledge) -> Iterator[tuple[int, int]]:
    """The records that state the changed prices of a name or code; one may state several."""
    old = {price.valid_from: price for price in before.prices.get(key, ())}
    new = {price.valid_from: price for price in after.prices.get(key, ())}
    for day in old.keys() | new.keys():
        price_before, price_after = old.get(day), new.get(day)
        stating = price_after or price_before
        if stating and (price_before and price_before.money) != (price_after and price_after.money):
            yield stating.file_id, stating.row


def touched_days(feed: Feed, text: str, before: Knowledge, after: Knowledge) -> list[Days]:
    """The days on which sales of a product as delivered change their meaning or price."""
    known_before, known_after = before.names.of(feed, text), after.names.of(feed, text)
    if (known_before and known_before.meaning) != (known_after and known_after.meaning):
        return [_ALL_DAYS]
    if feed.price_from == "file":
        return []
    return list(repriced(before.prices_of(known_before), after.prices_of(known_after)))
