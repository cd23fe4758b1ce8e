#!/usr/bin/env python
"""Writes the landing files of an invented retailer, and the totals that a pipeline must find.

It writes data of any size for benchmarks and tests, or the small sample that the package ships
(`--sample`). Beside the files it writes `expected.json`. Those totals are counted from the sales
that the generator chose, and never from the files, so that they can prove a pipeline wrong.

Money is always an integer number of minor units. The same arguments always write the same bytes.
It needs only the standard library, and is one file on purpose: it can be copied and run alone.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, groupby
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any

SAMPLE = Path(__file__).resolve().parent.parent / "sales_pipeline" / "sample"
BLOCK_ROWS = 50_000
"""Rows held in memory at once; large enough that the cost per block disappears."""

# The faults of bad records, in the order in which `--bad` takes them in turn.
UNKNOWN_PRODUCT = "unknown_product"
IMPOSSIBLE_DATE = "impossible_date"
UNREADABLE_AMOUNT = "unreadable_amount"
TOO_FEW_COLUMNS = "too_few_columns"
DUPLICATE = "duplicate"
FAULTS = (UNKNOWN_PRODUCT, IMPOSSIBLE_DATE, UNREADABLE_AMOUNT, TOO_FEW_COLUMNS, DUPLICATE)
MAX_BAD = Fraction(1, 8)
"""The largest share of bad records in one file; a pipeline rejects a file at 20 %."""

# Revenue is counted in ten-thousandths of a euro, which holds every product of these factors:
# currency -> ten-thousandths of a euro for one minor unit (a cent, a cent, a yen).
EUROS = {"EUR": 100, "USD": 85, "JPY": 55}
# The same for the sample before the month in which its rates change.
SAMPLE_EUROS_BEFORE = {"EUR": 100, "USD": 92, "JPY": 61}
SAMPLE_RATES_CHANGE = "2025-07"


@dataclass(frozen=True)
class Shape:
    """The format of the files of one kind of store."""

    language: str
    currency: str
    decimals: int
    delimiter: str
    decimal: str
    date_format: str
    date_text: str
    """The same format for `str.format`, which can also write a day that does not exist."""
    stem: str
    headers: tuple[str, ...]
    """Headers of sale_id, sold_on, product, category, unit_price, quantity and amount, in order."""
    unknown: str
    """A product that the catalogue does not have."""


@dataclass(frozen=True)
class Store:
    """A store, which is also a feed of the same name."""

    id: str
    name: str
    city: str
    country: str
    shape: Shape


@dataclass(frozen=True)
class Product:
    """A product, with its price in minor units of each currency and how often it sells."""

    code: str
    names: dict[str, str]
    categories: dict[str, str]
    prices: dict[str, int]
    popularity: int


@dataclass(frozen=True)
class Offer:
    """A possible sale: a product in a quantity, with the end of its line already written."""

    product: int
    quantity: int
    amount: int
    """In minor units; negative for a return."""
    text: str
    """The line from the product to its end."""
    frequency: int
    """The weight of this offer among all."""


@dataclass(frozen=True)
class FilePlan:
    """One landing file before it is written."""

    store: Store
    name: str
    days: tuple[date, ...]
    rows: int
    first_number: int
    faults: tuple[str, ...]
    seed: str
    returns: tuple[str, ...] = ()
    """Products, in English, of which one unit each comes back on the first day."""


@dataclass(frozen=True)
class FileTotals:
    """The contents of a written file: accepted sales by month and offer, and the faults."""

    store: Store
    rows: int
    sold: dict[str, Counter[int]]
    faults: Counter[str]


@dataclass(frozen=True)
class Scale:
    """The size and shape of generated data.

    Raises:
        ValueError: The numbers do not fit together.
    """

    rows: int = 100_000
    """Number of records in all, with the bad ones."""
    files: int = 36
    """Number of sales files in all, split evenly over the stores; each file covers some days."""
    stores: int = 3
    """Number of stores; they take the shapes of Paris, New York and Tokyo in turn."""
    months: int = 12
    """Number of calendar months, from January 2024."""
    bad: Fraction = Fraction(1, 100)
    """Share of bad records; no file has more than one in eight."""
    seed: int = 1
    jobs: int = 1
    """Number of processes that write files; the bytes do not depend on it."""

    def __post_init__(self) -> None:
        """Refuses numbers that do not fit together."""
        if min(self.stores, self.months, self.jobs) < 1:
            raise ValueError("stores, months and jobs must be at least 1")
        if not self.stores <= self.files <= self.rows:
            raise ValueError("need stores <= files <= rows: no store without a file, no empty file")
        if not 0 <= self.bad <= MAX_BAD:
            raise ValueError(f"bad must be from 0 to {float(MAX_BAD)}, got {float(self.bad)}")


PARIS = Shape(
    language="fr",
    currency="EUR",
    decimals=2,
    delimiter=";",
    decimal=",",
    date_format="dd/MM/yyyy",
    date_text="{day:02d}/{month:02d}/{year}",
    stem="ventes",
    headers=("ticket", "date", "produit", "catégorie", "prix unitaire", "quantité", "montant"),
    unknown="Fouet à matcha",
)
NEW_YORK = Shape(
    language="en",
    currency="USD",
    decimals=2,
    delimiter=",",
    decimal=".",
    date_format="MM/dd/yyyy",
    date_text="{month:02d}/{day:02d}/{year}",
    stem="sales",
    headers=("sale_id", "date", "product", "category", "unit_price", "quantity", "amount"),
    unknown="Matcha whisk",
)
TOKYO = replace(
    NEW_YORK,
    currency="JPY",
    decimals=0,
    date_format="yyyy/MM/dd",
    date_text="{year}/{month:02d}/{day:02d}",
    headers=("receipt_no", "date", "item", "category", "price", "qty", "total"),
)
STORES = (
    Store("paris", "Paris Rivoli", "Paris", "FR", PARIS),
    Store("new_york", "New York SoHo", "New York", "US", NEW_YORK),
    Store("tokyo", "Tokyo Ginza", "Tokyo", "JP", TOKYO),
    Store("lyon", "Lyon Bellecour", "Lyon", "FR", PARIS),
    Store("boston", "Boston Back Bay", "Boston", "US", NEW_YORK),
    Store("osaka", "Osaka Umeda", "Osaka", "JP", TOKYO),
    Store("bordeaux", "Bordeaux Chartrons", "Bordeaux", "FR", PARIS),
    Store("chicago", "Chicago Loop", "Chicago", "US", NEW_YORK),
    Store("kyoto", "Kyoto Gion", "Kyoto", "JP", TOKYO),
)

# (French, English) category -> (French, English, price in euro cents, popularity).
RANGE: dict[tuple[str, str], tuple[tuple[str, str, int, int], ...]] = {
    ("Épicerie", "Food"): (
        ("Café moulu", "Ground coffee", 490, 100),
        ("Thé vert sencha", "Sencha green tea", 790, 58),
        ("Chocolat noir", "Dark chocolate", 350, 84),
        ("Miel de lavande", "Lavender honey", 850, 40),
        ("Confiture de framboises", "Raspberry jam", 420, 52),
        ("Pâtes artisanales", "Artisan pasta", 390, 48),
        ("Huile d'olive", "Olive oil", 1250, 36),
        ("Biscuits sablés", "Shortbread", 520, 62),
    ),
    ("Cuisine", "Kitchen"): (
        ("Coffret crème brûlée", "Crème brûlée set", 3490, 15),
        ("Machine à expresso", "Espresso machine", 44900, 9),
        ("Bouilloire électrique", "Electric kettle", 5900, 12),
        ("Poêle en fonte", "Cast-iron skillet", 6900, 10),
        ("Couteau de chef", "Chef's knife", 8900, 10),
        ("Verres à vin, lot de 6", "Wine glasses, set of 6", 3600, 14),
        ("Planche à découper", "Cutting board", 2490, 16),
        ("Théière en grès", "Stoneware teapot", 3990, 12),
    ),
    ("Maison", "Home"): (
        ("Bougie parfumée", "Scented candle", 1490, 44),
        ("Plaid en laine", "Wool throw", 7900, 10),
        ("Coussin brodé", "Embroidered cushion", 2990, 15),
        ("Lampe de chevet", "Bedside lamp", 5400, 9),
        ("Vase en céramique", "Ceramic vase", 3200, 12),
        ("Miroir doré", "Gilt mirror", 14900, 4),
        ("Fauteuil à bascule", "Rocking chair", 28900, 4),
        ("Étagère en chêne", "Oak shelf", 11900, 5),
    ),
    ("Jouets", "Toys"): (
        ("Puzzle en bois", "Wooden puzzle", 1690, 22),
        ("Ours en peluche", "Teddy bear", 2200, 20),
        ("Train électrique", "Electric train", 12900, 6),
        ("Jeu d'échecs", "Chess set", 4500, 8),
        ("Cerf-volant", "Kite", 1850, 10),
        ("Maison de poupée", "Doll's house", 9800, 5),
        ("Dînette en porcelaine", "Toy tea set", 2700, 11),
        ("Toupie musicale", "Humming top", 1190, 18),
    ),
    ("Jardin", "Garden"): (
        ("Sécateur", "Pruning shears", 2600, 9),
        ("Arrosoir en zinc", "Zinc watering can", 3400, 8),
        ("Graines de lavande", "Lavender seeds", 290, 34),
        ("Pot en terre cuite", "Terracotta pot", 990, 24),
        ("Chaise longue", "Deck chair", 8900, 5),
        ("Hamac en coton", "Cotton hammock", 6500, 4),
        ("Mangeoire à oiseaux", "Bird feeder", 2150, 9),
        ("Lanterne solaire", "Solar lantern", 1790, 12),
    ),
    ("Bien-être", "Wellness"): (
        ("Savon de Marseille", "Marseille soap", 320, 76),
        ("Crème pour les mains", "Hand cream", 890, 46),
        ("Huile de massage", "Massage oil", 1900, 16),
        ("Serviette de bain", "Bath towel", 2400, 20),
        ("Diffuseur d'arômes", "Aroma diffuser", 4900, 9),
        ("Peignoir en éponge", "Terry bathrobe", 7500, 7),
        ("Sels de bain", "Bath salts", 950, 30),
        ("Tapis de yoga", "Yoga mat", 4200, 10),
    ),
}
# English category -> month -> factor on its usual demand.
SEASONS = {
    "Toys": {11: 2, 12: 4},
    "Garden": {3: 2, 4: 3, 5: 4, 6: 4, 7: 3},
    "Home": {10: 2, 11: 2, 12: 2},
}
MONTH_DEMAND = (0, 80, 74, 84, 90, 96, 92, 84, 70, 92, 98, 118, 190)
"""Demand by month of the year; the first entry is unused."""
WEEKDAY_DEMAND = (4, 4, 4, 5, 7, 9, 3)
"""Demand from Monday to Sunday."""
# Quantity -> its weight; a negative quantity is a return.
CHEAP_QUANTITIES = {1: 50, 2: 28, 3: 12, 4: 5, 6: 3, -1: 2}
DEAR_QUANTITIES = {1: 92, 2: 5, -1: 3}
DEAR_FROM = 2000


def generate(out: Path, scale: Scale) -> dict[str, Any]:
    """Writes landing files, their declaration and the expected totals.

    Args:
        out: The folder for `landing/`, `config.yaml` and `expected.json`. A landing folder that an
            earlier call made there is replaced.
        scale: The size of the data.

    Returns:
        The contents of `expected.json`.

    Raises:
        FileExistsError: `out` has a landing folder that the generator did not make.
    """
    landing = _fresh_landing(out)
    stores = stores_of(scale.stores)
    totals = _write_files(landing, list(_scale_plans(stores, scale)), jobs=scale.jobs)
    _write_text(out / "config.yaml", declaration(stores))
    return _write_expected(out, expected_totals(totals, repeats=[]))


def generate_sample(out: Path = SAMPLE, *, seed: int = 1) -> dict[str, Any]:
    """Writes the sample retailer: 26 months of three stores, with typical faults.

    Tokyo opened in April 2024, and New York was closed for some weeks in early 2025.

    Its declaration is `sales_pipeline/config/config.yaml`.

    Args:
        out: The folder for `landing/`, `rates/` and `expected.json`.
        seed: Another seed writes other sales; the shipped sample has the default.

    Returns:
        The contents of `expected.json`.

    Raises:
        FileExistsError: `out` has a landing folder that the generator did not make.
    """
    landing = _fresh_landing(out)
    totals = _write_files(landing, list(_sample_plans(seed)), jobs=1)
    store, name, copy = SAMPLE_REPEAT
    shutil.copyfile(landing / store.id / name, landing / store.id / copy)
    _write_text(out / "rates" / "reference_rates.csv", reference_rates(seed))
    return _write_expected(out, expected_totals(totals, repeats=[store], euros=sample_euros))


def stores_of(number: int) -> list[Store]:
    """Returns a number of stores: first the named ones, then the same with numbers.

    >>> [store.id for store in stores_of(11)][-3:]
    ['kyoto', 'paris_2', 'new_york_2']
    """
    stores = []
    for index in range(number):
        turn, store = index // len(STORES) + 1, STORES[index % len(STORES)]
        again = replace(store, id=f"{store.id}_{turn}", name=f"{store.name} {turn}")
        stores.append(again if turn > 1 else store)
    return stores


def allot(total: int, weights: Sequence[int]) -> list[int]:
    """Divides a whole number in proportion to weights, so that the parts add up to it.

    >>> allot(10, [1, 1, 2])
    [2, 3, 5]
    """
    ends = list(accumulate(weights))
    shares = [total * end // ends[-1] for end in ends]
    return [end - start for start, end in zip([0, *shares], shares, strict=False)]


@lru_cache
def products() -> tuple[Product, ...]:
    """Returns all products, in the order of the catalogue."""
    return tuple(
        Product(
            code=f"{english_category[:2].upper()}{position:02d}",
            names={"fr": french, "en": english},
            categories={"fr": french_category, "en": english_category},
            prices={"EUR": cents, "USD": _dollar_price(cents), "JPY": _yen_price(cents)},
            popularity=popularity,
        )
        for (french_category, english_category), goods in RANGE.items()
        for position, (french, english, cents, popularity) in enumerate(goods, start=1)
    )


def _dollar_price(euro_cents: int) -> int:
    """Returns a price in dollar cents that ends in 9, as on price tags."""
    step = 100 if euro_cents >= DEAR_FROM else 10
    return (euro_cents * 112 // 100 // step + 1) * step - 1


def _yen_price(euro_cents: int) -> int:
    """Returns a price in yen that ends in 80."""
    return max(euro_cents * 165 // 10_000, 1) * 100 + 80


def money_text(minor: int, shape: Shape) -> str:
    """Returns an amount in minor units as text, in the format of the store.

    >>> money_text(-1290, PARIS), money_text(780, TOKYO)
    ('-12,90', '780')
    """
    if not shape.decimals:
        return str(minor)
    whole, cents = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}{whole}{shape.decimal}{cents:02d}"


def _field(text: str, shape: Shape) -> str:
    return f'"{text}"' if shape.delimiter in text else text


@lru_cache
def offers(shape: Shape) -> tuple[Offer, ...]:
    """Returns all possible sales of a store of this shape."""
    return tuple(
        _offer(index, quantity, shape, frequency * product.popularity)
        for index, product in enumerate(products())
        for quantity, frequency in _quantities(product).items()
    )


def _quantities(product: Product) -> dict[int, int]:
    return DEAR_QUANTITIES if product.prices["EUR"] >= DEAR_FROM else CHEAP_QUANTITIES


def _offer(index: int, quantity: int, shape: Shape, frequency: int) -> Offer:
    product = products()[index]
    price = product.prices[shape.currency]
    fields = [
        _field(product.names[shape.language], shape),
        product.categories[shape.language],
        money_text(price, shape),
        str(quantity),
        money_text(price * quantity, shape),
    ]
    text = shape.delimiter.join(fields) + "\n"
    return Offer(index, quantity, price * quantity, text, frequency)


@lru_cache
def _demand(shape: Shape, month: int) -> list[int]:
    """Returns the cumulative weights of the offers in a month of the year."""
    seasons = [SEASONS.get(product.categories["en"], {}).get(month, 1) for product in products()]
    return list(accumulate(offer.frequency * seasons[offer.product] for offer in offers(shape)))


def _days(first: date, end: date) -> tuple[date, ...]:
    return tuple(first + timedelta(days=offset) for offset in range((end - first).days))


def _later(first: date, months: int) -> date:
    year, month = divmod(first.month - 1 + months, 12)
    return date(first.year + year, month + 1, 1)


def _day_demand(day: date) -> int:
    growth = 100 + 6 * (day.year - 2024)
    return MONTH_DEMAND[day.month] * WEEKDAY_DEMAND[day.weekday()] * growth


def _scale_plans(stores: Sequence[Store], scale: Scale) -> Iterator[FilePlan]:
    first = date(2024, 1, 1)
    days = _days(first, _later(first, scale.months))
    evenly = [1] * len(stores)
    shares = zip(allot(scale.files, evenly), allot(scale.rows, evenly), strict=True)
    for turn, (store, (files, rows)) in enumerate(zip(stores, shares, strict=True)):
        cuts = [_cut(days, index, files) for index in range(files)]
        names = [f"{store.shape.stem}_{index + 1}.csv" for index in range(files)]
        plans = _store_plans(store, list(zip(names, cuts, strict=True)), rows, scale.seed)
        yield from _with_bad_share(plans, scale.bad, first_fault=turn)


def _cut(days: tuple[date, ...], index: int, files: int) -> tuple[date, ...]:
    """Returns the days of one file; if there are more files than days, they share days."""
    start = index * len(days) // files
    return days[start : max(start + 1, (index + 1) * len(days) // files)]


def _store_plans(
    store: Store, files: Sequence[tuple[str, tuple[date, ...]]], rows: int, seed: int | str
) -> list[FilePlan]:
    """Divides the rows of a store over its files by demand, with at least one row in each."""
    rng = Random(f"{seed}/{store.id}")
    demand = [sum(map(_day_demand, days)) * rng.randrange(90, 111) for _, days in files]
    sizes = [1 + share for share in allot(rows - len(files), demand)]
    # All ticket numbers have one length, so that their order as text is their order in time.
    first = 10 ** max(5, len(str(rows))) + 1
    numbers = accumulate([first, *sizes])
    return [
        FilePlan(store, name, days, size, number, faults=(), seed=f"{seed}/{store.id}/{name}")
        for (name, days), size, number in zip(files, sizes, numbers, strict=False)
    ]


def _with_bad_share(
    plans: Sequence[FilePlan], share: Fraction, *, first_fault: int
) -> Iterator[FilePlan]:
    """Adds the faults of bad records to the plans; each kind in turn, across all files."""
    owed, fault = Fraction(0), first_fault
    for plan in plans:
        owed += plan.rows * share
        number = min(int(owed), int(plan.rows * MAX_BAD))
        owed -= number
        kinds = tuple(FAULTS[(fault + index) % len(FAULTS)] for index in range(number))
        fault += number
        yield replace(plan, faults=kinds)


SAMPLE_START, SAMPLE_END = date(2023, 11, 1), date(2026, 1, 1)
SAMPLE_OPENED = {"tokyo": date(2024, 4, 13)}
"""The first day of a store that opened after the start."""
SAMPLE_CLOSED = {"new_york": (date(2025, 2, 17), date(2025, 3, 23))}
"""The first and the last day on which a store was closed for renovation."""
SAMPLE_SECOND_PART = date(2024, 11, 1)
"""The sample was written in two parts, which have their own seeds and numbers of records."""
SAMPLE_ROWS = (
    {"paris": 1040, "new_york": 930, "tokyo": 370},
    {"paris": 1500, "new_york": 1400, "tokyo": 1100},
)
SAMPLE_DAILY_FROM = date(2025, 12, 25)
"""The first day from which Tokyo delivers a file a day."""
SAMPLE_REPEAT = (STORES[0], "ventes_2025-03.csv", "ventes_2025-03_copie.csv")
"""A file that is delivered twice: the same bytes under another name."""
SAMPLE_FAULTS = {
    ("paris", "ventes_2025-02.csv"): (IMPOSSIBLE_DATE,),
    ("new_york", "sales_2025-06.csv"): (DUPLICATE,),
    ("new_york", "sales_2025-08.csv"): (TOO_FEW_COLUMNS,),
    ("tokyo", "sales_2025-10.csv"): (UNKNOWN_PRODUCT,),
    ("tokyo", "sales_2025-11.csv"): (UNKNOWN_PRODUCT, UNKNOWN_PRODUCT),
}
SAMPLE_RETURNS = {
    ("paris", "ventes_2024-01.csv"): ("Electric train", "Doll's house"),
    ("new_york", "sales_2024-01.csv"): ("Electric train",),
}
"""What was sold in December and came back in January."""


def sample_euros(month: str) -> dict[str, int]:
    """Returns the sample's `EUROS` in a month."""
    return EUROS if month >= SAMPLE_RATES_CHANGE else SAMPLE_EUROS_BEFORE


