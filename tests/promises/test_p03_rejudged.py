"""P3: a changed declaration stops a run until the records are judged again."""

from __future__ import annotations

import pytest

from sales_pipeline.errors import LakehouseMismatch, UsageError
from tests.retailer import Retailer, sale


@pytest.fixture
def redeclared(retailer: Retailer) -> Retailer:
    """A retailer whose feed `lyon` has learnt another date format since it was judged."""
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "15.02.2025"))
    retailer.deliver("boston/a.csv", sale("1"))
    retailer.run()
    retailer.declared["feeds"]["lyon"]["date_formats"] = ["yyyy-MM-dd", "dd.MM.yyyy"]
    return retailer


def test_p3_a_run_stops_naming_what_was_judged_under_the_earlier_meaning(
    redeclared: Retailer,
) -> None:
    redeclared.deliver("boston/b.csv", sale("2"))
    with pytest.raises(LakehouseMismatch) as stopped:
        redeclared.run()
    assert str(stopped.value) == (
        "feeds: declared otherwise when their records were judged: lyon (1 file, 2 records, "
        "sales from 2025-01 to 2025-01). Do: sales-pipeline run --rejudge lyon, which judges "
        "them again, or undo the change. Files are not read again: if that is for another "
        "csv.encoding, delimiter, quote, escape, header or lines around the data, then withdraw "
        "those files, and deliver them again."
    )
    assert "boston/b.csv" not in redeclared.states()


@pytest.mark.long
def test_p3_a_feed_is_judged_again_and_only_that(redeclared: Retailer) -> None:
    report = redeclared.run(rejudge=["lyon"])
    assert [each.feed for each in report.feeds] == ["catalogue", "lyon"]
    assert redeclared.revenue() == {(2025, 1): "18.50", (2025, 2): "10.00"}
    assert [str(each.month) for each in report.moved] == ["2025-02-01"]
    assert redeclared.run().is_nothing_new
    before = redeclared.state()
    redeclared.rebuild()
    assert redeclared.state() == before


@pytest.mark.long
def test_p3_a_killed_run_that_judges_again_is_finished_without_asking(
    redeclared: Retailer,
) -> None:
    with redeclared.stopped_before("silver"):
        redeclared.run(rejudge=["lyon"])
    redeclared.run()
    assert redeclared.revenue() == {(2025, 1): "18.50", (2025, 2): "10.00"}


def test_p3_rebuild_judges_everything_again(redeclared: Retailer) -> None:
    redeclared.rebuild()
    assert redeclared.revenue() == {(2025, 1): "18.50", (2025, 2): "10.00"}
    assert redeclared.run().is_nothing_new


def test_p3_an_unknown_feed_to_judge_again_is_a_usage_error(redeclared: Retailer) -> None:
    with pytest.raises(UsageError, match=r"got 'lion'. Did you mean 'lyon'\?"):
        redeclared.run(rejudge=["lion"])


def test_p3_a_feed_with_sales_has_to_stay_declared(redeclared: Retailer) -> None:
    del redeclared.declared["feeds"]["lyon"]
    with pytest.raises(LakehouseMismatch, match=r"feeds\.lyon: not declared any more"):
        redeclared.run()


def test_p3_a_rebuild_without_a_feed_with_sales_says_so_and_changes_nothing(
    redeclared: Retailer,
) -> None:
    before, states = redeclared.state(), redeclared.states()
    lyon = redeclared.declared["feeds"].pop("lyon")
    with pytest.raises(LakehouseMismatch, match=r"feeds\.lyon: not declared any more.*it again"):
        redeclared.rebuild()
    redeclared.declared["feeds"]["lyon"] = lyon
    assert (redeclared.state(), redeclared.states()) == (before, states)


def test_p3_what_a_rollback_holds_of_a_feed_counts_only_while_it_is_declared(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.rollback(retailer.run_ids()[0])
    states = retailer.states()
    del retailer.declared["feeds"]["lyon"]
    with pytest.raises(LakehouseMismatch, match=r"feeds\.lyon: not declared any more"):
        retailer.release()
    with pytest.raises(LakehouseMismatch, match=r"feeds\.lyon: not declared any more"):
        retailer.accept("lyon/a.csv")
    assert retailer.states() == states


@pytest.mark.long
def test_p3_a_column_declared_later_is_taken_from_what_was_delivered(retailer: Retailer) -> None:
    header = "id,day,item,price,units,total,Till "
    retailer.declared["feeds"]["lyon"]["max_repeated_keys"] = "100%"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1") + ",7", sale("1", total="5.00") + ",8", header=header)
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "5.00"}
    retailer.declared["feeds"]["lyon"]["columns"]["till"] = "TILL"
    retailer.declared["feeds"]["lyon"]["key"] = ["sale_id", "till"]
    retailer.run(rejudge=["lyon"])
    assert retailer.revenue() == {(2025, 1): "15.00"}
    assert retailer.rows("silver.sales", "sale_id", "till") == [("1", "7"), ("1", "8")]
    retailer.deliver("lyon/b.csv", sale("1", total="6.00") + ",8", header=header)
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "16.00"}
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


def test_p3_a_store_may_have_two_feeds(retailer: Retailer) -> None:
    lyon = retailer.declared["feeds"]["lyon"]
    retailer.declared["feeds"]["lyon_new"] = {**lyon, "landing": "lyon_new/*.csv"}
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.deliver("lyon_new/a.csv", sale("1", total="5.00"))
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "15.00"}
    [row] = retailer.table("gold.revenue_per_month_and_shop")
    assert row["store"] == "lyon"
