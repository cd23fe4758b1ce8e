"""P1, P4: files whose place in the archive or in `rejected/` another file or folder has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sales_pipeline.operations.plan import plan
from tests.retailer import HEADER, Retailer, sale

PAGE = "<html></html>"


@pytest.fixture
def retailer(retailer: Retailer) -> Retailer:
    """A retailer whose first store may deliver files in folders."""
    retailer.declared["feeds"]["lyon"]["landing"] = "lyon/**/*.csv"
    retailer.deliver_catalogue()
    return retailer


def contents(folder: Path) -> dict[str, bytes]:
    """Path below a folder -> the bytes of each file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def unmoved_twice(retailer: Retailer, path: str, *, because: str) -> None:
    """Runs twice beside a good file; both runs name the file, and the second adds nothing."""
    retailer.deliver("boston/good.csv", sale("9"))
    [planned] = [file for file in plan(retailer.declaration).files if file.path == path]
    assert planned.becomes != "not_ready"
    kept = contents(retailer.lakehouse / "archive")
    first = retailer.run()
    assert (first.exit_code, first.run_id in retailer.run_ids()) == (1, True)
    assert ("boston", "9") in retailer.rows("silver.sales", "feed", "sale_id")
    ledger = len(retailer.ledger())
    second = retailer.run()
    for report in (first, second):
        [unmoved] = report.unmoved
        assert unmoved.path == path
        assert f"{because}). Do: " in unmoved.reason
    assert (second.exit_code, second.feeds, len(retailer.ledger())) == (1, [], ledger)
    assert (retailer.landing / path).exists()
    assert contents(retailer.lakehouse / "archive").items() >= kept.items()


def moved_once_renamed(retailer: Retailer, path: str, *, counts: bool = False) -> None:
    """Renames a landing file; then the next run moves it, and the one after has nothing to do."""
    (retailer.landing / path).rename(retailer.landing / "lyon/z.csv")
    vanished = [note.path for note in retailer.run().unmoved if "vanished" in note.reason]
    assert vanished == ([path] if counts else [])
    assert contents(retailer.landing) == {}
    assert retailer.run().is_nothing_new


def test_p4_a_repeat_below_a_folder_named_like_an_archived_file_is_named_and_stays(
    retailer: Retailer,
) -> None:
    retailer.deliver("lyon/x.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/x.csv/y.csv", sale("1"))
    unmoved_twice(retailer, "lyon/x.csv/y.csv", because="/x.csv: File exists")
    moved_once_renamed(retailer, "lyon/x.csv/y.csv")


@pytest.mark.long
def test_p4_a_repeat_named_like_an_archived_folder_is_named_and_stays(retailer: Retailer) -> None:
    retailer.deliver("lyon/x.csv/y.csv", sale("1"))
    retailer.run()
    (retailer.landing / "lyon/x.csv").rmdir()
    retailer.deliver("lyon/x.csv", sale("1"))
    unmoved_twice(retailer, "lyon/x.csv", because="/x.csv: Is a directory")
    moved_once_renamed(retailer, "lyon/x.csv")


@pytest.mark.long
def test_p4_a_sale_below_a_folder_named_like_a_withdrawn_file_counts_and_stays(
    retailer: Retailer,
) -> None:
    retailer.deliver("lyon/x.csv", sale("1", total="12.00"))
    retailer.run()
    retailer.withdraw("lyon/x.csv")
    retailer.deliver("lyon/x.csv/y.csv", sale("1", total="12.00"))
    unmoved_twice(retailer, "lyon/x.csv/y.csv", because="/x.csv: File exists")
    assert ("lyon", "1") in retailer.rows("silver.sales", "feed", "sale_id")
    assert retailer.states()["lyon/x.csv/y.csv"] == ["in_gold"]
    moved_once_renamed(retailer, "lyon/x.csv/y.csv", counts=True)
    assert ("lyon", "1") in retailer.rows("silver.sales", "feed", "sale_id")


