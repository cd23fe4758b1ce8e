"""What the history of a lakehouse says, and what moved between two runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from rich.console import RenderableType

from sales_pipeline.errors import UsageError
from sales_pipeline.report.compared_runs import (
    compared_runs,
    compared_runs_document,
    compared_runs_text,
)
from sales_pipeline.report.history import (
    runs_document,
    runs_of,
    runs_text,
    versions_document,
    versions_of,
    versions_text,
)
from tests.retailer import Retailer, sale

Rendered = Callable[[RenderableType], list[str]]


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A first run, and one that corrects a sale, adds another and keeps the rest."""
    retailer = Retailer(tmp_path_factory.mktemp("corrected"))
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-02-01"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="30.005"), sale("2", "2025-02-01"))
    retailer.deliver("boston/a.csv", sale("1", item="Green tea", units="2", total="20.00"))
    retailer.run()
    return retailer


def test_runs_are_listed_from_the_latest(corrected: Retailer, rendered: Rendered) -> None:
    runs = runs_of(corrected.declaration)
    first, last = corrected.run_ids()
    assert [each.run_id for each in runs] == [last, first]
    assert runs[0].started_at > runs[1].finished_at
    lines = rendered(runs_text(runs, kept=2))
    assert [each.run_id in line for each, line in zip(runs, lines[3:], strict=False)] == [True] * 2
    document = runs_document(runs, kept=2)["runs"]
    assert [each["files"] for each in document] == [2, 2]
    assert document[0]["versions"]["gold.sales_cube"] > 0


def test_versions_of_a_table_say_what_each_changed(corrected: Retailer, rendered: Rendered) -> None:
    last, first = runs_of(corrected.declaration)
    versions = versions_of(corrected.declaration, "gold.sales_cube")
    assert versions[0].commit.rows == 3
    assert sum(each.rows_more or 0 for each in versions) == 3
    assert versions[-1].commit.operation == "CREATE TABLE"
    assert {each.run_id for each in versions} == {first.run_id, last.run_id}
    text = "\n".join(rendered(versions_text("gold.sales_cube", versions)))
    assert "Versions of gold.sales_cube" in text
    assert last.run_id in text
    document = versions_document("gold.sales_cube", versions)
    assert json.loads(json.dumps(document))["versions"][0]["rows_more"] == 1


def test_only_as_many_versions_as_asked_for_are_read(corrected: Retailer) -> None:
    every = versions_of(corrected.declaration, "gold.sales_cube")
    assert versions_of(corrected.declaration, "gold.sales_cube", limit=1) == every[:1]


def test_a_mistyped_table_is_guessed(corrected: Retailer) -> None:
    with pytest.raises(UsageError, match=r"Did you mean 'gold.sales_cube'\?"):
        versions_of(corrected.declaration, "gold.sale_cube")


def test_a_difference_is_told_by_month_store_and_product(
    corrected: Retailer, rendered: Rendered
) -> None:
    compared = compared_runs(corrected.declaration)
    assert [(each.store, each.product) for each in compared.moved] == [
        ("boston", "Green tea"),
        ("lyon", "Vase"),
    ]
    # 20.00 USD x 0.85 = 17.00; 30.005 - 10.00 = 20.005: the sum is rounded once, half up.
    assert (compared.units_more, compared.revenue_more) == (Decimal(2), Decimal("37.005"))
    text = "\n".join(rendered(compared_runs_text(compared)))
    assert "2 figures moved, by 2 units and 37.01 EUR in all." in text
    document = compared_runs_document(compared)
    assert document["revenue_more"] == "37.01"
    assert document["moved"][0] == {
        "month": "2025-01",
        "store": "boston",
        "product": "Green tea",
        "units_before": "0",
        "units_after": "2",
        "revenue_before": "0.00",
        "revenue_after": "17.00",
    }


def test_a_difference_goes_either_way(corrected: Retailer) -> None:
    last, first = (each.run_id for each in runs_of(corrected.declaration))
    back = compared_runs(corrected.declaration, last, first)
    assert back.revenue_more == Decimal("-37.005")


def test_nothing_moves_between_a_run_and_itself(corrected: Retailer, rendered: Rendered) -> None:
    last = runs_of(corrected.declaration)[0].run_id
    compared = compared_runs(corrected.declaration, last)
    assert rendered(compared_runs_text(compared)) == [f"Nothing moved between {last} and {last}."]


def test_two_runs_are_needed_for_a_difference(traded: Retailer) -> None:
    with pytest.raises(UsageError, match="there is only one"):
        compared_runs(traded.declaration)
