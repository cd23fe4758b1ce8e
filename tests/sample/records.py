"""The sales of the sample as plain records, read with `csv` and without the package's readers."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[2] / "sales_pipeline" / "sample" / "landing"
REPEATED = "ventes_2025-03_copie.csv"
UNKNOWN = "Matcha whisk"
NO_DAY = "31/02/"
COLUMNS = 7
RATES_CHANGE = date(2025, 7, 1)
RATES = {
    "EUR": (Decimal(1), Decimal(1)),
    "USD": (Decimal("0.92"), Decimal("0.85")),
    "JPY": (Decimal("0.0061"), Decimal("0.0055")),
}
"""Currency -> euros for one unit before the rates change, and since."""


@dataclass(frozen=True)
class Dialect:
    """How the files of a store are written."""

    currency: str
    delimiter: str
    day: str
    language: str


DIALECTS = {
    "paris": Dialect("EUR", ";", "%d/%m/%Y", "fr"),
    "new_york": Dialect("USD", ",", "%m/%d/%Y", "en"),
    "tokyo": Dialect("JPY", ",", "%Y/%m/%d", "en"),
}


@dataclass(frozen=True)
class Record:
    """A sale that counts, or a return of a negative quantity; named in English."""

    store: str
    currency: str
    sold_on: date
    product: str
    category: str
    units: int
    amount: Decimal
    revenue: Decimal
    """In euros, unrounded."""


def rate_on(currency: str, day: date) -> Decimal:
    """The declared euros for one unit of a currency on a day."""
    return RATES[currency][day >= RATES_CHANGE]


@lru_cache
def records() -> tuple[Record, ...]:
    """All records of the sample that count, without those that have one of its faults."""
    return tuple(record for store in DIALECTS for record in _of_store(store))


def _of_store(store: str) -> Iterator[Record]:
    dialect, catalogue, seen = DIALECTS[store], _catalogue(), set()
    for path in (SAMPLE / store).iterdir():
        with path.open(encoding="utf-8", newline="") as file:
            lines = (
                [] if path.name == REPEATED else list(csv.reader(file, delimiter=dialect.delimiter))
            )
        for line in lines[1:]:
            is_faulty = len(line) < COLUMNS or line[2] == UNKNOWN or line[1].startswith(NO_DAY)
            if is_faulty or line[0] in seen:
                continue
            seen.add(line[0])
            day = datetime.strptime(line[1], dialect.day).date()
            amount = Decimal(line[6].replace(",", "."))
            yield Record(
                store,
                dialect.currency,
                day,
                *catalogue[line[2]],
                int(line[5]),
                amount,
                amount * rate_on(dialect.currency, day),
            )


def _catalogue() -> dict[str, tuple[str, str]]:
    """Product in either language -> product and category in English."""
    with (SAMPLE / "catalogue" / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return {
            row[f"product_{language}"]: (row["product_en"], row["category_en"])
            for row in csv.DictReader(file)
            for language in ("fr", "en")
        }
