"""Which rates look mistaken beside those around them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_pipeline.silver.reference.doubtful_rates import QuotedRates, RateHistory, relation
from sales_pipeline.silver.reference.rate_quotes import Quote

FIRST = date(2025, 1, 1)


def _quotes(file_id: int, values: Sequence[str | None], *, start: int = 0) -> list[Quote]:
    """A quote of JPY a day; None leaves a day out."""
    return [
        Quote(FIRST + timedelta(days=start + at), "JPY", Decimal(value), file_id, at + 1)
        for at, value in enumerate(values)
        if value is not None
    ]


def _doubts(
    *deliveries: Sequence[Quote],
    in_force: Sequence[Quote] = (),
    corrected: int = 0,
    factor: str = "2",
) -> dict[int, list[str]]:
    replaced = QuotedRates()
    replaced.add(in_force)
    staying = [quote for quote in in_force if quote.file_id != corrected]
    history = RateHistory(staying, replaced, Decimal(factor))
    return history.doubts({quotes[0].file_id: quotes for quotes in deliveries})


@pytest.mark.parametrize(
    ("value", "compared", "expected"),
    [
        ("0.005556", "180", "near the inverse of"),
        ("0.8621", "1.16", "near the inverse of"),
        ("1.17", "0.85", "near the inverse of"),
        ("1800", "181", "near ten times"),
        ("18.05", "180", "near a tenth of"),
        ("18000", "181", "near a hundred times"),
        ("1.62", "163", "near a hundredth of"),
        ("162500", "162.1", "near a thousand times"),
        ("0.1625", "162.1", "near a thousandth of"),
        ("8512", "0.8512", "10,000.0 times"),
        ("450", "180", "2.5 times"),
        ("70", "180", "2.6 times less than"),
        ("300", "180", None),
        ("91", "180", None),
        # Parity is crossed without a word, and so is the largest move of a day that is known.
        ("1.01", "0.99", None),
        ("1.028", "1.201", None),
    ],
)
def test_p8_what_differs_from_a_rate_is_said_in_words(
    value: str, compared: str, expected: str | None
) -> None:
    assert relation(Decimal(value), Decimal(compared), Decimal(2)) == expected


def test_p8_a_declared_factor_allows_more_but_no_tenfold() -> None:
    assert relation(Decimal(450), Decimal(180), Decimal(3)) is None
    assert relation(Decimal(1800), Decimal(180), Decimal(50)) == "near ten times"
    assert relation(Decimal(220), Decimal(180), Decimal("1.2")) == "1.2 times"


def test_p8_a_rate_that_is_upside_down_is_doubtful_with_both_figures() -> None:
    assert _doubts(_quotes(1, ["180.00", None, "0.005556", "181.00"])) == {
        1: [
            "JPY is 0.005556 on 2025-01-03 (record 3), near the inverse of 180.00 on 2025-01-01",
            "JPY is 181.00 on 2025-01-04 (record 4), near the inverse of 0.005556 on 2025-01-03",
        ]
    }


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize(
    "wrong", ["0.0061", "1.63", "16.3", "1630", "16300", "163000", "400", "60"]
)
def test_p8_of_several_deliveries_the_one_that_differs_is_held(place: int, wrong: str) -> None:
    values = ["162", "163", "161.5", "162.2", "164"]
    values[place] = wrong
    deliveries = [_quotes(at + 1, [value], start=at) for at, value in enumerate(values)]
    assert list(_doubts(*deliveries)) == [place + 1]


@pytest.mark.parametrize("start", [-3, 1, 8])
def test_p8_a_delivery_is_compared_with_what_is_in_force_around_it(start: int) -> None:
    in_force = _quotes(1, ["162", None, "163", None, "161"])
    assert _doubts(_quotes(2, ["1.62"], start=start), in_force=in_force)
    assert not _doubts(_quotes(2, ["170"], start=start), in_force=in_force)


def test_p8_rates_years_apart_are_not_compared() -> None:
    in_force = _quotes(1, ["290"])
    assert not _doubts(_quotes(2, ["125"], start=3_300), in_force=in_force)
    assert _doubts(_quotes(2, ["125"], start=300), in_force=in_force)


def test_p8_an_accepted_rate_is_not_doubted_again() -> None:
    values = ["162", "163", "1.62", "162", "163"]
    in_force = _quotes(1, values)
    longer = _quotes(2, [*values, "164"])
    assert not _doubts(longer, in_force=in_force, corrected=1)
    # After a leap that was accepted, its successors are near it.
    in_force = _quotes(1, ["1507", "1507", "15000"])
    assert not _doubts(_quotes(2, ["15000"], start=3), in_force=in_force)


def test_p8_a_history_that_is_upside_down_does_not_replace_the_one_in_force() -> None:
    in_force = _quotes(1, ["162", "163", "161"])
    inverse = _quotes(2, ["0.0062", "0.0061", "0.0062"])
    [reasons] = _doubts(inverse, in_force=in_force, corrected=1).values()
    assert reasons == [
        "JPY is 0.0062 on 2025-01-01 (record 1), near the inverse of 162, which it would replace"
    ]
    # One rate that is put right is no doubt.
    in_force = _quotes(1, ["162", "1.63", "161"])
    assert not _doubts(_quotes(2, ["162", "163", "161"]), in_force=in_force, corrected=1)


def test_p8_a_delivery_that_was_held_is_no_measure_for_the_next() -> None:
    wrong, right = _quotes(2, ["1.62"], start=1), _quotes(3, ["161"], start=2)
    assert list(_doubts(wrong, right, in_force=_quotes(1, ["162"]))) == [2]


@given(
    st.lists(st.decimals(Decimal("-0.06"), Decimal("0.06"), places=4), min_size=5, max_size=40),
    st.sampled_from(["0.85", "1.02", "7.46", "163", "19640", "0.0000033"]),
)
def test_p8_a_market_that_moves_six_percent_a_day_passes(moves: list[Decimal], start: str) -> None:
    values = [Decimal(start) * 100]
    for move in moves:
        values.append(values[-1] * (1 + move))
    assert not _doubts(_quotes(1, [f"{value:f}" for value in values]))


def test_p8_two_years_of_daily_rates_pass_in_one_file_and_in_one_a_day() -> None:
    history = files("sales_pipeline.sample") / "rates/reference_rates.csv"
    rows = list(csv.DictReader(history.read_text().splitlines()))
    quotes = [
        Quote(date.fromisoformat(row["Date"]), currency, Decimal(text), 1, at)
        for at, row in enumerate(rows, 1)
        for currency, text in row.items()
        if currency != "Date" and text not in ("", "N/A")
    ]
    assert len(quotes) > 1_000
    assert not _doubts(quotes)
    daily: dict[date, list[Quote]] = {}
    for quote in quotes:
        of_day = replace(quote, file_id=quote.day.toordinal())
        daily.setdefault(quote.day, []).append(of_day)
    assert not _doubts(*daily.values())
