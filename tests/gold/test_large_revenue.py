"""Revenue that gold cannot hold holds its month back, and nothing else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from sales_pipeline import read_gold
from tests.retailer import Retailer, sale

LARGEST = "99999999999999.00"
"""The largest amount that a record can have, about 10^14."""


def _deliver(retailer: Retailer, rate: str, *, records: int, price: str = "1.00") -> None:
    retailer.declared["rates"]["fixed"]["USD"] = rate
    retailer.deliver_catalogue()
    retailer.deliver(
        "boston/a.csv",
        *(sale(f"b{at}", "2025-01-15", price=price, total=LARGEST) for at in range(records)),
    )
    retailer.deliver(
        "lyon/a.csv", sale("1", "2025-01-15", total="5.00"), sale("2", "2025-02-15", total="7.00")
    )


def _revenue(retailer: Retailer) -> dict[int, Decimal]:
    rows = read_gold(retailer.declaration, "revenue_per_month").to_pylist()
    return {row["month"]: row["revenue"] for row in rows}


@pytest.mark.parametrize("records", [11, 25])
def test_a_month_worth_more_than_gold_can_hold_waits_alone(
    retailer: Retailer, records: int
) -> None:
    _deliver(retailer, "99999", records=records)
    report = retailer.run()
    assert report.outcome == "failed"
    [waiting] = report.held
    assert (waiting.month, waiting.currency, waiting.is_too_large) == (
        date(2025, 1, 1), "USD", True,
    )  # fmt: skip
    assert _revenue(retailer) == {2: Decimal("7.00")}
    assert retailer.run().held == report.held
    retailer.withdraw("boston/a.csv")
    assert not retailer.run().held
    assert _revenue(retailer) == {1: Decimal("5.00"), 2: Decimal("7.00")}


def test_the_most_that_gold_can_hold_is_exact_and_can_be_closed(retailer: Retailer) -> None:
    _deliver(retailer, "99999", records=10)
    assert not retailer.run().held
    most = 10 * Decimal(LARGEST) * 99_999 + 5
    assert _revenue(retailer) == {1: most, 2: Decimal("7.00")}
    retailer.close("2025-01", anyway=True)


def test_returns_do_not_hide_how_large_the_sums_are(retailer: Retailer) -> None:
    _deliver(retailer, "99999", records=11)
    retailer.deliver(
        "boston/b.csv",
        *(sale(f"r{at}", "2025-01-15", units="-1", total=f"-{LARGEST}") for at in range(11)),
    )
    [waiting] = retailer.run().held
    assert waiting.is_too_large
