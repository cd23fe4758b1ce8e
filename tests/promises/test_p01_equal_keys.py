"""Keys that do not tell sales apart within a file, or that nobody can see (P1)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sales_pipeline.report.run import run_document
from sales_pipeline.report.status import status
from tests.retailer import Retailer, sale

SAME = [sale("7", total=f"{total}.00") for total in (1, 2, 3)]


def test_p1_a_file_in_which_a_key_stands_for_several_sales_is_held(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", *SAME, sale("8"))
    report = retailer.run()
    assert report.exit_code == 1
    [held] = report.held_files
    assert held.path == "lyon/a.csv"
    assert held.reason.startswith("2 of its 4 records share their key with another one")
    assert retailer.table("silver.records") == []
    assert retailer.revenue() == {}
    # Held again by a second run, whoever kills the first.
    assert retailer.run().exit_code == 0
    retailer.accept("lyon/a.csv")
    assert retailer.revenue() == {(2025, 1): "13.00"}
    [displaced] = status(retailer.declaration).displaced
    assert (displaced.in_one_file, displaced.sales, displaced.example) == (True, 2, "7")
    assert displaced.before == {"EUR": Decimal("3.0000")}
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


def test_p1_few_of_them_are_counted_and_reported(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["max_repeated_keys"] = "50%"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", *SAME, sale("8"), sale("9"))
    report = retailer.run()
    assert report.exit_code == 0
    [document] = run_document(report)["displaced"]
    assert (document["in_one_file"], document["sales"], document["example"]) == (True, 2, "7")
    assert document["before"] == {"EUR": "3.0000"}
    assert document["after"] == {"EUR": "3.0000"}


def test_p1_records_that_are_equal_in_everything_hold_nothing(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", *[sale("7")] * 4)
    report = retailer.run()
    assert (report.exit_code, report.displaced) == (0, [])
    assert retailer.revenue() == {(2025, 1): "10.00"}


@pytest.mark.parametrize(
    "key", ["7\u200b", "\ufeff7", "\u200e7", "7\u2060", "\u202a7\u202c", "7\u00ad"]
)
def test_p1_what_nobody_sees_in_a_key_tells_no_sales_apart(retailer: Retailer, key: str) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("7"), sale("8"))
    retailer.deliver("lyon/b.csv", sale(key), sale("9"))
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "30.00"}
    assert retailer.rows("bronze.lyon", "sale_id")[-1] != ("7",)


@pytest.mark.parametrize("forms", [("caf\u00e9", "cafe\u0301"), ("\u212b1", "\u00c51")])
def test_p1_a_key_is_the_same_in_all_unicode_forms(
    retailer: Retailer, forms: tuple[str, str]
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale(forms[0]), sale("8"))
    retailer.deliver("lyon/b.csv", sale(forms[1]), sale("9"))
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "30.00"}


@pytest.mark.parametrize("key", ["NULL", "n/a", "-", "#N/A", "1.23457E+14", "1,2e5"])
def test_p1_a_text_that_means_nothing_is_no_key(retailer: Retailer, key: str) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale(f'"{key}"'), sale("8"))
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "10.00"}
    assert retailer.rows("silver.quarantine", "reasons") == [(["key_missing"],)]
