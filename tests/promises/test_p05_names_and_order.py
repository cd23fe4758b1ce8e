"""P5: which file corrects which, and which of two is later."""

from __future__ import annotations

import os

import pytest

from sales_pipeline.operations.plan import plan
from tests.retailer import HEADER, Retailer, sale

MONDAY, TUESDAY, WEDNESDAY = "2025-01-13", "2025-01-14", "2025-01-15"


@pytest.mark.long
def test_p5_a_correction_may_have_its_name_in_another_unicode_form(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/d\u00e9cembre.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/de\u0301cembre.csv", sale("1", total="12.00"))
    retailer.run()
    states = [str(each.state) for each in retailer.ledger() if each.feed == "lyon"]
    assert states == ["superseded", "archived"]
    assert retailer.revenue() == {(2025, 1): "12.00"}
    retailer.withdraw("lyon/d\u00e9cembre.csv")
    assert retailer.revenue() == {}


def test_p5_two_forms_of_one_name_found_together_are_a_file_and_its_correction(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    later = retailer.deliver("lyon/d\u00e9c\u200b.csv", sale("1", total="12.00"))
    earlier = retailer.deliver("lyon/de\u0301c.csv", sale("1"))
    os.utime(earlier, (1, 1))
    os.utime(later, (2, 2))
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "12.00"}


@pytest.mark.parametrize("name", ["Copy of .", "\u200b"])
def test_p5_a_name_that_is_the_copy_of_none_stops_no_shop(retailer: Retailer, name: str) -> None:
    retailer.declared["feeds"]["lyon"]["landing"] = "lyon/*"
    retailer.deliver_catalogue()
    retailer.deliver(f"lyon/{name}", sale("1", total="12.00"))
    assert {file.path for file in plan(retailer.declaration).files} >= {f"lyon/{name}"}
    assert retailer.run().exit_code == 0
    assert retailer.revenue() == {(2025, 1): "12.00"}


@pytest.mark.parametrize(
    ("order", "rule"),
    [
        ({}, "the order of their names"),
        ({"by": "time"}, "the times at which they changed last"),
        ({"by": "date", "date_format": "ddMMyyyy"}, "the dates in their names (ddMMyyyy)"),
        ({"by": "column", "column": "unit_price"}, "their column unit_price"),
    ],
)
def test_p5_the_order_that_decided_between_two_amounts_is_said(
    retailer: Retailer, order: dict[str, str], rule: str
) -> None:
    retailer.declared["feeds"]["lyon"]["order"] = order
    retailer.deliver_catalogue()
    names = {"": ("x.csv", "x (1).csv"), "date": ("x_31012025.csv", "x_01022025.csv")}
    first, second = names.get(order.get("by", ""), ("b.csv", "a.csv"))
    earlier = retailer.deliver(f"lyon/{first}", sale("1", price="9"))
    later = retailer.deliver(f"lyon/{second}", sale("1", price="10", total="12.00"))
    os.utime(earlier, (1, 1))
    os.utime(later, (2, 2))
    [displaced] = retailer.run().displaced
    assert displaced.order == rule
    assert retailer.revenue() == {(2025, 1): "12.00"}


def test_p5_a_number_of_any_length_in_the_column_of_the_order_is_a_later_one(
    retailer: Retailer,
) -> None:
    retailer.declared["feeds"]["lyon"]["order"] = {"by": "column", "column": "note"}
    retailer.declared["feeds"]["lyon"]["columns"]["note"] = "note"
    retailer.deliver_catalogue()
    header = f"{HEADER},note"
    retailer.deliver("lyon/a.csv", f"{sale('1', total='12.00')},{'9' * 5000}", header=header)
    retailer.deliver("lyon/b.csv", f"{sale('1')},9", header=header)
    assert {file.becomes for file in plan(retailer.declaration).files} == {"new"}
    assert retailer.run().exit_code == 0
    assert retailer.revenue() == {(2025, 1): "12.00"}


@pytest.mark.long
def test_p5_no_order_is_said_where_one_file_came_in_a_later_run(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/b.csv", sale("1", total="12.00"))
    [displaced] = retailer.run().displaced
    assert displaced.order is None


@pytest.mark.long
@pytest.mark.parametrize("key", [["sale_id"], pytest.param([], marks=pytest.mark.long)])
def test_p5_one_name_every_day_is_held_and_counts_once_it_is_declared(
    retailer: Retailer, key: list[str]
) -> None:
    retailer.declared["feeds"]["lyon"]["key"] = key
    retailer.deliver_catalogue()
    days = (MONDAY, TUESDAY, WEDNESDAY)
    retailer.deliver("lyon/sales.csv", sale("1", days[0]), sale("2", days[0]))
    retailer.run()
    for day in days[1:]:
        retailer.deliver("lyon/sales.csv", sale("1", day), sale("2", day))
        [planned] = (each for each in plan(retailer.declaration).files if each.feed == "lyon")
        assert planned.becomes == "held"
        report = retailer.run()
        assert report.exit_code == 1
        assert "same_name: adds" in report.held_files[-1].reason
        assert str(planned.reason) == report.held_files[-1].reason
    assert retailer.revenue() == {(2025, 1): "20.00"}
    assert retailer.states()["lyon/sales.csv"] == ["archived", "held", "held"]
    retailer.declared["feeds"]["lyon"]["same_name"] = "adds"
    retailer.declared["feeds"]["lyon"]["key"] = []
    if not key:
        retailer.accept("lyon/sales.csv")
        assert retailer.revenue() == {(2025, 1): "60.00"}


@pytest.mark.long
def test_p5_a_correction_that_shares_a_day_is_none_of_another_day(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["date_formats"] = ["yyyy-MM-dd HH:mm", "dd/MM/yyyy"]
    retailer.deliver_catalogue()
    retailer.deliver("lyon/sales.csv", sale("1", f"{MONDAY} 09:00"), sale("2", f"{MONDAY} 10:00"))
    retailer.run()
    retailer.deliver(
        "lyon/sales.csv", sale("1", "13/01/2025", total="12.00"), sale("2", "14/01/2025")
    )
    assert retailer.run().exit_code == 0
    assert retailer.revenue() == {(2025, 1): "22.00"}


@pytest.mark.long
def test_p5_a_correction_of_a_wrong_day_can_be_accepted(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/sales.csv", sale("1", "2024-01-15"))
    retailer.run()
    retailer.deliver("lyon/sales.csv", sale("1", "2025-01-15"))
    assert retailer.run().held_files
    retailer.accept("lyon/sales.csv")
    assert retailer.states()["lyon/sales.csv"] == ["superseded", "archived"]
    assert retailer.revenue() == {(2025, 1): "10.00"}


@pytest.mark.long
def test_p5_two_stores_whose_files_are_equal_by_chance_can_both_count(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("boston/a.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1"))
    [planned] = (each for each in plan(retailer.declaration).files if each.feed == "lyon")
    assert planned.becomes == "held"
    report = retailer.run()
    assert report.exit_code == 1
    [held] = report.held_files
    assert "sales-pipeline accept lyon/a.csv" in held.reason
    assert retailer.revenue() == {(2025, 1): "8.50"}
    retailer.accept("lyon/a.csv")
    assert retailer.revenue() == {(2025, 1): "18.50"}
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


def test_p5_equal_files_of_two_stores_found_together_wait_too(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.deliver("boston/a.csv", sale("1"))
    [held] = retailer.run().held_files
    assert held.path == "boston/a.csv"
    retailer.withdraw("boston/a.csv")
    assert retailer.revenue() == {(2025, 1): "10.00"}
    assert retailer.run().is_nothing_new


@pytest.mark.long
@pytest.mark.parametrize(
    ("before", "after"), [("lyon/*.csv", "l*/*.csv"), ("l*/*.csv", "lyon/*.csv")]
)
@pytest.mark.parametrize("archive", ["move", "leave"])
def test_p5_a_file_in_the_same_place_is_a_correction_if_the_landing_pattern_changed(
    retailer: Retailer, before: str, after: str, archive: str
) -> None:
    feed = retailer.declared["feeds"]["lyon"]
    feed |= {"landing": before, "key": [], "archive": archive}
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"), sale("3"))
    retailer.run()
    feed["landing"] = after
    retailer.deliver("lyon/a.csv", sale("1", total="20.00"), sale("2"), sale("3"))
    assert [file.becomes for file in retailer.plan().files] == ["correction"]
    retailer.run()
    assert retailer.states()["lyon/a.csv"] == ["superseded", "archived"]
    assert retailer.revenue() == {(2025, 1): "40.00"}
    assert retailer.run().is_nothing_new


@pytest.mark.long
def test_p5_a_correction_that_another_feed_takes_now_waits(retailer: Retailer) -> None:
    feeds = retailer.declared["feeds"]
    feeds["lyon"]["landing"] = "all/*.csv"
    retailer.deliver_catalogue()
    retailer.deliver("all/lyon_1.csv", sale("1"), sale("2"))
    retailer.run()
    feeds["till"] = {**feeds["lyon"], "landing": "all/lyon_*.csv"}
    feeds["lyon"] = {**feeds["lyon"], "landing": "none/*.csv"}
    retailer.deliver("all/lyon_1.csv", sale("1", total="20.00"), sale("2"))
    retailer.deliver("all/lyon_2.csv", sale("3"))
    assert [file.becomes for file in retailer.plan().files] == ["held", "new"]
    [note] = retailer.run().held_files
    assert note.reason == (
        "an earlier file of that path is in force as lyon_1.csv of feed lyon; it does not count. "
        "Do: if it corrects that one, sales-pipeline withdraw lyon/lyon_1.csv; then, or if both "
        "count, sales-pipeline accept all/lyon_1.csv"
    )
    assert retailer.revenue() == {(2025, 1): "30.00"}
    retailer.withdraw("lyon/lyon_1.csv")
    retailer.accept("all/lyon_1.csv")
    assert retailer.revenue() == {(2025, 1): "40.00"}
    # The next correction has its feed's earlier file in its place.
    retailer.deliver("all/lyon_1.csv", sale("1", total="25.00"), sale("2"))
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "45.00"}
