"""Which rate a sale takes under each policy, computed by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sales_pipeline.config.rates import Rates
from sales_pipeline.gold.rate_book import Grain, RateBook

FRIDAY, SATURDAY, SUNDAY = date(2025, 1, 3), date(2025, 1, 4), date(2025, 1, 5)


def _book(rates: dict[date, str], **declared: Any) -> RateBook:
    known = {"USD": {day: Decimal(rate) for day, rate in sorted(rates.items())}}
    files = {} if declared["policy"] == "fixed" else {"landing": "rates/*.csv"}
    return RateBook(Rates.model_validate({**files, **declared}), "EUR", known)


def _rate(book: RateBook, day: date, currency: str = "USD") -> str | None:
    taken = book.rate_on(currency, day)
    return None if taken is None else f"{taken.rate}"


def test_p8_a_weekend_takes_the_rate_of_friday() -> None:
    book = _book({date(2025, 1, 2): "0.8", FRIDAY: "0.9", date(2025, 1, 6): "0.7"}, policy="daily")
    days = (FRIDAY, SATURDAY, SUNDAY, date(2025, 1, 6))
    assert [_rate(book, day) for day in days] == ["0.9", "0.9", "0.9", "0.7"]
    taken = book.rate_on("USD", SUNDAY)
    assert taken is not None
    assert taken.published_on == FRIDAY


@pytest.mark.parametrize(("age", "last"), [(7, 10), (1, 4), (0, 3)])
def test_p8_a_rate_is_taken_up_to_the_declared_age(age: int, last: int) -> None:
    book = _book({FRIDAY: "0.9"}, policy="daily", max_age_days=age)
    assert _rate(book, date(2025, 1, last)) == "0.9"
    assert _rate(book, date(2025, 1, last + 1)) is None
    assert _rate(book, date(2025, 1, 2)) is None


def test_p8_the_greatest_age_reaches_before_the_calendar() -> None:
    book = _book({FRIDAY: "0.9"}, policy="daily", max_age_days=10_000_000)
    assert _rate(book, FRIDAY) == "0.9"
    assert _rate(book, date(9999, 12, 31)) == "0.9"


def test_p8_a_month_takes_the_mean_of_its_published_days_rounded_half_up() -> None:
    rates = {FRIDAY: "0.8", date(2025, 1, 6): "0.9", date(2025, 1, 31): "0.9"}
    book = _book({**rates, date(2025, 2, 3): "0.5"}, policy="month_average")
    # 2.6 / 3 = 0.8666…
    assert _rate(book, SUNDAY) == "0.86666666666667"
    assert _rate(book, date(2025, 1, 1)) == "0.86666666666667"
    assert _rate(book, date(2025, 2, 1)) == "0.50000000000000"
    assert _rate(book, date(2025, 3, 1)) is None


def test_p8_a_mean_that_is_just_between_two_decimals_is_rounded_up() -> None:
    rates = {FRIDAY: "0.00000000000001", SATURDAY: "0.00000000000002"}
    assert _rate(_book(rates, policy="month_average"), SUNDAY) == "2E-14"


def test_p8_a_month_end_takes_the_last_published_day_of_the_month() -> None:
    rates = {FRIDAY: "0.8", date(2025, 1, 30): "0.7", date(2025, 2, 28): "0.6"}
    book = _book(rates, policy="month_end")
    assert [_rate(book, date(2025, month, 1)) for month in (1, 2, 3)] == ["0.7", "0.6", None]


@pytest.mark.parametrize("policy", ["month_average", "month_end"])
def test_p8_a_month_is_provisional_until_a_rate_of_a_later_one_is_known(policy: str) -> None:
    book = _book({FRIDAY: "0.8", date(2025, 2, 3): "0.7"}, policy=policy)
    january, february = book.rate_on("USD", FRIDAY), book.rate_on("USD", date(2025, 2, 1))
    assert january is not None
    assert february is not None
    assert (january.is_provisional, february.is_provisional) == (False, True)


def test_p8_a_fixed_rate_holds_from_its_first_day() -> None:
    fixed = {"USD": [{"rate": "0.8"}, {"rate": "0.9", "since": "2025-01-04"}]}
    book = _book({date(1, 1, 1): "0.8", SATURDAY: "0.9"}, policy="fixed", fixed=fixed)
    days = (date(2000, 1, 1), FRIDAY, SATURDAY, date(2099, 12, 31))
    assert [_rate(book, day) for day in days] == ["0.8", "0.8", "0.9", "0.9"]
    assert book.grain is Grain.DAY


@pytest.mark.parametrize("policy", ["fixed", "daily", "month_average", "month_end"])
def test_p8_the_base_currency_is_always_one_and_another_is_never_guessed(policy: str) -> None:
    book = _book({}, policy=policy)
    assert _rate(book, FRIDAY, "EUR") == "1"
    assert _rate(book, FRIDAY, "JPY") is None


def test_p8_rates_are_taken_by_the_day_where_files_of_them_are_declared() -> None:
    assert Rates(landing="rates/*.csv").chosen_policy == "daily"
    assert Rates().chosen_policy == "fixed"
