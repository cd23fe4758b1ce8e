"""What the catalogue teaches, and what it makes of a product as delivered (P9).

The catalogue is small, so it is read in plain Python: names are matched by their
Unicode NFC form, with every run of white space as one space. No engine can do that.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sales_pipeline.errors import FileRejected, examples


@dataclass(frozen=True)
class Product:
    """One name that the catalogue knows, as a row of `silver.products`."""

    language: str
    source: str
    product: str
    category: str | None
    file_id: int
    row: int

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Product:
        """The product that a row of `silver.products` holds."""
        names = ("language", "source", "product", "category", "_file_id", "_row")
        return cls(*(row[name] for name in names))

    def as_row(self) -> dict[str, Any]:
        """The row of `silver.products`."""
        return {
            "language": self.language,
            "source": self.source,
            "product": self.product,
            "category": self.category,
            "_file_id": self.file_id,
            "_row": self.row,
        }


Known = Mapping[tuple[str, str], Product]


def normalised(name: str) -> str:
    r"""A name as it is looked up.

    >>> normalised(" Cafe\u0301\u00a0 moulu ")
    'Café moulu'
    """
    return " ".join(unicodedata.normalize("NFC", name).split())


def learn(
    rows: Iterable[Mapping[str, Any]], languages: Sequence[str], *, into: str
) -> dict[tuple[str, str], Product]:
    """Everything that the rows of all catalogue deliveries teach; the latest entry of a name wins.

    Args:
        rows: Rows of `bronze.catalogue` in ledger order.
        languages: The languages that the catalogue has.
        into: The language of the declaration.

    Returns:
        (language, normalised name) -> what it means.
    """
    known: dict[tuple[str, str], Product] = {}
    for row in rows:
        for product in _entries(row, languages, into):
            known[product.language, product.source] = product
    return known


def check_delivery(
    rows: Iterable[Mapping[str, Any]], languages: Sequence[str], *, into: str
) -> None:
    """Checks that one delivery of the catalogue gives no name two meanings.

    Raises:
        FileRejected: It does; the reason names both lines.
    """
    known: dict[tuple[str, str], Product] = {}
    faults = []
    for row in rows:
        for product in _entries(row, languages, into):
            first = known.setdefault((product.language, product.source), product)
            if (first.product, first.category) != (product.product, product.category):
                faults.append(
                    f"record {first.row} says {product.source!r} is {first.product!r} "
                    f"({first.category}), record {product.row} says {product.product!r} "
                    f"({product.category})"
                )
    if faults:
        reason = f"a name has two meanings: {examples(faults)}; keep one of each"
        raise FileRejected("two_meanings", reason)


def _entries(row: Mapping[str, Any], languages: Sequence[str], into: str) -> list[Product]:
    if problem_of(row, into):
        return []
    name = normalised(row[f"product_{into}"])
    category = normalised(row[f"category_{into}"] or "") or None
    sources = ((language, normalised(row[f"product_{language}"] or "")) for language in languages)
    return [
        Product(language, source, name, category, row["_file_id"], row["_row"])
        for language, source in sources
        if source
    ]


def problem_of(row: Mapping[str, Any], into: str) -> str | None:
    """The reason code of a record of the catalogue that teaches nothing, or None."""
    if row["_problem"]:
        return str(row["_problem"])
    return None if normalised(row[f"product_{into}"] or "") else "product_missing"


def changed(before: Known, after: Known) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """The (language, name) pairs that were learnt, and those that mean something else now."""
    learnt = {key for key in after if key not in before}
    other = {
        key
        for key, product in after.items()
        if key in before
        and (before[key].product, before[key].category) != (product.product, product.category)
    }
    return learnt, other
