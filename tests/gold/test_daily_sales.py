"""The days of gold and what returned, against sums of the records in plain Python."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sales_pipeline import load_config, read_gold, run
from sales_pipeline.config.model import Declaration
from sales_pipeline.sample import expected, place_sample
from tests.retailer import Retailer, sale

FIGURES = (
    "sales", "units", "amount", "revenue", "units_returned", "amount_returned", "revenue_returned"
)  # fmt: skip
SHAPES = {
    "paris": (";", "%d/%m/%Y", "EUR", Decimal(1)),
    "new_york": (",", "%m/%d/%Y", "USD", Decimal("0.85")),
    "tokyo": (",", "%Y/%m/%d", "JPY", Decimal("0.0055")),
}
"""Store of the sample -> the delimiter and the dates of its files, its currency and its rate."""
Row = dict[str, Any]
Sums = dict[tuple[Any, ...], tuple[Decimal, ...]]


class Record(NamedTuple):
    """A sale of the sample, as its file says it."""

    store: str
    currency: str
    sold_on: date
    product: str
    units: Decimal
    amount: Decimal
    rate: Decimal

    @property
    def month(self) -> date:
        """The first day of its month."""
        return self.sold_on.replace(day=1)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Declaration, list[Record]]:
    """The declaration of the sample retailer after its run, and the records that count."""
    folder = tmp_path_factory.mktemp("sample")
    folders = {"landing": str(folder / "landing"), "lakehouse": str(folder / "lakehouse")}
    declaration = load_config().model_copy(update=folders)
    place_sample(folder / "landing")
    records = _records(folder / "landing")
    assert len(records) == sum(feed["accepted"] for feed in expected()["feeds"].values())
    run(declaration)
    return declaration, records


def _records(landing: Path) -> list[Record]:
    """Reads the files, each key once, without days and products that there are not."""
    with (landing / "catalogue/catalogue.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = {
        row[f"product_{language}"]: row["product_en"] for language in ("fr", "en") for row in rows
    }
    found = {}
    for store, (delimiter, pattern, currency, rate) in SHAPES.items():
        for path in (landing / store).glob("*.csv"):
            with path.open(encoding="utf-8", newline="") as file:
                for fields in list(csv.reader(file, delimiter=delimiter))[1:]:
                    with suppress(ValueError, KeyError):
                        key, day, product, _, _, units, amount = fields
                        sold_on = datetime.strptime(day, pattern).date()
                        sold, paid = (Decimal(each.replace(",", ".")) for each in (units, amount))
                        found[store, key] = Record(
                            store, currency, sold_on, names[product], sold, paid, rate
                        )
    return list(found.values())


def _sums(records: Iterable[Record], *by: str) -> Sums:
    """Adds up the figures of a cube; the last three are those of negative quantities."""
    sums: dict[tuple[Any, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(FIGURES))
    for record in records:
        own = (record.units, record.amount, record.amount * record.rate)
        parts = (1, *own, *(own if record.units < 0 else (0, 0, 0)))
        key = tuple(getattr(record, name) for name in by)
        sums[key] = [total + part for total, part in zip(sums[key], parts, strict=True)]
    return {key: tuple(totals) for key, totals in sums.items()}


def _figures(rows: Iterable[Mapping[str, Any]], *by: str) -> Sums:
    return {tuple(row[name] for name in by): tuple(row[name] for name in FIGURES) for row in rows}


def _rounded(exact: Decimal) -> Decimal:
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_the_days_and_the_cube_of_the_sample_are_the_sums_of_its_records(
    sample: tuple[Declaration, list[Record]],
) -> None:
    declaration, records = sample
    for table, by in {
        "daily_sales": ("month", "sold_on", "store", "currency"),
        "sales_cube": ("month", "store", "product", "currency"),
    }.items():
        rows = read_gold(declaration, table).to_pylist()
        assert _figures(rows, *by) == _sums(records, *by)
        assert len(rows) == len(_figures(rows, *by))
        assert any(row["units_returned"] < 0 for row in rows)


def test_the_answers_of_the_sample_show_what_returned_rounded_once(
    sample: tuple[Declaration, list[Record]],
) -> None:
    declaration, records = sample
    for table, by in {
        "revenue_per_month": ("month",),
        "revenue_per_month_and_shop": ("month", "store"),
        "top_selling_products": ("product",),
        "top_selling_products_by_revenue": ("product",),
    }.items():
        rows = read_gold(declaration, table).to_pylist()
        for row in rows:
            if "year" in row:
                row["month"] = date(row["year"], row["month"], 1)
        shown = ("revenue", "units_returned", "returns")
        assert {
            tuple(row[name] for name in by): tuple(row[name] for name in shown) for row in rows
        } == {
            key: (_rounded(sums[3]), sums[4], _rounded(sums[6]))
            for key, sums in _sums(records, *by).items()
        }


def _days(retailer: Retailer) -> list[str]:
    figures = ("sales", "units_returned", "amount", "revenue", "revenue_returned")
    return [
        f"{row['sold_on']} {row['store']} {row['currency']}: "
        + " ".join(f"{Decimal(row[name]).normalize():f}" for name in figures)
        for row in read_gold(retailer.declaration, "daily_sales").to_pylist()
    ]


def test_a_day_takes_its_own_rate_and_waits_with_its_month_and_leaves_with_its_sales(
    retailer: Retailer,
) -> None:
    retailer.declared["rates"] = {"landing": "rates/*.csv"}
    retailer.deliver_catalogue()
    retailer.deliver_text("rates/april.csv", "Date,USD\n2025-04-22,1.6\n2025-04-17,1.28\n")
    returned = sale("3", "2025-04-22", units="-1", total="-4.00")
    lyon = [sale("1", "2025-04-22"), sale("2", "2025-02-01")]
    retailer.deliver("boston/a.csv", sale("1", "2025-04-18"), sale("2", "2025-04-22"), returned)
    retailer.deliver("boston/b.csv", sale("4", "2025-02-01"))
    retailer.deliver("lyon/a.csv", *lyon)
    assert [str(each.month) for each in retailer.run().held] == ["2025-02-01"]
    april = [
        "2025-04-18 boston USD: 1 0 10 7.8125 0",
        "2025-04-22 boston USD: 2 -1 6 3.75 -2.5",
        "2025-04-22 lyon EUR: 1 0 10 10 0",
    ]
    assert _days(retailer) == april
    # The month that waits is whole: neither table has the euros of it.
    retailer.deliver_text("rates/february.csv", "Date,USD\n2025-01-31,1.25\n")
    retailer.run()
    february = ["2025-02-01 boston USD: 1 0 10 8 0", "2025-02-01 lyon EUR: 1 0 10 10 0"]
    assert _days(retailer) == [*february, *april]
    retailer.withdraw("boston/b.csv")
    retailer.deliver("lyon/a.csv", lyon[0], sale("2", "2025-04-22"))
    retailer.run()
    assert _days(retailer) == [*april[:2], "2025-04-22 lyon EUR: 2 0 20 20 0"]
    state = retailer.state()
    retailer.rebuild()
    assert retailer.state() == state