def _sample_plans(seed: int) -> Iterator[FilePlan]:
    for store in STORES[:3]:
        earlier, later = _sample_files(store)
        first_rows, rows = (part[store.id] for part in SAMPLE_ROWS)
        plans = _store_plans(store, later, rows, seed)
        first_plans = _store_plans(store, earlier, first_rows, f"{seed}/first part")
        # Ticket numbers run up to those of the second part.
        shift = plans[0].first_number - first_plans[0].first_number - first_rows
        first_plans = [
            replace(plan, first_number=plan.first_number + shift) for plan in first_plans
        ]
        for plan in map(_while_open, first_plans + plans):
            key = store.id, plan.name
            faults, returns = SAMPLE_FAULTS.get(key, ()), SAMPLE_RETURNS.get(key, ())
            yield replace(plan, faults=faults, returns=returns)


def _sample_files(store: Store) -> list[list[tuple[str, tuple[date, ...]]]]:
    """Returns a file for each month of both parts; the last days of Tokyo have a file each."""
    daily_from = SAMPLE_DAILY_FROM if store.id == "tokyo" else SAMPLE_END
    opened = SAMPLE_OPENED.get(store.id, SAMPLE_START)
    parts = [
        [
            (f"{day:%Y-%m-%d}" if day >= daily_from else f"{day:%Y-%m}", day)
            for day in _days(first, end)
        ]
        for first, end in ((opened, SAMPLE_SECOND_PART), (SAMPLE_SECOND_PART, SAMPLE_END))
    ]
    return [
        [
            (f"{store.shape.stem}_{period}.csv", tuple(day for _, day in days))
            for period, days in groupby(part, key=itemgetter(0))
        ]
        for part in parts
    ]


