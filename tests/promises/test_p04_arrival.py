"""P1, P4: files that are still being written, that change later, or that cannot be moved."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from rich.console import Console

from sales_pipeline.bronze.feed_files import find_files, folders_of
from sales_pipeline.intake import batches_of
from sales_pipeline.operations.plan import plan
from sales_pipeline.report.check import check_text
from sales_pipeline.report.first_records import understand
from sales_pipeline.report.status import status
from tests.retailer import HEADER, Retailer, sale

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="leases are a feature of Linux")
WITH_PIPES = pytest.mark.skipif(os.name != "posix", reason="no named pipes in folders")


def archived(retailer: Retailer, name: str = "a.csv") -> Path:
    [path] = (retailer.lakehouse / "archive").rglob(name)
    return path


@ON_LINUX
def test_p1_a_file_that_is_being_written_is_left_named_and_taken_whole(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    file = retailer.deliver("lyon/a.csv", sale("1"))
    with file.open("a") as upload:
        report = retailer.run()
        assert [note.path for note in report.left] == ["lyon/a.csv"]
        assert report.exit_code == 0
        [left] = (each for each in plan(retailer.declaration).files if each.path == "lyon/a.csv")
        assert (left.becomes, "still being written" in str(left.reason)) == ("not_ready", True)
        upload.write(f"{sale('2')}\n")
    retailer.run()
    assert retailer.revenue() == {(2025, 1): "20.00"}


@pytest.mark.long
def test_p1_an_archived_file_that_grew_is_taken_as_a_correction(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    first = archived(retailer).read_bytes()
    with archived(retailer).open("a") as upload:
        upload.write(f"{sale('2')}\n")
    assert "changed after delivery 2" in status(retailer.declaration).left[0].reason
    report = retailer.run()
    assert (report.exit_code, [note.path for note in report.changed]) == (1, ["lyon/a.csv"])
    assert retailer.states()["lyon/a.csv"] == ["superseded", "archived"]
    assert retailer.revenue() == {(2025, 1): "20.00"}
    kept = {path.read_bytes() for path in (retailer.lakehouse / "archive").rglob("a.csv")}
    assert first in kept, "what was counted first is in the archive still"
    assert retailer.run().is_nothing_new


def test_p1_a_rejected_file_that_grew_is_taken_again(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver_text("lyon/a.csv", "id,day,it")
    assert retailer.run().rejected
    [rejected] = (retailer.lakehouse / "rejected").rglob("a.csv")
    rejected.write_text(f"{HEADER}\n{sale('1')}\n")
    report = retailer.run()
    assert [note.path for note in report.changed] == ["lyon/a.csv"]
    assert retailer.revenue() == {(2025, 1): "10.00"}


def test_p1_an_archived_file_that_was_only_touched_is_no_news(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    archived(retailer).touch()
    assert retailer.run().is_nothing_new


@pytest.mark.long
def test_p4_a_correction_that_comes_before_the_archive_is_taken_by_the_next_run(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    gold = "sales_pipeline.pipeline.archive_files"
    original = sys.modules["sales_pipeline.pipeline"].archive_files

    def corrected_first(*args: object, **options: object) -> object:
        retailer.deliver("lyon/a.csv", sale("1", total="12.00"))
        return original(*args, **options)

    monkeypatch.setattr(gold, corrected_first)
    report = retailer.run()
    monkeypatch.undo()
    assert (report.exit_code, [note.path for note in report.unmoved]) == (1, ["lyon/a.csv"])
    assert retailer.states()["lyon/a.csv"] == ["in_gold"]
    assert retailer.run().exit_code == 0
    assert retailer.states()["lyon/a.csv"] == ["superseded", "archived"]
    assert retailer.revenue() == {(2025, 1): "12.00"}


@WITH_PIPES
def test_p4_a_pipe_in_the_landing_folder_stops_no_command(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    os.mkfifo(retailer.landing / "lyon/pipe.csv")
    os.mkfifo(retailer.landing / "pipe_of_no_feed")
    named = ["lyon/pipe.csv", "pipe_of_no_feed"]
    [planned] = (each for each in plan(retailer.declaration).files if each.path == named[0])
    assert "a named pipe" in str(planned.reason)
    checked = understand(retailer.declaration, source="")
    assert sorted(note.path for note in checked.left) == named
    said = io.StringIO()
    Console(file=said, width=200).print(check_text(checked))
    assert "Left for the next run: 2 files" in said.getvalue()
    report = retailer.run()
    assert sorted(note.path for note in report.left) == named
    assert sorted(note.path for note in status(retailer.declaration).left) == named
    assert retailer.revenue() == {(2025, 1): "10.00"}


def read_only(monkeypatch: pytest.MonkeyPatch, landing: Path) -> None:
    """Lets no file be moved out of the landing folder."""
    rename = os.rename

    def refuse(source: Path, target: Path) -> None:
        if landing in Path(source).parents:
            raise PermissionError(13, "Permission denied")
        rename(source, target)

    monkeypatch.setattr("sales_pipeline.landing.archive.os.rename", refuse)


def test_p4_a_file_that_cannot_be_moved_keeps_no_run_from_being_recorded(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    retailer.deliver_catalogue()
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1"))
    with monkeypatch.context() as patch:
        read_only(patch, retailer.landing)
        first = retailer.run()
        assert (first.exit_code, first.run_id in retailer.run_ids()) == (1, True)
        [unmoved] = first.unmoved
        assert (unmoved.path, "Do: " in unmoved.reason) == ("lyon/a.csv", True)
        assert retailer.states()["lyon/a.csv"] == ["in_gold"]
        again = retailer.run()
        assert (again.exit_code, again.feeds, again.resumed) == (1, [], 0)
        assert [note.path for note in again.unmoved] == ["lyon/a.csv"]
    assert len(retailer.ledger()) == 2
    assert retailer.run().exit_code == 0
    assert retailer.states()["lyon/a.csv"] == ["archived"]
    assert retailer.run().is_nothing_new
    assert retailer.revenue() == {(2025, 1): "10.00"}


def test_p4_a_repeat_and_a_rejected_file_that_cannot_be_moved_are_claimed_once(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/again.csv", sale("1"))
    retailer.deliver_text("lyon/page.csv", "<html></html>")
    with monkeypatch.context() as patch:
        read_only(patch, retailer.landing)
        for _ in range(2):
            report = retailer.run()
            paths = sorted(note.path for note in report.unmoved)
            assert (report.exit_code, paths) == (1, ["lyon/again.csv", "lyon/page.csv"])
            assert report.staying == {"lyon/page.csv": "landing"}
    assert len(retailer.ledger()) == 4
    retailer.run()
    assert not [path for path in retailer.landing.rglob("*") if path.is_file()]
    assert retailer.run().is_nothing_new


def test_p4_a_path_in_a_message_begins_below_the_landing_folder(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver_text("lyon/page.csv", "<html></html>")
    retailer.deliver_text("catalogue/page.csv", "<html></html>")
    rejected = {note.path: note.reason for note in retailer.run().rejected}
    assert sorted(rejected) == ["catalogue/page.csv", "lyon/page.csv"]
    for path, reason in rejected.items():
        assert reason.startswith(f"{path}: "), reason


@pytest.mark.long
def test_p11_a_file_that_is_rejected_after_it_was_archived_is_said_to_stay_there(
    retailer: Retailer,
) -> None:
    retailer.declared["feeds"]["lyon"]["max_repeated_keys"] = "0%"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("1", total="12.00"))
    retailer.run()
    assert retailer.states()["lyon/a.csv"] == ["held"]
    rule = {"holds": "amount < 5", "severity": "fail"}
    retailer.declared["feeds"]["lyon"]["rules"] = {"cheap": rule}
    report = retailer.accept("lyon/a.csv")
    assert [note.path for note in report.rejected] == ["lyon/a.csv"]
    assert report.staying == {"lyon/a.csv": "archive"}


def test_batches_are_bounded_by_bytes_and_by_files(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    for name in "abc":
        retailer.deliver(f"lyon/{name}.csv", sale(name))
    retailer.run()
    deliveries = retailer.ledger().in_force() * 1000
    assert [len(batch) for batch in batches_of(deliveries, 10**9)] == [2000, 2000]
    assert [len(batch) for batch in batches_of(deliveries[:4], 1)] == [1, 1, 1, 1]
    size = deliveries[0].bytes + deliveries[1].bytes
    assert [len(batch) for batch in batches_of(deliveries[:4], size)] == [2, 2]


def test_a_file_that_stays_is_found_in_the_order_of_its_feed(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["order"] = {"by": "column", "column": "sale_id"}
    retailer.deliver("lyon/a.csv", sale("10"))
    retailer.deliver("lyon/b.csv", sale("9"))
    retailer.deliver_text("lyon/c.csv", "<html></html>")
    found = find_files(retailer.declaration, retailer.ledger(), folders_of(retailer.declaration))
    assert [file.path for file in found.files] == ["lyon/c.csv", "lyon/b.csv", "lyon/a.csv"]
