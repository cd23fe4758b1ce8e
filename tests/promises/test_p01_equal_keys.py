"""Keys that do not tell sales apart within a file, or that nobody can see (P1)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sales_pipeline.report.run import run_document
from sales_pipeline.report.status import status
from tests.retailer import Retailer, sale

SAME = [sale("7", total=f"{total}.00") for total in (1, 2, 3)]


@pytest.mark.long
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


LOOK_THE_SAME = [
    ("1", "1\u200b"), ("2", "\ufeff2"), ("3", "\u200e3"), ("4", "4\u2060"), ("5", "\u202a5\u202c"),
    ("6", "6\u00ad"), ("7", "\u061c7"), ("caf\u00e9", "cafe\u0301"), ("\u212b8", "\u00c58"),
    ("9\u00e9", "9e\u200d\u0301"), ("10\u00e9\u00e9", "10e\u0301e\u00ad\u0301"),
]  # fmt: skip


def test_p1_keys_that_look_the_same_tell_no_sales_apart(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", *(sale(key) for key, _ in LOOK_THE_SAME))
    retailer.deliver("lyon/b.csv", *(sale(other) for _, other in LOOK_THE_SAME))
    retailer.run()
    rows = range(1, len(LOOK_THE_SAME) + 1)
    assert retailer.rows("silver.sales", "_row") == sorted(((row,) for row in rows), key=repr)
    duplicates = retailer.rows("silver.set_aside", "_row", "winner_row", "status")
    assert duplicates == sorted(((row, row, "duplicate") for row in rows), key=repr)
    # In bronze they are as delivered.
    kept = {text for (text,) in retailer.rows("bronze.lyon", "sale_id")}
    assert kept == {text for texts in LOOK_THE_SAME for text in texts} - {"\ufeff2"} | {"2"}


def test_p1_lines_of_one_order_of_the_same_day_and_amount_are_no_duplicates(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    others = [sale(f"9{number}") for number in range(300)]
    lines = [sale("7", item=item) for item in ("Vase", "Thé vert", "Café moulu")]
    retailer.deliver("lyon/few.csv", *lines, *others)
    retailer.deliver("lyon/many.csv", sale("5"), sale("5", units="2"), sale("5", price="9.99"))
    report = retailer.run()
    [held] = report.held_files
    assert held.reason.startswith("2 of its 3 records share their key with another one")
    [displaced] = report.displaced
    assert (displaced.in_one_file, displaced.sales, displaced.example) == (True, 2, "7")
    assert displaced.before == {"EUR": Decimal("20.0000")}
    assert displaced.after == {"EUR": Decimal("10.0000")}
    assert list(status(retailer.declaration).displaced) == report.displaced


NO_KEYS = ["NULL", "n/a", "-", "#N/A", "1.23457E+14", "1,2e5"]


def test_p1_a_text_that_means_nothing_is_no_key(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.declared["feeds"]["lyon"]["no_key"] = ["ohne Bon", "0"]
    keys = [*NO_KEYS, "OHNE bon", "0\u200b"]
    retailer.deliver("lyon/a.csv", *(sale(f'"{key}"') for key in keys), sale("8"))
    retailer.deliver("boston/a.csv", sale("0"), sale("12E34"), sale("NULL"))
    retailer.run()
    assert retailer.rows("silver.sales", "feed", "sale_id") == [
        ("boston", "0"), ("boston", "12E34"), ("lyon", "8"),
    ]  # fmt: skip
    assert retailer.rows("silver.quarantine", "feed", "_row", "reasons") == sorted(
        [("boston", 3, ["key_missing"])]
        + [("lyon", row, ["key_missing"]) for row in range(1, len(keys) + 1)],
        key=repr,
    )