def _while_open(plan: FilePlan) -> FilePlan:
    """Returns a plan without the days on which its store was closed."""
    first, last = SAMPLE_CLOSED.get(plan.store.id, (date.max, date.min))
    rows = zip(plan.days, _rows_by_day(plan), strict=True)
    sold = [(day, count) for day, count in rows if not first <= day <= last]
    return replace(plan, days=tuple(day for day, _ in sold), rows=sum(count for _, count in sold))


def _write_files(landing: Path, plans: Sequence[FilePlan], *, jobs: int) -> list[FileTotals]:
    for folder in ("catalogue", *(plan.store.id for plan in plans)):
        (landing / folder).mkdir(parents=True, exist_ok=True)
    write_catalogue(landing / "catalogue" / "catalogue.csv")
    paths = [landing / plan.store.id / plan.name for plan in plans]
    if jobs == 1:
        return list(map(write_file, plans, paths))
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(write_file, plans, paths))


def write_catalogue(path: Path) -> None:
    """Writes the product catalogue: a code, then two columns for each language."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["code", "product_fr", "category_fr", "product_en", "category_en"])
        for item in products():
            names, categories = item.names, item.categories
            french, english = ((names[code], categories[code]) for code in ("fr", "en"))
            rows.writerow([item.code, *french, *english])


def write_file(plan: FilePlan, path: Path) -> FileTotals:
    """Writes one landing file, block by block, and returns its totals."""
    till = Till(plan)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(plan.store.shape.delimiter.join(plan.store.shape.headers) + "\n")
        file.writelines("".join(till.lines(block)) for block in _blocks(plan))
    return FileTotals(plan.store, plan.rows, till.sold, Counter(plan.faults))


def _blocks(plan: FilePlan) -> Iterator[list[tuple[date, int]]]:
    """Divides the rows of a file over its days by demand, in blocks within one month."""
    block: list[tuple[date, int]] = []
    size = 0
    for day, rows in zip(plan.days, _rows_by_day(plan), strict=True):
        while rows:
            if block and (size == BLOCK_ROWS or f"{block[0][0]:%Y-%m}" != f"{day:%Y-%m}"):
                yield block
                block, size = [], 0
            part = min(rows, BLOCK_ROWS - size)
            block.append((day, part))
            size, rows = size + part, rows - part
    yield block


def _rows_by_day(plan: FilePlan) -> list[int]:
    return allot(plan.rows, [*map(_day_demand, plan.days)])


class Till:
    """Writes the lines of one file and counts the sales that will be accepted."""

    def __init__(self, plan: FilePlan) -> None:
        """Starts a file at its first ticket number."""
        self.sold: dict[str, Counter[int]] = {}
        """Month -> offer -> number of its sales that are in force."""
        self._rng = Random(plan.seed)
        self._shape = plan.store.shape
        self._offers = offers(self._shape)
        self._ticket = "".join(word[0] for word in plan.store.id.split("_")).upper() + "-"
        self._number = plan.first_number
        # The first row is always good, so that a duplicate has an earlier sale to repeat.
        numbers = range(plan.first_number + 1, plan.first_number + plan.rows)
        tickets = sorted(self._rng.sample(numbers, len(plan.faults)))
        self._faults = list(zip(tickets, plan.faults, strict=True))[::-1]
        self._good_line = ""
        names = [products()[offer.product].names["en"] for offer in self._offers]
        one_back = {
            name: index
            for index, (name, offer) in enumerate(zip(names, self._offers, strict=True))
            if offer.quantity == -1
        }
        self._returns = [one_back[name] for name in plan.returns]

    def lines(self, block: Sequence[tuple[date, int]]) -> list[str]:
        """Returns the lines of a block of days in one month, and counts its sales."""
        size = sum(rows for _, rows in block)
        month = block[0][0]
        weights = _demand(self._shape, month.month)
        choices = self._rng.choices(range(len(weights)), cum_weights=weights, k=size)
        choices[: len(self._returns)], self._returns = self._returns, []
        first = self._number
        lines = self._sales(block, choices)
        bad = self._faults_before(self._number, first)
        if 0 not in bad:
            self._good_line = lines[0]
        counts = Counter(choices)
        counts.subtract(choices[row] for row in bad)
        self.sold.setdefault(f"{month:%Y-%m}", Counter()).update(counts)
        for row, kind in bad.items():
            earlier = self._rng.randrange(row) if row else 0
            if kind != DUPLICATE:
                lines[row] = self._bad_line(lines[row], kind, choices[row], month.year)
            else:
                lines[row] = self._good_line if earlier in bad else lines[earlier]
        return lines

    def _sales(self, block: Sequence[tuple[date, int]], choices: Sequence[int]) -> list[str]:
        ticket, delimiter = self._ticket, self._shape.delimiter
        texts = [offer.text for offer in self._offers]
        lines: list[str] = []
        for day, rows in block:
            between = (
                f"{delimiter}{_date_text(self._shape, day.year, day.month, day.day)}{delimiter}"
            )
            chosen = choices[len(lines) : len(lines) + rows]
            lines += [
                f"{ticket}{number}{between}{texts[choice]}"
                for number, choice in enumerate(chosen, start=self._number)
            ]
            self._number += rows
        return lines

    def _bad_line(self, line: str, kind: str, choice: int, year: int) -> str:
        """Returns a line with one fault; its ticket number stays."""
        shape = self._shape
        ticket, day, sale = line.split(shape.delimiter, 2)
        product = products()[self._offers[choice].product].names[shape.language]
        field = _field(product, shape)
        if kind == UNKNOWN_PRODUCT:
            sale = shape.unknown + sale.removeprefix(field)
        elif kind == IMPOSSIBLE_DATE:
            day = _date_text(shape, year, 2, 31)
        elif kind == UNREADABLE_AMOUNT:
            sale = sale.rpartition(shape.delimiter)[0] + shape.delimiter + "#VALUE!\n"
        else:
            sale = field + "\n"
        return shape.delimiter.join([ticket, day, sale])

    def _faults_before(self, number: int, first: int) -> dict[int, str]:
        """Removes the faults due before a ticket number; returns row in the block -> kind."""
        due: dict[int, str] = {}
        while self._faults and self._faults[-1][0] < number:
            ticket, kind = self._faults.pop()
            due[ticket - first] = kind
        return due


def _date_text(shape: Shape, year: int, month: int, day: int) -> str:
    return shape.date_text.format(year=year, month=month, day=day)


def _fresh_landing(out: Path) -> Path:
    """Returns an empty landing folder; removes an old one only if the generator made it."""
    landing, ours = out / "landing", out / "expected.json"
    if landing.exists() and any(landing.iterdir()):
        if not ours.exists():
            raise FileExistsError(f"{landing}: has files already; choose another folder")
        shutil.rmtree(landing)
    landing.mkdir(parents=True, exist_ok=True)
    return landing


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def _write_expected(out: Path, expected: dict[str, Any]) -> dict[str, Any]:
    _write_text(out / "expected.json", json.dumps(expected, ensure_ascii=False, indent=2) + "\n")
    return expected


def expected_totals(
    files: Sequence[FileTotals],
    *,
    repeats: Sequence[Store],
    euros: Callable[[str], dict[str, int]] = lambda _: EUROS,
) -> dict[str, Any]:
    """Adds up the totals of all files, for `expected.json`.

    Args:
        files: The totals of each file that counts.
        repeats: The store of each file that is delivered twice; the second copy does not count.
        euros: Returns the `EUROS` of a month.

    Returns:
        Counts and sums. A revenue is in euros, unrounded, as exact decimal text.
    """
    per_month: Counter[str] = Counter()
    per_store: dict[str, Counter[str]] = {}
    units: Counter[int] = Counter()
    per_product: Counter[int] = Counter()
    for file in files:
        for month, offer, sales in _sold(file):
            revenue = sales * offer.amount * euros(month)[file.store.shape.currency]
            per_month[month] += revenue
            per_store.setdefault(month, Counter())[file.store.id] += revenue
            units[offer.product] += sales * offer.quantity
            per_product[offer.product] += revenue
    return {
        "base_currency": "EUR",
        "files": len(files) + len(repeats),
        "feeds": _counts(files, repeats),
        "revenue": _euros(per_month.total()),
        "revenue_per_month": {month: _euros(per_month[month]) for month in sorted(per_month)},
        "revenue_per_month_and_store": {
            month: {store: _euros(value) for store, value in sorted(per_store[month].items())}
            for month in sorted(per_store)
        },
        "products": {
            products()[index].names["en"]: {
                "category": products()[index].categories["en"],
                "units": units[index],
                "revenue": _euros(per_product[index]),
            }
            for index in sorted(units)
        },
    }


def _sold(file: FileTotals) -> Iterator[tuple[str, Offer, int]]:
    choices = offers(file.store.shape)
    for month, counts in file.sold.items():
        yield from ((month, choices[index], sales) for index, sales in counts.items() if sales)


def _euros(ten_thousandths: int) -> str:
    return f"{Decimal(ten_thousandths).scaleb(-4):f}"


def _counts(files: Sequence[FileTotals], repeats: Sequence[Store]) -> dict[str, dict[str, Any]]:
    """Counts files and records by feed; of a repeated file only the first copy counts."""
    counts: dict[str, dict[str, Any]] = {}
    for store in dict.fromkeys(file.store for file in files):
        own_files = [file for file in files if file.store == store]
        faults = sum((file.faults for file in own_files), Counter[str]())
        delivered, duplicates = sum(file.rows for file in own_files), faults.pop(DUPLICATE, 0)
        counts[store.id] = {
            "files": len(own_files) + repeats.count(store),
            "repeated_files": repeats.count(store),
            "delivered": delivered,
            "accepted": delivered - duplicates - faults.total(),
            "quarantined": faults.total(),
            "duplicate": duplicates,
            "displaced": 0,
            "quarantined_for": {kind: faults[kind] for kind in FAULTS if faults[kind]},
        }
    return counts


def declaration(stores: Sequence[Store]) -> str:
    """Returns the `config.yaml` of generated stores; its paths start from its own folder."""
    return DECLARATION + "".join(map(_feed_declaration, stores))


DECLARATION = """\
# Written by benchmarks/generator.py; run the pipeline in this folder.
base_currency: EUR
language: en
landing: ./landing
lakehouse: ./lakehouse
rates:
  policy: fixed
  fixed: {USD: 0.85, JPY: 0.0055}
