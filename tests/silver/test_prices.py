"""Which list price holds on a day, and on which days a change of prices is felt."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_pipeline.silver.reference.products import ALWAYS, Price, price_on, repriced

MARCH = date(2025, 3, 1)


def _price(day: date, price: str, currency: str = "EUR") -> Price:
    return Price(day, Decimal(price), currency, 1, 1)


@pytest.mark.parametrize(
    ("day", "price"),
    [(date(2025, 2, 28), "10"), (MARCH, "12"), (date(2025, 3, 2), "12"), (date.max, "12")],
)
def test_a_price_holds_from_its_first_day_until_the_next(day: date, price: str) -> None:
    listed = price_on([_price(ALWAYS, "10"), _price(MARCH, "12")], day)
    assert listed is not None
    assert listed.price == Decimal(price)


def test_before_the_first_price_there_is_none() -> None:
    assert price_on([_price(MARCH, "12")], date(2025, 2, 28)) is None
    assert price_on([], MARCH) is None


def test_a_later_price_touches_only_the_days_from_it_on() -> None:
    old = _price(ALWAYS, "10")
    assert list(repriced([old], [old, _price(MARCH, "12")])) == [(MARCH, None)]
    assert list(repriced([old], [_price(ALWAYS, "10"), _price(MARCH, "10")])) == []
    assert list(repriced([old], [_price(ALWAYS, "10", "USD")])) == [(ALWAYS, None)]


def test_a_corrected_price_touches_the_days_until_the_next() -> None:
    before = [_price(ALWAYS, "10"), _price(MARCH, "12")]
    after = [_price(ALWAYS, "11"), _price(MARCH, "12")]
    assert list(repriced(before, after)) == [(ALWAYS, MARCH)]


DAYS = st.integers(0, 9).map(lambda days: MARCH + timedelta(days))
PRICES = st.dictionaries(DAYS, st.sampled_from(["1", "2"]), max_size=4).map(
    lambda by_day: [_price(day, by_day[day]) for day in sorted(by_day)]
)


@given(before=PRICES, after=PRICES)
def test_the_touched_days_are_those_with_another_price(
    before: list[Price], after: list[Price]
) -> None:
    touched = list(repriced(before, after))
    for day in (MARCH + timedelta(days) for days in range(-1, 11)):
        was, is_now = price_on(before, day), price_on(after, day)
        is_other = (was and was.money) != (is_now and is_now.money)
        is_touched = any(start <= day and (end is None or day < end) for start, end in touched)
        assert is_touched == is_other