@pytest.mark.long
@pytest.mark.parametrize("names", [("x.csv", "x.csv/y.csv"), ("x.csv/y.csv", "x.csv")])
def test_p4_a_rejected_file_whose_place_another_has_is_named_and_stays(
    retailer: Retailer, names: tuple[str, str]
) -> None:
    first, second = (f"lyon/{name}" for name in names)
    retailer.deliver_text(first, PAGE)
    retailer.run()
    if (retailer.landing / "lyon/x.csv").is_dir():
        (retailer.landing / "lyon/x.csv").rmdir()
    retailer.deliver_text(second, PAGE)
    is_below = len(second) > len(first)
    because = "/x.csv: " + ("File exists" if is_below else "Is a directory")
    unmoved_twice(retailer, second, because=because)
    moved_once_renamed(retailer, second)


def test_p4_a_reason_that_has_no_place_stops_no_run_where_files_are_left(
    retailer: Retailer,
) -> None:
    retailer.declared["archive"] = "leave"
    file = retailer.deliver_text("lyon/x.csv", PAGE)
    retailer.run()
    sha = next((retailer.lakehouse / "rejected/lyon").iterdir())
    (sha / "x.csv").write_text("somebody put it here")
    file.unlink()
    retailer.deliver_text("lyon/x.csv/y.csv", PAGE)
    report = retailer.run()
    assert (report.exit_code, [note.path for note in report.unmoved]) == (1, ["lyon/x.csv/y.csv"])
    assert "its reason cannot be written to rejected/ (" in report.unmoved[0].reason
    assert [note.path for note in report.rejected] == ["lyon/x.csv/y.csv"]
    assert retailer.run().is_nothing_new


@pytest.mark.long
def test_p4_where_the_archive_of_a_store_is_a_file_its_files_wait(retailer: Retailer) -> None:
    retailer.deliver("boston/a.csv", sale("1"))
    retailer.run()
    in_its_place = retailer.lakehouse / "archive/lyon"
    in_its_place.write_text("no folder")
    retailer.deliver("lyon/a.csv", sale("1"))
    unmoved_twice(retailer, "lyon/a.csv", because=": Not a directory")
    in_its_place.unlink()
    assert retailer.run().exit_code == 0
    assert contents(retailer.landing) == {}


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="other limits of paths")
def test_p4_a_file_whose_path_in_the_archive_is_too_long_is_named_and_stays(
    retailer: Retailer,
) -> None:
    longest = os.pathconf(retailer.folder, "PC_PATH_MAX") - 1
    missing = longest - len(str(retailer.landing / "lyon" / "x.csv")) - 1
    folders = "/".join(["f" * 199] * (missing // 200))
    path = f"lyon/{folders}/{'g' * (missing - len(folders) - 1)}/x.csv"
    retailer.deliver_text(path, "\n".join([HEADER, sale("1"), ""]))
    unmoved_twice(retailer, path, because=": File name too long")
    moved_once_renamed(retailer, path, counts=True)
    assert ("lyon", "1") in retailer.rows("silver.sales", "feed", "sale_id")


@pytest.mark.long
def test_p4_a_changed_file_whose_place_in_the_landing_folder_is_taken_stays_in_the_archive(
    retailer: Retailer,
) -> None:
    retailer.deliver("lyon/x.csv/y.csv", sale("1"))
    retailer.run()
    [archived] = (retailer.lakehouse / "archive/lyon").rglob("y.csv")
    archived.write_text(f"{archived.read_text()}{sale('2')}\n")
    (retailer.landing / "lyon/x.csv").rmdir()
    retailer.deliver("lyon/x.csv", sale("3"))
    report = retailer.run()
    [changed] = report.changed
    assert (report.exit_code, changed.path) == (1, "lyon/x.csv/y.csv")
    assert "another file lies at its place in the landing folder" in changed.reason
    assert ("lyon", "3") in retailer.rows("silver.sales", "feed", "sale_id")
