"""Which tax is taken off which record, and which records wait because nobody knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from sales_pipeline.config.loader import declaration_from
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from tests.silver.judged import Records

TAXED = ("amount", "tax", "reasons")


class NetRecords(Records):
    """Records of a retailer that takes the tax off."""

    def __init__(
        self, engine: EmbeddedEngine, rows: Sequence[Mapping[str, str | None]], **feed: Any
    ) -> None:
        super().__init__(engine, rows, **feed)
        declared = self.lakehouse.declaration.model_dump(by_alias=True, exclude_defaults=True)
        declaration = declaration_from({**declared, "revenue": "net_of_tax"})
        self.lakehouse = Lakehouse(declaration, engine)
        self.feed = declaration.feeds["lyon"]


def test_nothing_is_taken_off_where_revenue_is_as_delivered(engine: EmbeddedEngine) -> None:
    records = Records(engine, [{}], tax={"included": True, "rate": "20 %"})
    assert records.values(*TAXED) == [("10.0000", None, [])]


def test_a_rate_is_taken_off_sales_and_returns_alike(engine: EmbeddedEngine) -> None:
    rows = [{"amount": "12.00"}, {"amount": "-12.00", "quantity": "-1"}, {"amount": "0"}]
    records = NetRecords(engine, rows, tax={"included": True, "rate": "20 %"})
    assert records.values(*TAXED) == [
        ("10.0000", "2.0000", []),
        ("-10.0000", "-2.0000", []),
        ("0.0000", "0.0000", []),
    ]


def test_an_amount_without_tax_stays_as_it_is(engine: EmbeddedEngine) -> None:
    assert NetRecords(engine, [{}], tax={"included": False}).values(*TAXED) == [
        ("10.0000", None, [])
    ]


def test_an_amount_that_is_derived_includes_tax_like_a_delivered_one(
    engine: EmbeddedEngine,
) -> None:
    columns = {name: name for name in ("sale_id", "sold_on", "product", "quantity", "unit_price")}
    rows = [{"unit_price": "0.9999", "quantity": "1.5"}]
    tax = {"included": True, "rate": "20 %"}
    # 1.49985 is rounded to 1.4999 (P6), of which 1.249916... is without tax.
    records = NetRecords(engine, rows, tax=tax, columns=columns)
    assert records.values("unit_price", "amount", "tax") == [("0.9999", "1.2499", "0.2500")]


def test_a_day_before_the_first_rate_waits(engine: EmbeddedEngine) -> None:
    rows = [{"sold_on": "2024-12-31"}, {"sold_on": "2025-01-01", "amount": "12"}, {"sold_on": "?"}]
    rates = [{"rate": "20 %", "since": "2025-01-01"}]
    records = NetRecords(engine, rows, tax={"included": True, "rate": rates})
    assert records.values(*TAXED) == [
        ("10.0000", None, ["tax_missing"]),
        ("10.0000", "2.0000", []),
        ("10.0000", None, ["date_unreadable"]),
    ]


@pytest.mark.parametrize(
    ("amount", "vat", "expected"),
    [
        ("12.00", "2.00", ("10.0000", "2.0000", [])),
        ("12.00", "0", ("12.0000", "0.0000", [])),
        ("12.00", "12.00", ("0.0000", "12.0000", [])),
        ("12.00", "12.01", ("12.0000", None, ["tax_out_of_range"])),
        ("12.00", "-2.00", ("12.0000", None, ["tax_out_of_range"])),
        ("12.00", "", ("12.0000", None, ["tax_missing"])),
        ("12.00", None, ("12.0000", None, ["tax_missing"])),
        ("12.00", "2.00001", ("12.0000", None, ["tax_unreadable"])),
        ("12.00", "n/a", ("12.0000", None, ["tax_unreadable"])),
        ("", "2.00", (None, None, ["amount_missing"])),
        ("free", "", (None, None, ["amount_unreadable", "tax_missing"])),
    ],
)
def test_a_column_holds_the_tax(
    engine: EmbeddedEngine, amount: str, vat: str, expected: tuple[Any, ...]
) -> None:
    tax = {"included": True, "column": "vat"}
    records = NetRecords(engine, [{"amount": amount, "vat": vat}], tax=tax)
    assert records.values(*TAXED) == [expected]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("20", ("10.0000", "2.0000", [])),
        ("20 %", ("10.0000", "2.0000", [])),
        ("20.0000%", ("10.0000", "2.0000", [])),
        ("0", ("12.0000", "0.0000", [])),
        ("100", ("6.0000", "6.0000", [])),
        ("100.0001", ("12.0000", None, ["tax_out_of_range"])),
        ("-20", ("12.0000", None, ["tax_out_of_range"])),
        ("", ("12.0000", None, ["tax_missing"])),
        ("20.00001", ("12.0000", None, ["tax_unreadable"])),
        ("VAT", ("12.0000", None, ["tax_unreadable"])),
    ],
)
def test_a_column_holds_the_rate(
    engine: EmbeddedEngine, rate: str, expected: tuple[Any, ...]
) -> None:
    tax = {"included": True, "rate_column": "vat_rate"}
    records = NetRecords(engine, [{"amount": "12.00", "vat_rate": rate}], tax=tax)
    assert records.values(*TAXED) == [expected]


def test_a_rate_of_each_product_is_a_computed_column(engine: EmbeddedEngine) -> None:
    computed = {"vat_rate": {"sql": "case when product = 'Thé vert' then '5.5' else '20' end"}}
    rows = [{"amount": "10.55", "product": "Thé vert"}, {"amount": "12.00"}]
    tax = {"included": True, "rate_column": "vat_rate"}
    records = NetRecords(engine, rows, tax=tax, computed=computed)
    assert records.values("amount", "tax") == [("10.0000", "0.5500"), ("10.0000", "2.0000")]


def test_a_column_of_a_feed_that_takes_nothing_off_refuses_no_record(
    engine: EmbeddedEngine,
) -> None:
    records = Records(engine, [{"vat": "odd"}], tax={"included": True, "column": "vat"})
    assert records.values(*TAXED) == [("10.0000", None, [])]


def test_a_rule_sees_the_amount_as_delivered(engine: EmbeddedEngine) -> None:
    rules = {"price_is_right": {"holds": "amount = unit_price * quantity"}}
    records = NetRecords(
        engine, [{}, {"amount": "9"}], tax={"included": True, "rate": "20 %"}, rules=rules
    )
    assert records.values(*TAXED) == [
        ("8.3333", "1.6667", []),
        ("7.5000", "1.5000", ["rule:price_is_right"]),
    ]


def test_the_balance_counts_amounts_as_delivered(engine: EmbeddedEngine) -> None:
    records = NetRecords(engine, [{}, {"amount": "9"}], tax={"included": True, "rate": "20 %"})
    assert [str(amount) for _, amount in records.amounts()] == ["10.0000", "9.0000"]


STORES = {
    "P": {"id": "paris", "name": "Paris", "city": "Paris", "country": "FR"},
    "B": {"id": "boston", "name": "Boston", "city": "Boston", "country": "US",
          "tax": {"included": False}},
    "Z": {"id": "zagreb", "name": "Zagreb", "city": "Zagreb", "country": "HR",
          "tax": {"included": True, "rate": [{"rate": "23 %"},
                                             {"rate": "25 %", "since": "2025-01-15"}]}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("tax", "paris"),
    [
        ({"included": True, "rate": "20 %"}, ("104.1667", "20.8333", [])),
        ({"included": True, "column": "vat"}, ("124.0000", "1.0000", [])),
        ({"included": True, "rate_column": "vat"}, ("123.7624", "1.2376", [])),
        ({"included": False}, ("125.0000", None, [])),
    ],
)
def test_the_tax_of_a_store_takes_the_place_of_its_feeds(
    engine: EmbeddedEngine, tax: dict[str, Any], paris: tuple[Any, ...]
) -> None:
    rows: list[dict[str, str | None]] = [
        {"store": store, "amount": "125", "vat": "1", "sold_on": day}
        for store, day in (("P", "2025-01-15"), ("B", "2025-01-15"), ("Z", "2025-01-15"),
                           ("Z", "2025-01-14"))
    ]  # fmt: skip
    records = NetRecords(engine, rows, tax=tax, store=None, stores=STORES)
    assert records.values(*TAXED) == [
        paris,
        ("125.0000", None, []),
        ("100.0000", "25.0000", []),
        ("101.6260", "23.3740", []),
    ]
