"""Reads one record of the catalogue as an entry, or finds its faults and contradictions.

A catalogue is wide, if a record is a product with its names in every language, or long,
if a record is a product in one language and the code tells which belong together. Both become
entries: names, a code, what they mean, and a price. Two entries of one delivery contradict each
other if they give a name or code two meanings, or a day two prices.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from sales_pipeline.config.catalogue import Catalogue
from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import FileRejected, examples
from sales_pipeline.lakehouse.declared_tables import catalogue_columns
from sales_pipeline.silver.parsing.days import day_of
from sales_pipeline.silver.parsing.numbers import decimal_of
from sales_pipeline.silver.reference.products import ALWAYS, CODE, Key, Price, normalised
from sales_pipeline.silver.reference.reference_balance import Fault

Row = Mapping[str, Any]
Meaning = tuple[str, str | None]
"""A product and its category in the language of the declaration."""


@dataclass(frozen=True)
class Entry:
    """One usable record of the catalogue.

    Attributes:
        file_id: The delivery.
        row: The number of the record in its file.
        names: (language, name) of each name of the product.
        code: Its code, if it has one.
        meaning: The product and its category; None for one in another language, which
            means what the code means.
        price: Its list price, if it has one.
    """

    file_id: int
    row: int
    names: tuple[Key, ...]
    code: str | None
    meaning: Meaning | None
    price: Price | None

    @property
    def keys(self) -> tuple[Key, ...]:
        """The names and the code by which the product is looked up."""
        return self.names if self.code is None else (*self.names, (CODE, self.code))


@dataclass(frozen=True)
class CatalogueReader:
    """Reads records of the catalogue in the form that a declaration gives them.

    Attributes:
        declaration: What the retailer declares.
    """

    declaration: Declaration

    @property
    def _catalogue(self) -> Catalogue:
        return self.declaration.catalogue

    @cached_property
    def columns(self) -> dict[str, str]:
        """Bronze column -> header in the files."""
        return catalogue_columns(self.declaration)

    def faults(self, row: Row) -> list[Fault]:
        """All faults that make a row of `bronze.catalogue` unusable; codes as in reasons.md."""
        number = row["_row"]
        if row["_problem"]:
            return [Fault.of_record(number, row["_raw"], str(row["_problem"]))]
        texts = self.texts(row)
        return [
            Fault.of_cell(number, self.columns.get(name, name), row.get(name) or "", reason)
            for name, reason in (*self._product_faults(texts), *self._price_faults(texts))
        ]

    def entry(self, row: Row) -> Entry:
        """The entry in a row of `bronze.catalogue` that has no fault."""
        texts = self.texts(row)
        code = texts.get("code") or None
        names = tuple((language, name) for language, name in self._names(texts) if name)
        meaning = self._meaning(texts)
        price = self._price(texts, row)
        return Entry(row["_file_id"], row["_row"], names, code, meaning, price)

    def texts(self, row: Row) -> dict[str, str]:
        """Bronze column -> its text, normalised as names are."""
        return {name: normalised(row[name] or "") for name in self.columns}

    def delivered(self, row: Row) -> dict[str, str | None]:
        """Header in the file -> text as delivered."""
        return {header: row[name] for name, header in self.columns.items()}

    def _names(self, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        if self._catalogue.rows is not None:
            yield texts["language"].lower(), texts["product"]
        for language in self._catalogue.languages:
            yield language, texts[f"product_{language}"]

    def _meaning(self, texts: Mapping[str, str]) -> Meaning | None:
        into = self.declaration.language
        if self._catalogue.rows is None:
            return texts[f"product_{into}"], texts[f"category_{into}"] or None
        if texts["language"].lower() != into:
            return None
        return texts["product"], texts.get("category") or None

    def _product_faults(self, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Bronze columns that cannot be used, each with its reason."""
        if self._catalogue.rows is None:
            product = f"product_{self.declaration.language}"
            if not texts[product]:
                yield product, "product_missing"
            return
        if not texts.get("code"):
            yield "code", "code_missing"
        if not re.fullmatch("[a-z]{2}", texts["language"].lower()):
            yield "language", "language_unreadable"
        if not texts["product"]:
            yield "product", "product_missing"

    def _price_faults(self, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        if not texts.get("price"):
            return
        amount = self._amount(texts)
        if amount is None or amount < 0:
            yield "price", "list_price_unreadable"
        if self._currency(texts) not in MINOR_UNITS:
            yield "price_currency", "list_price_currency_unknown"
        if self._valid_from(texts) is None:
            yield "valid_from", "valid_from_unreadable"

    def _price(self, texts: Mapping[str, str], row: Row) -> Price | None:
        amount, day = self._amount(texts), self._valid_from(texts)
        if amount is None or day is None:
            return None
        place = row["_file_id"], row["_row"]
        return Price(day, amount, self._currency(texts), *place, row["price"])

    def _amount(self, texts: Mapping[str, str]) -> Decimal | None:
        return decimal_of(texts.get("price", ""), self._catalogue.csv, scale=4)

    def _currency(self, texts: Mapping[str, str]) -> str:
        declared = self._catalogue.price and self._catalogue.price.currency
        return texts.get("price_currency", "").upper() or declared or ""

    def _valid_from(self, texts: Mapping[str, str]) -> date | None:
        declared = self._catalogue.price
        if declared is None or not texts.get("valid_from"):
            return ALWAYS
        return day_of(texts["valid_from"], declared.date_formats)


Statement = tuple[Entry, Meaning]
"""What an entry says that a name or code means."""


def check_delivery(entries: Iterable[Entry], languages: Collection[str]) -> None:
    """Checks that one delivery gives no name or code two translations, and no day two prices.

    Args:
        entries: The entries of the delivery.
        languages: The languages in which products are looked up by name. In others a name may
            mean several products.

    Raises:
        FileRejected: It does; the reason names both records.
    """
    stated = list(entries)
    two_names = (
        _says(key, *sides)
        for key, *sides in _names_with_two_meanings(stated)
        if key[0] in languages
    )
    if faults := [*_codes_with_two_meanings(stated), *two_names]:
        reason = f"a name has two meanings: {examples(faults)}; keep one of each"
        raise FileRejected("two_meanings", reason)
    if faults := list(_price_faults(stated)):
        reason = f"a product has two prices from one day: {examples(faults)}; keep one of each"
        raise FileRejected("two_prices", reason)


def _meanings_of_codes(entries: Iterable[Entry]) -> dict[str, Statement]:
    """Code -> the first entry that says what it means."""
    of_code: dict[str, Statement] = {}
    for entry in entries:
        if entry.code is not None and entry.meaning is not None:
            of_code.setdefault(entry.code, (entry, entry.meaning))
    return of_code


def _codes_with_two_meanings(entries: Sequence[Entry]) -> Iterator[str]:
    of_code = _meanings_of_codes(entries)
    for entry in entries:
        if entry.code is not None and entry.meaning is not None:
            first, meaning = of_code[entry.code]
            if meaning != entry.meaning:
                yield _says((CODE, entry.code), (first, meaning), (entry, entry.meaning))


def _names_with_two_meanings(
    entries: Sequence[Entry],
) -> Iterator[tuple[Key, Statement, Statement]]:
    """Names to which one delivery gives two meanings, by what the delivery itself says."""
    of_code, of_name = _meanings_of_codes(entries), dict[Key, Statement]()
    for entry in entries:
        meaning = entry.meaning or (f"code {entry.code}", None)
        if entry.code in of_code:
            meaning = of_code[entry.code][1]
        for key in entry.names:
            first, earlier = of_name.setdefault(key, (entry, meaning))
            if earlier != meaning:
                yield key, (first, earlier), (entry, meaning)


def ambiguous_names(entries: Iterable[Entry]) -> set[tuple[int, Key]]:
    """Returns delivery and name of the names to which the delivery gives two meanings."""
    of_file: dict[int, list[Entry]] = {}
    for entry in entries:
        of_file.setdefault(entry.file_id, []).append(entry)
    return {
        (file_id, key)
        for file_id, own in of_file.items()
        for key, _, _ in _names_with_two_meanings(own)
    }


def _says(key: Key, first: Statement, second: Statement) -> str:
    (earlier, (product, category)), (later, (other, other_category)) = first, second
    return (
        f"record {earlier.row} says {key[1]!r} is {product!r} ({category}), "
        f"record {later.row} says {other!r} ({other_category})"
    )


def _price_faults(entries: Sequence[Entry]) -> Iterator[str]:
    stated: dict[tuple[Key, date], Price] = {}
    for key, price in stated_prices(entries):
        first = stated.setdefault((key, price.valid_from), price)
        if first.money != price.money:
            since = "" if price.valid_from == ALWAYS else f" from {price.valid_from}"
            yield (
                f"record {first.row} says {key[1]!r} costs {first.price} {first.currency}"
                f"{since}, record {price.row} says {price.price} {price.currency}"
            )


def stated_prices(entries: Iterable[Entry]) -> Iterator[tuple[Key, Price]]:
    """Yields each price that entries state, with the code that it is of, or else with the names."""
    for entry in entries:
        if entry.price is not None:
            keys = entry.names if entry.code is None else ((CODE, entry.code),)
            yield from ((key, entry.price) for key in keys)
