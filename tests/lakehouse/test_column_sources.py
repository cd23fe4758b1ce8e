"""Columns of bronze are found by the headers that they were read from."""

from __future__ import annotations

from datetime import UTC, datetime

from sales_pipeline.lakehouse.column_sources import by_header, headers_text
from sales_pipeline.lakehouse.ledger import Delivery, State

DELIVERY = Delivery(
    file_id=1,
    feed="exchange_rates",
    name="a.csv",
    path="rates/a.csv",
    sha256="0" * 64,
    bytes=9,
    state=State.ARCHIVED,
    fingerprint="",
    claimed_at=datetime(2025, 1, 1, tzinfo=UTC),
    run_id="r",
    headers=headers_text({"date": "day"}, ["per"]),
)


def test_a_record_without_fields_has_no_text_in_a_column_that_is_declared_later() -> None:
    read = {"_file_id": 1, "_row": 1, "date": "2025-01-15", "_extra": '{"per": "100"}'}
    ragged = {"_file_id": 1, "_row": 2, "date": None, "_extra": None}
    rows = by_header([read, ragged], {"date": "day", "units": "per"}, [DELIVERY])
    assert [(row["date"], row["units"]) for row in rows] == [("2025-01-15", "100"), (None, None)]
