"""Finds contradictions in a delivery of the catalogue: two meanings, or two prices of a day."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date

from sales_pipeline.errors import FileRejected, examples
from sales_pipeline.silver.reference.catalogue_entries import Entry, Meaning
from sales_pipeline.silver.reference.list_prices import ALWAYS, Price
from sales_pipeline.silver.reference.products import CODE, Key

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
    (first_entry, (product, category)), (second_entry, (second_product, second_category)) = (
        first,
        second,
    )
    return (
        f"record {first_entry.row} says {key[1]!r} is {product!r} ({category}), "
        f"record {second_entry.row} says {second_product!r} ({second_category})"
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
    """Yields each price that entries state, with the name or code that it is of."""
    for entry in entries:
        if entry.price is not None:
            yield from ((key, entry.price) for key in entry.priced_keys)
