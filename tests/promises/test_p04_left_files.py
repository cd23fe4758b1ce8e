"""P4: with `archive: leave` nothing in the landing folder is ever changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sales_pipeline.landing import discovery
from tests.replacements import Replacements
from tests.retailer import Retailer, sale


@pytest.fixture
def reader(retailer: Retailer) -> Retailer:
    """A retailer whose landing folder belongs to somebody else."""
    retailer.declared["archive"] = "leave"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.deliver("lyon/copy.csv", sale("1"))
    retailer.deliver_text("lyon/page.csv", "<html></html>")
    return retailer


def _landing(retailer: Retailer) -> dict[str, tuple[int, bytes]]:
    files = (path for path in retailer.landing.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_p4_nothing_in_a_landing_folder_that_is_left_changes(reader: Retailer) -> None:
    before = _landing(reader)
    report = reader.run()
    assert [note.path for note in report.rejected] == ["lyon/page.csv"]
    assert [note.path for note in report.repeated] == ["lyon/copy.csv"]
    assert reader.revenue() == {(2025, 1): "10.00"}
    assert _landing(reader) == before
    assert not (reader.lakehouse / "archive").exists()
    [reason] = (path for path in (reader.lakehouse / "rejected").rglob("*") if path.is_file())
    assert reason.name == "page.csv.reason.txt"


def test_p4_files_that_lie_there_still_are_no_news_and_not_hashed_again(
    reader: Retailer, replaced: Replacements
) -> None:
    hashed = replaced(discovery, "digest_of")
    reader.run()
    assert len(hashed) == 4
    hashed.clear()
    assert reader.run().is_nothing_new
    assert hashed == []
    assert len(reader.ledger()) == 4


def test_p4_a_file_that_was_touched_is_hashed_and_no_news_where_it_counts(
    reader: Retailer, replaced: Replacements
) -> None:
    reader.run()
    hashed = replaced(discovery, "digest_of")
    os.utime(reader.landing / "lyon/a.csv", ns=(1, 1))
    assert reader.run().is_nothing_new
    assert [Path(file.name).name for (file,) in hashed] == ["a.csv"]


@pytest.mark.long
def test_p4_a_left_file_is_corrected_where_it_lies(reader: Retailer) -> None:
    reader.run()
    reader.deliver("lyon/a.csv", sale("1", total="12.00"))
    reader.run()
    reader.deliver("lyon/a.csv", sale("1"))
    reader.run()
    assert reader.states()["lyon/a.csv"] == ["superseded", "superseded", "archived"]
    assert reader.revenue() == {(2025, 1): "10.00"}
    assert reader.run().is_nothing_new


@pytest.mark.long
def test_p4_a_left_file_that_was_withdrawn_counts_again_when_it_is_touched(
    reader: Retailer,
) -> None:
    (reader.landing / "lyon/copy.csv").unlink()
    reader.run()
    reader.withdraw("lyon/a.csv")
    assert reader.run().is_nothing_new
    assert reader.revenue() == {}
    os.utime(reader.landing / "lyon/a.csv", ns=(1, 1))
    reader.run()
    assert reader.revenue() == {(2025, 1): "10.00"}


def test_p4_reset_leaves_left_files_and_forgets_why_one_was_rejected(reader: Retailer) -> None:
    before = _landing(reader)
    reader.run()
    done = reader.reset()
    assert (done.moved, done.kept) == ([], [])
    assert _landing(reader) == before
    assert not list((reader.lakehouse / "rejected").rglob("*.txt"))


def test_p4_files_with_personal_data_are_left_unless_it_says_move(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["never_store"] = ["customer"]
    retailer.deliver_catalogue()
    file = retailer.deliver(
        "lyon/a.csv", sale("1") + ",Anne", header="id,day,item,price,units,total,customer"
    )
    other = retailer.deliver("boston/a.csv", sale("1"))
    retailer.run()
    assert (file.exists(), other.exists()) == (True, False)
