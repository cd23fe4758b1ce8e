"""`quarantine` of rates: the reason may be given without a currency, the text is shown with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sales_pipeline.errors import UsageError
from sales_pipeline.operations.quarantine_export import Filters
from sales_pipeline.report.quarantine import waiting_files
from sales_pipeline.report.quarantined_records import quarantined_records, records_document
from tests.retailer import Retailer, sale

WIDE = "Date,USD,JPY,GBP\n" + "".join(f"2025-01-{day:02},1.25,160,0.8\n" for day in range(1, 11))
ROWS = "day,code,value,per\n" + "".join(f"2025-01-{day:02},USD,1.25,1\n" for day in range(1, 11))


def _retailer(folder: Path, text: str, **rates: Any) -> Retailer:
    retailer = Retailer(folder)
    retailer.declared["rates"] = {"landing": "rates/*.csv", **rates}
    retailer.deliver_catalogue()
    retailer.deliver_text("rates/a.csv", text)
    assert retailer.run().exit_code == 0
    return retailer


def _shown(retailer: Retailer, reason: str | None = None) -> list[dict[str, str]]:
    filters = Filters(reason=reason)
    document = records_document(quarantined_records(retailer.declaration, filters, limit=9))
    [record] = document["records"]
    texts: list[dict[str, str]] = record["reasons"]
    return texts


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        ("O.9,160,0.8", {"rate_unreadable:USD": "USD 'O.9'"}),
        (
            "1.25,1.6.2,-1",
            {"rate_unreadable:JPY": "JPY '1.6.2'", "rate_unreadable:GBP": "GBP '-1'"},
        ),
        ("1.25,0.0000001,0.8", {"rate_too_large:JPY": "JPY '0.0000001'"}),
    ],
)
def test_the_currency_and_its_delivered_text_are_named(
    tmp_path: Path, cells: str, texts: dict[str, str]
) -> None:
    retailer = _retailer(tmp_path, f"{WIDE}2025-01-11,{cells}\n", max_change=10**10)
    shown = {reason["code"]: reason.get("delivered") for reason in _shown(retailer)}
    assert shown == texts


@pytest.mark.parametrize(
    ("record", "delivered"),
    [("2025-01-11,JPY,x,1", "value of JPY 'x'"), ("2025-01-11,JPY,160,none", "per 'none'")],
)
def test_so_are_those_of_a_file_with_a_row_for_each_rate(
    tmp_path: Path, record: str, delivered: str
) -> None:
    columns = {"date": "day", "currency": "code", "rate": "value", "units": "per"}
    retailer = _retailer(tmp_path, f"{ROWS}{record}\n", layout="rows", columns=columns)
    [reason] = _shown(retailer)
    assert (reason["code"], reason["delivered"]) == ("rate_unreadable:JPY", delivered)


def test_the_reason_of_all_currencies_is_the_one_without_a_currency(tmp_path: Path) -> None:
    retailer = _retailer(tmp_path, f"{WIDE}2025-01-11,O.9,160,0.8\n")
    retailer.deliver("lyon/a.csv", sale("1", "no day"))
    retailer.run()
    for reason in ("rate_unreadable", "rate_unreadable:USD"):
        [waiting] = waiting_files(retailer.declaration, Filters(reason=reason)).by_file
        assert waiting.reason == "rate_unreadable:USD"
        assert len(_shown(retailer, reason)) == 1
    nothing = waiting_files(retailer.declaration, Filters(reason="rate_unreadable:JPY"))
    assert nothing.by_file == ()
    [unreadable] = _shown(retailer, "date_unreadable")
    assert "delivered" not in unreadable
    with pytest.raises(UsageError):
        waiting_files(retailer.declaration, Filters(reason="rate"))
