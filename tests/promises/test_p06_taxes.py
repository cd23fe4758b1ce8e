"""P6: revenue without tax, computed again from the landing file with fractions."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.retailer import Retailer, sale

FIRST = date(2020, 6, 1)
PLACE = {"name": "x", "city": "x", "country": "DE"}
GERMANY = [{"rate": "19 %"}, {"rate": "16 %", "since": "2020-07-01"},
           {"rate": "19 %", "since": "2021-01-01"}]  # fmt: skip
STORES: dict[str, dict[str, Any]] = {
    "B": {**PLACE, "id": "berlin"},
    "Z": {**PLACE, "id": "zurich", "currency": "USD", "tax": {"included": True, "rate": "7.7 %"}},
    "L": {**PLACE, "id": "london", "tax": {"included": False}},
}
EXCHANGE = {"berlin": Decimal(1), "zurich": Decimal("0.85"), "london": Decimal(1)}


def _rate(store: str, day: date) -> Fraction:
    """The rate of tax of a store on a day."""
    if store == "B":
        is_low = date(2020, 7, 1) <= day < date(2021, 1, 1)
        return Fraction(16 if is_low else 19, 100)
    return Fraction(77, 1000) if store == "Z" else Fraction(0)


def _net(amount: str, rate: Fraction) -> Decimal:
    steps = abs(Fraction(amount)) * 10_000 / (1 + rate)
    rounded = (2 * steps.numerator + steps.denominator) // (2 * steps.denominator)
    return Decimal(-rounded if amount.startswith("-") else rounded).scaleb(-4)


def _expected(file: Path) -> dict[tuple[str, date], tuple[Decimal, Decimal]]:
    """(store, month) -> amount and tax, of what a file has."""
    sums: dict[tuple[str, date], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            day, store = date.fromisoformat(row["day"]), row["shop"]
            net = _net(row["total"], _rate(store, day))
            of_store = sums[STORES[store]["id"], day.replace(day=1)]
            of_store[0] += net
            of_store[1] += Decimal(row["total"]) - net
    return {place: (amount, tax) for place, (amount, tax) in sums.items()}


def test_p6_revenue_without_tax_is_that_of_fractions(retailer: Retailer) -> None:
    lyon = retailer.declared["feeds"]["lyon"]
    del lyon["store"]
    lyon["stores"], lyon["columns"]["store"] = STORES, "shop"
    lyon["tax"] = {"included": True, "rate": GERMANY}
    retailer.declared["feeds"]["boston"]["tax"] = {"included": False}
    retailer.declared["revenue"] = "net_of_tax"
    chance = random.Random(20)
    rows = []
    for number in range(600):
        steps = chance.choice([1, 3, 25, 999, 12_345, 99_999])
        amount = Decimal(steps).scaleb(-chance.choice([2, 4]))
        is_return = chance.random() < 0.2
        line = sale(
            f"{number}",
            f"{FIRST + timedelta(chance.randrange(250))}",
            units="-1" if is_return else "1",
            total=f"{-amount if is_return else amount:f}",
        )
        rows.append(f"{line},{chance.choice(list(STORES))}")
    retailer.deliver_catalogue()
    file = retailer.deliver("lyon/a.csv", *rows, header="id,day,item,price,units,total,shop")
    expected = _expected(file)
    retailer.run()
    sales = retailer.rows("silver.sales", "store", "month", "amount", "tax")
    found: dict[tuple[str, date], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for store, month, amount, tax in sales:
        found[store, month][0] += amount
        found[store, month][1] += tax or Decimal(0)
    assert {place: tuple(sums) for place, sums in found.items()} == expected
    cube = retailer.rows("gold.sales_cube", "store", "month", "amount", "revenue")
    assert {(store, month): (amount, revenue) for store, month, amount, revenue in cube} == {
        (store, month): (amount, amount * EXCHANGE[store])
        for (store, month), (amount, _) in expected.items()
    }
