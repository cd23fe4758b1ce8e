"""What a run, a rebuild, `status` and `check` say of files that came earlier, or do not count."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from rich.console import RenderableType

from sales_pipeline.report.check import check_text
from sales_pipeline.report.first_records import understand
from sales_pipeline.report.status import status, status_document, status_text
from tests.retailer import Retailer, sale

Rendered = Callable[[RenderableType], list[str]]


@pytest.mark.long
def test_a_rebuild_and_a_rejudge_do_not_report_old_corrections(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", total="x"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="12.00"), sale("2", total="x"))
    assert [each.path for each in retailer.run().corrected] == ["lyon/a.csv"]
    mend = retailer.export("lyon")
    mend.write_text(mend.read_text(encoding="utf-8-sig").replace(",x,", ",10.00,"))
    assert len(retailer.replay(mend).corrected) == 1
    assert retailer.rebuild().corrected == []
    assert retailer.run(rejudge=["lyon"]).corrected == []


@pytest.mark.long
@pytest.mark.parametrize("stage", ["silver", "gold", "archive"])
def test_a_run_that_finishes_a_killed_one_reports_its_corrections(
    retailer: Retailer, stage: str
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="12.00"))
    with retailer.stopped_before(stage):
        retailer.run()
    assert [each.path for each in retailer.run().corrected] == ["lyon/a.csv"]
    assert retailer.rebuild().corrected == []


def test_months_of_a_file_that_is_rejected_are_not_counted(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["max_quarantined"] = "20%"
    retailer.deliver_catalogue()
    retailer.deliver("boston/a.csv", sale("1"))
    retailer.deliver(
        "lyon/a.csv", sale("1", day="2025-03-01"), sale("2", day="2025-04-01", total="x")
    )
    report = retailer.run()
    assert [each.path for each in report.rejected] == ["lyon/a.csv"]
    assert report.months == [date(2025, 1, 1)]


def test_status_names_files_that_were_taken_in_and_stay_in_the_landing_folder(
    retailer: Retailer, rendered: Rendered
) -> None:
    retailer.declared["archive"] = "leave"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    standing = status(retailer.declaration)
    assert standing.staying == ("catalogue/catalogue.csv", "lyon/a.csv")
    assert status_document(standing)["landing"]["staying"] == list(standing.staying)
    told = "\n".join(rendered(status_text(standing)))
    assert "taken in, and staying here as declared: 2 files" in told
    assert "Nothing in the landing folder" not in told


def test_check_counts_feeds_of_sales_only(retailer: Retailer, rendered: Rendered) -> None:
    del retailer.declared["feeds"]["boston"]
    retailer.declared["rates"] = {"landing": "rates/*.csv", "layout": "rows"}
    found = understand(retailer.declaration, source="config.yaml", rows=3)
    assert "config.yaml: valid; 1 feed of sales," in "\n".join(rendered(check_text(found)))
