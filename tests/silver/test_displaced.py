"""Sales that later deliveries displaced by another day or amount are told with their money (P1)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.report.run import run_document
from sales_pipeline.report.status import status
from sales_pipeline.silver.displaced import DisplacedSales
from tests.replacements import Replacements
from tests.retailer import Retailer, sale


def _lyon(sales: int, before: str, after: str, order: str | None = None) -> list[DisplacedSales]:
    amounts = ({"EUR": Decimal(before)}, {"EUR": Decimal(after)})
    return [DisplacedSales("lyon", None, sales, *amounts, order=order)]


@pytest.fixture(scope="module")
def reused_once(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """Sale 1 of January is displaced by one of February, in a file that waits in landing."""
    retailer = Retailer(tmp_path_factory.mktemp("reused"))
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"), sale("3"))
    retailer.run()
    retailer.deliver("lyon/b.csv", sale("1", "2025-02-01", total="4.00"), sale("2"))
    return retailer


@pytest.fixture
def reused(reused_once: Retailer, tmp_path: Path) -> Retailer:
    """A copy of that retailer."""
    return reused_once.copied_to(tmp_path)


@pytest.mark.long
def test_p1_a_run_says_what_its_files_displace_and_the_next_does_not(reused: Retailer) -> None:
    report = reused.run()
    assert report.displaced == _lyon(1, "10", "4")
    assert (report.exit_code, report.moved) == (0, [])
    assert run_document(report)["displaced"] == [
        {
            "feed": "lyon",
            "store": None,
            "sales": 1,
            "before": {"EUR": "10.0000"},
            "after": {"EUR": "4.0000"},
            "in_one_file": False,
            "example": "1",
            "order": None,
        }
    ]
    reused.deliver("lyon/c.csv", sale("4"))
    assert reused.run().displaced == []
    assert list(status(reused.declaration).displaced) == _lyon(1, "10", "4")


@pytest.mark.long
def test_files_of_one_run_that_displace_each_other_are_told_too(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    retailer.deliver("lyon/b.csv", sale("1", total="11.00"), sale("3"))
    retailer.deliver("lyon/c.csv", sale("1", total="12.00"), sale("4"))
    # The one sale that displaced two counts once.
    order = "the order of their names"
    assert retailer.run().displaced == _lyon(2, "21", "12", order=order)
    assert retailer.rebuild().displaced == _lyon(2, "21", "12", order=order)


def test_a_correction_displaces_nothing(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", "2025-02-01"), sale("2"))
    report = retailer.run()
    assert (len(report.corrected), report.displaced) == (1, [])


@pytest.mark.long
def test_further_data_of_the_same_name_can_displace(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["same_name"] = "adds"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="3.00"))
    assert retailer.run().displaced == _lyon(1, "10", "3")


@pytest.mark.long
def test_what_comes_back_is_not_displaced_any_more(reused: Retailer) -> None:
    reused.run()
    assert reused.withdraw("lyon/b.csv").displaced == []
    assert status(reused.declaration).displaced == ()


def test_what_a_killed_run_displaced_is_told_by_the_next(reused: Retailer) -> None:
    with reused.stopped_before("gold"):
        reused.run()
    assert reused.run().displaced == _lyon(1, "10", "4")


@pytest.mark.long
def test_without_displaced_records_nothing_is_asked(
    retailer: Retailer, replaced: Replacements
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2"))
    read = replaced(Lakehouse, "read")
    retailer.run()
    # Equal in day and amount, so that it displaces nothing.
    retailer.deliver("lyon/b.csv", sale("1"))
    retailer.run()
    assert "silver.set_aside" not in {table for _, table in read}
    retailer.deliver("lyon/c.csv", sale("1", total="4.00"))
    retailer.run()
    assert "silver.set_aside" in {table for _, table in read}


@pytest.mark.long
def test_p3_what_is_said_of_the_sale_in_force_follows_when_it_is_judged_again(
    reused: Retailer,
) -> None:
    columns = reused.declared["feeds"]["lyon"]["columns"]
    reused.run()
    # The amount is derived from the price now.
    del columns["amount"]
    report = reused.run(rejudge=["lyon"])
    assert report.displaced == _lyon(1, "10", "10")
    before = reused.state()
    reused.rebuild()
    assert reused.state() == before
