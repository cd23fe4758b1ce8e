"""A run names what a killed one refused or held, if that was killed before its record."""

from __future__ import annotations

import pytest

from tests.promises.killed_run import dies
from tests.retailer import Retailer, sale


@pytest.fixture
def trading(retailer: Retailer) -> Retailer:
    """A retailer with a sale in force, whose feed rejects files with an unusable record."""
    retailer.declared["feeds"]["lyon"]["max_quarantined"] = "0%"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    return retailer


FILES = {
    "rejected_by_its_header": ["lyon/b.csv", "<html>"],
    "rejected_by_its_records": ["lyon/b.csv", "id,day,item,price,units,total\n2,soon,Vase,1,1,1\n"],
    "held": ["lyon/a.csv", "id,day,item,price,units,total\n9,2025-01-15,Vase,1,1,1\n"],
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize(
    "stage",
    [
        "silver",
        pytest.param("archive", marks=pytest.mark.long),
        pytest.param("record", marks=pytest.mark.long),
    ],
)
def test_what_a_killed_run_refused_or_held_is_named_once(
    trading: Retailer, kind: str, stage: str
) -> None:
    trading.deliver_text(*FILES[kind])
    trading.deliver("lyon/c.csv", sale("3"))
    with trading.stopped_before(stage):
        trading.run()
    report = trading.run()
    named = report.held_files if kind == "held" else report.rejected
    assert [note.path for note in named] == [FILES[kind][0]]
    assert (report.exit_code, report.outcome) == (1, "failed")
    later = trading.run()
    assert (later.is_nothing_new, later.rejected, later.exit_code) == (True, [], 0)


def test_it_is_named_also_if_it_was_all_that_came(retailer: Retailer) -> None:
    retailer.deliver_text("lyon/page.csv", "<html>")
    with retailer.stopped_before("record"):
        retailer.run()
    report = retailer.run()
    assert [note.path for note in report.rejected] == ["lyon/page.csv"]
    assert report.exit_code == 1
    assert retailer.run().is_nothing_new


@pytest.mark.long
def test_no_kill_before_the_record_lets_a_rejection_go_unnamed(trading: Retailer) -> None:
    point, moments = 0, 0
    while True:
        point, runs = point + 1, trading.run_ids()
        trading.deliver_text(f"lyon/page{point}.csv", f"<html>{point}")
        dies(trading, point, "after")
        if trading.run_ids() != runs:
            break
        report = trading.run()
        moments += 1
        named = {note.path for note in report.rejected}
        assert (named, report.exit_code) == ({f"lyon/page{point}.csv"}, 1)
    assert moments > 2
