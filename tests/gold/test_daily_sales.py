"""The days of gold and what returned, against sums of the records in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from sales_pipeline import read_gold
from sales_pipeline.config.model import Declaration
from tests.retailer import Retailer, sale
from tests.sample.records import records

FIGURES = (
    "sales", "units", "amount", "revenue", "units_returned", "amount_returned", "revenue_returned"
)  # fmt: skip
Row = dict[str, Any]
Sums = dict[tuple[Any, ...], tuple[Decimal, ...]]


def _sums(*by: str) -> Sums:
    """Adds up the figures of the sample; the last three are those of negative quantities."""
    sums: dict[tuple[Any, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(FIGURES))
    for record in records():
        own = (record.units, record.amount, record.revenue)
        parts = (1, *own, *(own if record.units < 0 else (0, 0, 0)))
        values = {**vars(record), "month": record.sold_on.replace(day=1)}
        key = tuple(values[name] for name in by)
        sums[key] = [total + part for total, part in zip(sums[key], parts, strict=True)]
    return {key: tuple(totals) for key, totals in sums.items()}


def _figures(rows: Iterable[Mapping[str, Any]], *by: str) -> Sums:
    return {tuple(row[name] for name in by): tuple(row[name] for name in FIGURES) for row in rows}


def _rounded(exact: Decimal) -> Decimal:
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_the_days_and_the_cube_of_the_sample_are_the_sums_of_its_records(
    sample: Declaration,
) -> None:
    for table, by in {
        "daily_sales": ("month", "sold_on", "store", "currency"),
        "sales_cube": ("month", "store", "product", "currency"),
    }.items():
        rows = read_gold(sample, table).to_pylist()
        assert _figures(rows, *by) == _sums(*by)
        assert len(rows) == len(_figures(rows, *by))
        assert any(row["units_returned"] < 0 for row in rows)


def test_the_answers_of_the_sample_show_what_returned_rounded_once(
    sample: Declaration,
) -> None:
    for table, by in {
        "revenue_per_month": ("month",),
        "revenue_per_month_and_shop": ("month", "store"),
        "top_selling_products": ("product",),
        "top_selling_products_by_revenue": ("product",),
    }.items():
        rows = read_gold(sample, table).to_pylist()
        for row in rows:
            if "year" in row:
                row["month"] = date(row["year"], row["month"], 1)
        shown = ("revenue", "units_returned", "returns")
        assert {
            tuple(row[name] for name in by): tuple(row[name] for name in shown) for row in rows
        } == {
            key: (_rounded(sums[3]), sums[4], _rounded(sums[6])) for key, sums in _sums(*by).items()
        }


def _days(retailer: Retailer) -> list[str]:
    figures = ("sales", "units_returned", "amount", "revenue", "revenue_returned")
    return [
        f"{row['sold_on']} {row['store']} {row['currency']}: "
        + " ".join(f"{Decimal(row[name]).normalize():f}" for name in figures)
        for row in read_gold(retailer.declaration, "daily_sales").to_pylist()
    ]


@pytest.mark.long
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
    assert [str(held.month) for held in retailer.run().held] == ["2025-02-01"]
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
