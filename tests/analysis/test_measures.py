"""Sums in Python and in Arrow are the same, to the last digit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sales_pipeline.analysis import measures
from sales_pipeline.analysis.measures import Measures, sums, total
from sales_pipeline.analysis.periods import Period, span
from tests.analysis.sold import Sold, sales_of

PERIODS = [span(date(2025, 1, 1), date(2025, 1, 31)), span(date(2025, 3, 1), date(2025, 3, 2))]
SALES = st.lists(
    st.builds(
        Sold,
        st.dates(date(2024, 12, 30), date(2025, 3, 4)),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["Tea", "Jam"]),
        st.integers(-9, 9).filter(bool),
        st.decimals("0.0001", 10**9, places=4),
        st.just("USD"),
        st.decimals("0.0001", "1.5", places=14),
        st.sampled_from(["Food", None]),
    ),
    max_size=30,
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SALES, st.sampled_from([(), ("store",), ("category", "store")]))
def test_sums_in_python_and_in_arrow_are_the_same(
    monkeypatch: pytest.MonkeyPatch, sold: list[Sold], by: tuple[str, ...]
) -> None:
    table = sales_of(sold).product_days(date.min, date.max)
    here = sums(table, PERIODS, day="sold_on", by=by)
    monkeypatch.setattr(measures, "_MANY", -1)
    assert sums(table, PERIODS, day="sold_on", by=by) == here
    monkeypatch.undo()
    inside = [sale for sale in sold if any(sale.sold_on in period for period in PERIODS)]
    added = total(here)
    assert added.sales == len(inside)
    assert added.revenue == sum((sale.revenue for sale in inside), Decimal(0))


def test_no_period_has_no_sums() -> None:
    table = sales_of([Sold(date(2025, 1, 1), "a", "Tea", 1, Decimal(1))]).daily
    no_periods: list[Period] = []
    assert sums(table, no_periods, day="sold_on", by=()) == []
    assert total([]) == Measures()
