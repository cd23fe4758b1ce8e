"""P5: several versions of a file were rejected; once the declaration is mended, the last counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sales_pipeline.run_report import RunReport
from tests.retailer import Retailer, sale

pytestmark = pytest.mark.long

DAYS_FIRST, ISO = ["dd/MM/yyyy"], ["yyyy-MM-dd"]
Again = Callable[[Retailer], RunReport]


def rejudged(retailer: Retailer) -> RunReport:
    """Validates the feed again."""
    return retailer.run(rejudge=["lyon"])


@pytest.fixture
def misread(retailer: Retailer) -> Retailer:
    """A retailer whose feed declares the wrong date format, so that its files are rejected."""
    retailer.declared["feeds"]["lyon"]["max_quarantined"] = "20%"
    retailer.declared["feeds"]["lyon"]["date_formats"] = DAYS_FIRST
    retailer.deliver_catalogue()
    return retailer


def refuse(retailer: Retailer, path: str, *sales: str) -> None:
    """Delivers a file that the feed rejects."""
    retailer.deliver(path, *sales)
    assert [note.path for note in retailer.run().rejected] == [path]


def read_days(retailer: Retailer, formats: list[str] = ISO) -> None:
    """Declares the dates of the feed."""
    retailer.declared["feeds"]["lyon"]["date_formats"] = formats


def sold(retailer: Retailer) -> list[str]:
    """The ids of the sales in force."""
    return [sale_id for (sale_id,) in retailer.rows("silver.sales", "sale_id")]


@pytest.mark.parametrize("again", [rejudged, Retailer.rebuild])
@pytest.mark.parametrize("order", [{}, {"by": "time"}, {"by": "column", "column": "unit_price"}])
def test_p5_of_two_rejected_versions_only_the_last_counts_once_dates_are_read(
    misread: Retailer, again: Again, order: dict[str, str]
) -> None:
    misread.declared["feeds"]["lyon"]["order"] = order
    refuse(misread, "lyon/a.csv", sale("1"), sale("2"), sale("3"))
    refuse(misread, "lyon/a.csv", sale("1", price="9.00"), sale("4"))
    read_days(misread)
    report = again(misread)
    assert (report.exit_code, report.unmoved) == (0, [])
    assert sold(misread) == ["1", "4"]
    assert misread.states()["lyon/a.csv"] == ["superseded", "archived"]
    before = misread.state()
    misread.rebuild()
    assert misread.state() == before
    misread.deliver("lyon/a.csv", sale("4"))
    misread.run()
    assert sold(misread) == ["4"]


def test_p5_an_earlier_version_counts_if_the_last_is_refused_again(misread: Retailer) -> None:
    refuse(misread, "lyon/a.csv", sale("1"), sale("2"))
    refuse(misread, "lyon/a.csv", sale("3", "never"), sale("4", "never"))
    read_days(misread)
    assert [note.path for note in rejudged(misread).rejected] == ["lyon/a.csv"]
    assert sold(misread) == ["1", "2"]
    assert misread.states()["lyon/a.csv"] == ["archived", "rejected"]
    before = misread.state()
    misread.rebuild()
    assert misread.state() == before


def test_p5_rejected_corrections_take_the_place_of_the_file_in_force(misread: Retailer) -> None:
    read_days(misread)
    misread.deliver("lyon/a.csv", sale("1"), sale("2"))
    misread.run()
    read_days(misread, DAYS_FIRST)
    assert [note.path for note in rejudged(misread).held_files] == ["lyon/a.csv"]
    refuse(misread, "lyon/a.csv", sale("1"), sale("2"), sale("3"))
    refuse(misread, "lyon/a.csv", sale("2"), sale("3"))
    read_days(misread)
    rejudged(misread)
    assert sold(misread) == ["2", "3"]
    assert misread.states()["lyon/a.csv"] == ["superseded", "superseded", "archived"]


def test_p5_a_first_version_that_came_back_last_counts(misread: Retailer) -> None:
    refuse(misread, "lyon/a.csv", sale("1"), sale("2"))
    refuse(misread, "lyon/a.csv", sale("3"))
    refuse(misread, "lyon/a.csv", sale("1"), sale("2"))
    read_days(misread)
    assert rejudged(misread).unmoved == []
    assert sold(misread) == ["1", "2"]
    assert misread.run().is_nothing_new


def test_p5_what_counts_delivered_again_refuses_a_rejected_correction(misread: Retailer) -> None:
    first, second = [sale("1"), sale("2")], [sale("1", "15/01/2025"), sale("3", "15/01/2025")]
    read_days(misread)
    misread.deliver("lyon/a.csv", *first)
    misread.run()
    refuse(misread, "lyon/a.csv", *second)
    misread.deliver("lyon/a.csv", *first)
    misread.run()
    read_days(misread, [*ISO, *DAYS_FIRST])
    rejudged(misread)
    assert sold(misread) == ["1", "2"]


def test_p5_rejected_files_of_a_name_that_adds_all_count(misread: Retailer) -> None:
    misread.declared["feeds"]["lyon"]["same_name"] = "adds"
    refuse(misread, "lyon/a.csv", sale("1"))
    refuse(misread, "lyon/a.csv", sale("2"))
    read_days(misread)
    rejudged(misread)
    assert sold(misread) == ["1", "2"]
    assert misread.states()["lyon/a.csv"] == ["archived", "archived"]


def test_p5_a_correction_that_comes_with_the_mended_dates_is_the_last(misread: Retailer) -> None:
    refuse(misread, "lyon/a.csv", sale("1"))
    refuse(misread, "lyon/a.csv", sale("2"))
    read_days(misread)
    misread.deliver("lyon/a.csv", sale("3"))
    assert misread.plan(rejudge=["lyon"]).rejudged[1:] == ()
    rejudged(misread)
    assert sold(misread) == ["3"]


@pytest.mark.parametrize("stage", ["silver", "gold", "archive", "record"])
def test_p5_a_killed_run_over_two_rejected_versions_is_finished(
    misread: Retailer, stage: str
) -> None:
    refuse(misread, "lyon/a.csv", sale("1"), sale("2"))
    refuse(misread, "lyon/a.csv", sale("2"), sale("3"))
    read_days(misread)
    with misread.stopped_before(stage):
        rejudged(misread)
    assert misread.run().unmoved == []
    assert sold(misread) == ["2", "3"]
    assert misread.states()["lyon/a.csv"] == ["superseded", "archived"]