catalogue:
  landing: catalogue/*.csv
  languages:
    fr: {product: product_fr, category: category_fr}
    en: {product: product_en, category: category_en}
feeds:
"""


def _feed_declaration(store: Store) -> str:
    shape = store.shape
    ticket, day, product, _, price, quantity, amount = shape.headers
    return f"""\
  {store.id}:
    landing: {store.id}/*.csv
    store: {{id: {store.id}, name: {store.name}, city: {store.city}, country: {store.country}}}
    currency: {shape.currency}
    language: {shape.language}
    csv: {{delimiter: "{shape.delimiter}", decimal: "{shape.decimal}"}}
    date_formats: {shape.date_format}
    columns:
      sale_id: {ticket}
      sold_on: {day}
      product: {product}
      unit_price: {price}
      quantity: {quantity}
      amount: {amount}
    key: [sale_id]
"""


@dataclass
class Quote:
    """The rate of a currency, which changes a little each day, in units of its last decimal."""

    value: int
    goal: int
    step: int
    decimals: int

    def next(self, rng: Random) -> str:
        """Returns the rate of the next day as text."""
        self.value += rng.randrange(-self.step, self.step + 1) + (self.goal - self.value) // 60
        return f"{Decimal(self.value).scaleb(-self.decimals):f}"


RATES_FROM, RATES_RISE, RATES_END = date(2023, 10, 30), date(2024, 10, 28), date(2026, 1, 1)
"""The first day of the reference rates, the one from which the euro rises, and the end."""
HOLIDAYS = {
    date(2023, 12, 25),
    date(2023, 12, 26),
    date(2024, 1, 1),
    date(2024, 3, 29),
    date(2024, 4, 1),
    date(2024, 5, 1),
    date(2024, 12, 25),
    date(2024, 12, 26),
    date(2025, 1, 1),
    date(2025, 4, 18),
    date(2025, 4, 21),
    date(2025, 5, 1),
    date(2025, 12, 25),
    date(2025, 12, 26),
}


def reference_rates(seed: int) -> str:
    """Returns invented reference rates: units of each currency for 1 EUR, newest day first."""
    steady = {
        "USD": Quote(10610, 10820, 60, decimals=4),
        "JPY": Quote(16030, 16480, 90, decimals=2),
        "GBP": Quote(8690, 8330, 30, decimals=4),
        "CHF": Quote(9520, 9380, 25, decimals=4),
    }
    rising = {
        "USD": Quote(10820, 11740, 60, decimals=4),
        "JPY": Quote(16480, 18050, 90, decimals=2),
        "GBP": Quote(8330, 8720, 30, decimals=4),
        "CHF": Quote(9380, 9340, 25, decimals=4),
    }
    lines = _rate_lines(steady, _days(RATES_FROM, RATES_RISE), Random(f"{seed}/rates/first part"))
    lines += _rate_lines(rising, _days(RATES_RISE, RATES_END), Random(f"{seed}/rates"))
    return "\n".join([",".join(["Date", *rising]), *reversed(lines)]) + "\n"


def _rate_lines(quotes: dict[str, Quote], days: Sequence[date], rng: Random) -> list[str]:
    return [
        ",".join([str(day), *(quote.next(rng) for quote in quotes.values())])
        for day in days
        if day.weekday() < 5 and day not in HOLIDAYS
    ]


def _share(text: str) -> Fraction:
    return Fraction(text.removesuffix("%")) / (100 if text.endswith("%") else 1)


def _whole(text: str) -> int:
    return int(text.replace("_", ""))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="generator.py",
        description="Writes sales files of an invented retailer, their catalogue, the declaration "
        "that reads them (config.yaml) and the totals they must come to (expected.json).",
        epilog="The same arguments always write the same bytes. "
        "Example: python benchmarks/generator.py --out /tmp/sales --rows 3_000_000 --jobs 2",
    )
    add, usual = parser.add_argument, Scale()
    add("--out", type=Path, metavar="DIR", help="folder to write to; with --sample the package's")
    add(
        "--sample",
        action="store_true",
        help="write the sample retailer that the package ships; of the rest only --seed applies",
    )
    add("--rows", type=_whole, default=usual.rows, help="records in all (%(default)s)")
    add("--files", type=_whole, default=usual.files, help="sales files in all (%(default)s)")
    add("--stores", type=_whole, default=usual.stores, help="stores, a feed each (%(default)s)")
    add("--months", type=_whole, default=usual.months, help="months from 2024-01 (%(default)s)")
    add("--bad", type=_share, default="1%", help="share of bad records, 0 to 12.5%% (%(default)s)")
    add("--seed", type=_whole, default=usual.seed, help="another seed, other sales (%(default)s)")
    add("--jobs", type=_whole, default=usual.jobs, help="processes that write (%(default)s)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if not given.sample and given.out is None:
        parser.error("--out DIR is needed, or --sample")
    out: Path = given.out or SAMPLE
    try:
        expected = (
            generate_sample(out, seed=given.seed) if given.sample else generate(out, _scale(given))
        )
    except (ValueError, FileExistsError) as problem:
        parser.error(str(problem))
    records = sum(feed["delivered"] for feed in expected["feeds"].values())
    print(f"{out}: {records:,} records in {expected['files']} files, EUR {expected['revenue']}")
    return 0


def _scale(given: argparse.Namespace) -> Scale:
    return Scale(
        rows=given.rows,
        files=given.files,
        stores=given.stores,
        months=given.months,
        bad=given.bad,
        seed=given.seed,
        jobs=given.jobs,
    )


if __name__ == "__main__":
    sys.exit(main())
