"""What a single record is under every option of a feed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.silver.reference.products import ALWAYS
from sales_pipeline.silver.validation.reasons import REASONS, sentence_of
from tests.silver.judged import Records, a_price

ENGINE_SETTINGS = settings(max_examples=5)
LISTED = {
    "P1": {"id": "paris", "name": "Paris", "city": "Paris", "country": "FR"},
    "Z1": {"id": "zurich", "name": "Zürich", "city": "Zürich", "country": "CH", "currency": "CHF"},
}
SEVERAL: dict[str, Any] = {"store": None, "stores": LISTED}


def test_a_record_names_its_store_as_trimmed_text(engine: EmbeddedEngine) -> None:
    records = Records(engine, [{"store": " P1\u00a0"}, {"store": "X9"}, {"store": ""}], **SEVERAL)
    assert records.verdicts() == [
        ("fit", []),
        ("quarantined", ["store_unknown"]),
        ("quarantined", ["store_missing"]),
    ]
    assert records.values("store") == ["paris", "", ""]


def test_unknown_stores_are_counted_by_their_text(engine: EmbeddedEngine) -> None:
    rows: list[dict[str, str | None]] = [{"store": text} for text in ("X9", " X9", "P1", "", "X8")]
    records = Records(engine, rows, **SEVERAL)
    table = records.unknown_stores()
    assert {row["text"]: row["records"] for row in table} == {"X9": 2, "X8": 1}


def test_the_key_of_a_record_holds_the_store_that_it_names(engine: EmbeddedEngine) -> None:
    rows: list[dict[str, str | None]] = [{"store": text} for text in ("P1", "P1 ", "Z1", "X9")]
    records = Records(engine, rows, **SEVERAL)
    hashes = records.key_hashes()
    assert hashes[0] == hashes[1] != hashes[2]
    assert hashes[3] is None
    assert records.values("store") == ["paris", "paris", "zurich", ""]


def test_a_currency_is_the_records_own_then_the_stores_then_the_feeds(
    engine: EmbeddedEngine,
) -> None:
    rows: list[dict[str, str | None]] = [
        {"store": "Z1", "currency": " USD "},
        {"store": "Z1", "currency": ""},
        {"store": "P1", "currency": None},
        {"store": "Z1", "currency": "usd"},
        {"store": "P1", "currency": "EURO"},
    ]
    records = Records(engine, rows, **SEVERAL)
    assert records.values("currency") == ["USD", "CHF", "EUR", None, None]
    assert [reasons for _, reasons in records.verdicts()] == [
        [], [], [], ["currency_unknown"], ["currency_unknown"],
    ]  # fmt: skip


def test_a_record_without_any_currency_is_quarantined(engine: EmbeddedEngine) -> None:
    records = Records(engine, [{"currency": "JPY"}, {"currency": " "}], currency=None)
    assert records.verdicts() == [("fit", []), ("quarantined", ["currency_missing"])]


def test_a_feed_moves_to_another_currency_on_a_day(engine: EmbeddedEngine) -> None:
    dated = [{"currency": "BGN"}, {"currency": "EUR", "since": "2026-01-01"}]
    days: list[dict[str, str | None]] = [
        {"sold_on": day} for day in ("2025-12-31", "2026-01-01", "2030-05-05", "?")
    ]
    records = Records(engine, days, currency=dated)
    assert records.values("currency") == ["BGN", "EUR", "EUR", None]
    assert records.verdicts()[3] == ("quarantined", ["date_unreadable"])


def test_an_empty_quantity_can_mean_one(engine: EmbeddedEngine) -> None:
    rows: list[dict[str, str | None]] = [{"quantity": text} for text in ("", " ", None, "2", "x")]
    records = Records(engine, rows, missing_quantity="1")
    assert records.values("quantity") == ["1.000", "1.000", "1.000", "2.000", None]
    assert records.verdicts()[4] == ("quarantined", ["quantity_unreadable"])


def test_returns_are_taken_unless_a_feed_refuses_them(engine: EmbeddedEngine) -> None:
    rows: list[dict[str, str | None]] = [{"quantity": "-1", "amount": "-10"}, {}]
    assert Records(engine, rows).verdicts() == [("fit", []), ("fit", [])]
    refused = Records(engine, rows, returns="quarantine").verdicts()
    assert refused == [("quarantined", ["return_refused"]), ("fit", [])]


def test_a_feed_says_the_first_and_the_last_day_of_its_sales(engine: EmbeddedEngine) -> None:
    days = ("2024-12-31", "2025-01-01", "2025-12-31", "2026-01-01")
    rows: list[dict[str, str | None]] = [{"sold_on": day} for day in days]
    records = Records(engine, rows, earliest="2025-01-01", latest="2025-12-31")
    out: list[str] = ["date_out_of_range"]
    assert [reasons for _, reasons in records.verdicts()] == [out, [], [], out]


def test_a_column_is_computed_from_the_text_of_others(engine: EmbeddedEngine) -> None:
    columns = {"ticket": "t", "sold_on": "d", "product": "p", "amount": "a", "pieces": "n"}
    computed = {
        "sale_id": {"sql": "concat('L-', ticket)"},
        "quantity": {"sql": "CASE WHEN pieces = '' THEN '1' ELSE pieces END"},
        "till": {"value": "7"},
    }
    rows: list[dict[str, str | None]] = [
        {"ticket": "1", "pieces": ""},
        {"ticket": None, "pieces": "?"},
    ]
    records = Records(engine, rows, columns=columns, computed=computed, exclude_when="till = '8'")
    assert records.values("sale_id", "quantity") == [("L-1", "1.000"), (None, None)]
    assert records.verdicts()[1] == ("quarantined", ["key_missing", "quantity_unreadable"])


@pytest.mark.parametrize("ignore_case", [True, False])
def test_capitals_are_ignored_where_declared(engine: EmbeddedEngine, *, ignore_case: bool) -> None:
    rows: list[dict[str, str | None]] = [
        {"product": "THÉ VERT"}, {"product": "The\u0301\u00a0  vert "},
    ]  # fmt: skip
    records = Records(engine, rows, ignore_case=ignore_case)
    assert records.values("product") == ["Green tea" if ignore_case else None, "Green tea"]


def test_a_product_nobody_knows_passes_under_its_normalised_name(engine: EmbeddedEngine) -> None:
    rows: list[dict[str, str | None]] = [
        {"product": " Lampe\u00a0 a\u0300 huile"}, {"product": "Vase"}, {"product": ""},
    ]  # fmt: skip
    records = Records(engine, rows, unknown_products="pass")
    assert records.values("product", "category") == [
        ("Lampe à huile", None), ("Vase", "Home"), (None, None),
    ]  # fmt: skip
    assert records.verdicts()[2] == ("quarantined", ["product_missing"])


def test_a_product_is_looked_up_by_its_code(engine: EmbeddedEngine) -> None:
    records = Records(engine, [{"product": " V-1 "}, {"product": "Vase"}], product_by="code")
    assert records.values("product") == ["Vase", None]


def test_a_price_is_that_of_the_catalogue_on_the_day(engine: EmbeddedEngine) -> None:
    days = ("2024-12-31", "2025-01-01", "2025-02-01", "?")
    rows: list[dict[str, str | None]] = [{"sold_on": day, "quantity": "3"} for day in days]
    rows += [{"product": "Thé vert"}, {"sold_on": "2025-01-01", "quantity": "0.333"}]
    columns = {name: name for name in ("sale_id", "sold_on", "product", "quantity")}
    prices = {
        ("fr", "Vase"): (
            a_price(date(2025, 1, 1), Decimal("10.0000"), "CHF"),
            a_price(date(2025, 2, 1), Decimal("12.5000"), "EUR"),
        )
    }
    records = Records(engine, rows, columns=columns, price_from="catalogue", currency=None)
    assert records.values("unit_price", "currency", "amount", prices=prices) == [
        (None, None, None),
        ("10.0000", "CHF", "30.0000"),
        ("12.5000", "EUR", "37.5000"),
        (None, None, None),
        (None, None, None),
        ("10.0000", "CHF", "3.3300"),
    ]
    assert [reasons for _, reasons in records.verdicts(prices)] == [
        ["price_unknown"], [], [], ["date_unreadable"], ["price_unknown"], [],
    ]  # fmt: skip


def test_a_price_without_a_first_day_holds_always(engine: EmbeddedEngine) -> None:
    prices = {("fr", "Vase"): (a_price(ALWAYS, Decimal("2.0000")),)}
    records = Records(engine, [{"sold_on": "2001-01-01"}], price_from="catalogue")
    assert records.values("amount", prices=prices) == ["2.0000"]


RULES: dict[str, Any] = {
    "no_gift": {"holds": "amount > 0"},
    "priced_right": {"holds": "abs(amount - unit_price * quantity) <= 0.01", "severity": "warn"},
    "is_vase": {"holds": "product = 'Vase' AND store = 'lyon'", "severity": "fail"},
}


def test_a_rule_is_asked_of_sales_that_are_fit_otherwise(engine: EmbeddedEngine) -> None:
    rows: list[dict[str, str | None]] = [
        {}, {"amount": "0"}, {"amount": "0", "quantity": "x"}, {"amount": "7"},
        {"product": "Thé vert", "unit_price": ""}, {"sale_id": "out", "amount": "0"},
    ]  # fmt: skip
    records = Records(engine, rows, rules=RULES, exclude_when="sale_id = 'out'")
    assert [verdict for verdict, _ in records.verdicts()] == [
        "fit", "quarantined", "quarantined", "fit", "fit", "excluded",
    ]  # fmt: skip
    reasons = [reasons for _, reasons in records.verdicts()]
    assert reasons[:5] == [[], ["rule:no_gift"], ["quantity_unreadable"], [], []]
    [counts] = records.rule_counts()
    assert (counts["checked"], counts["broken"]) == (4, [1, 2, 1])


def test_every_reason_has_a_sentence() -> None:
    assert all(sentence.endswith(".") for sentence in REASONS.values())
    assert sentence_of("rule:anything").endswith(".")


def test_ambiguous_dates_are_counted_by_their_texts(engine: EmbeddedEngine) -> None:
    days = ["05/04/2025", "05/04/2025", "04/05/2025 ", "07/07/2025", "31/12/2024", "x", None]
    rows: list[dict[str, str | None]] = [{"sold_on": day} for day in days]
    records = Records(engine, rows, date_formats=["dd/MM/yyyy", "MM/dd/yyyy"])
    [sentence] = records.doubtful_days()
    assert sentence == (
        "2 dates are another day in a later one of the date_formats, such as '04/05/2025 '; the "
        "first that fits was taken"
    )


EVERYTHING: dict[str, Any] = {
    **SEVERAL,
    "currency": [{"currency": "BGN"}, {"currency": "EUR", "since": "2026-01-01"}],
    "csv": {"decimal": ",", "thousands": ".", "symbols": ["€"]},
    "date_formats": ["dd/MM/yyyy", "MM/dd/yyyy"],
    "missing_quantity": "1",
    "rounding": "half_up",
    "returns": "quarantine",
    "unknown_products": "pass",
    "rules": {"no_gift": {"holds": "amount <> 0"}},
}
RECORD = st.fixed_dictionaries(
    {
        "sale_id": st.sampled_from(["1", "2", "", None]),
        "store": st.sampled_from(["P1", " Z1", "X9", "", None]),
        "currency": st.sampled_from(["USD", "", "usd", None]),
        "sold_on": st.sampled_from(["05/04/2026", "12/31/2025", "x", "", None]),
        "product": st.sampled_from(["Vase", "Lampe", "", None]),
        "quantity": st.sampled_from(["1", "-1", "", "x", None]),
        "unit_price": st.sampled_from(["1.000,5 €", "1,23456", "x", "", None]),
        "amount": st.sampled_from(["€ 1", "0", "1,000049", "x", "", None]),
        "_problem": st.sampled_from([None, None, "too_few_columns"]),
    }
)


@ENGINE_SETTINGS
@given(rows=st.lists(RECORD, min_size=1, max_size=40))
def test_a_record_is_quarantined_exactly_when_it_has_a_reason_under_all_options(
    engine: EmbeddedEngine, rows: list[dict[str, Any]]
) -> None:
    for verdict, reasons in Records(engine, rows, **EVERYTHING).verdicts():
        assert (verdict == "quarantined") == bool(reasons)


@pytest.mark.long
@ENGINE_SETTINGS
@given(rows=st.lists(RECORD, min_size=1, max_size=40))
def test_reading_each_text_once_is_reading_each_record(
    engine: EmbeddedEngine, rows: list[dict[str, Any]]
) -> None:
    records = Records(engine, rows, **EVERYTHING)
    assert records.judged(with_readings=True) == records.judged()
    assert records.amounts(with_readings=True) == records.amounts()
    assert records.key_hashes(with_readings=True) == records.key_hashes()


@pytest.mark.long
@ENGINE_SETTINGS
@given(rows=st.lists(RECORD, min_size=1, max_size=40))
def test_p2_the_money_that_is_delivered_is_the_money_that_is_judged(
    engine: EmbeddedEngine, rows: list[dict[str, Any]]
) -> None:
    records = Records(engine, rows, **EVERYTHING)
    judged = [(row["currency"], row["amount"]) for row in records.judged()]
    assert records.amounts() == sorted(judged, key=repr)
