"""P1: whatever the machine refuses, the run says so, and the next one ends as it should."""

from __future__ import annotations

import errno
import json
import os
from datetime import datetime, timedelta

import pytest

from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.cli.screen import tell_failure
from sales_pipeline.commit_points import Watcher, watched_by
from sales_pipeline.lakehouse import runs
from sales_pipeline.lakehouse.runs import finished_runs
from sales_pipeline.proofs.retailer_copies import contents, differences
from tests.promises.faulty_machine import EXPECTED, ran
from tests.retailer import Retailer, sale


class At(Watcher):
    """Does something just before a commit, once."""

    def __init__(self, what: str) -> None:
        self._what: str | None = what

    def before(self, what: str) -> None:
        if what == self._what:
            self._what = None
            self.happen()

    def happen(self) -> None:
        """What it does: there is no room on the disk."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _deliver(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", total="x"))
    retailer.deliver("boston/a.csv", sale("1"))


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, int]]:
    """What is there after a run on which nothing was refused."""
    retailer = Retailer(tmp_path_factory.mktemp("calm"))
    _deliver(retailer)
    retailer.run()
    return _seen(retailer)


def _seen(retailer: Retailer) -> dict[str, dict[str, int]]:
    folders = folders_of(retailer.declaration)
    found = retailer.read(lambda lakehouse: contents(lakehouse, folders))
    return {name: dict(counts) for name, counts in found.items()}


def _ends_as(retailer: Retailer, expected: dict[str, dict[str, int]]) -> bool:
    folders = folders_of(retailer.declaration)
    assert retailer.read(lambda lakehouse: differences(expected, lakehouse, folders)) == []
    return retailer.run().is_nothing_new


@pytest.mark.long
def test_p1_on_a_disk_that_is_too_small_runs_say_so_until_there_is_room(
    retailer: Retailer, expected: dict[str, dict[str, int]]
) -> None:
    _deliver(retailer)
    (retailer.folder / EXPECTED).write_text(json.dumps(expected))
    ended, found = ran("on_a_disk_that_grows", retailer)
    if found is None and not ended.code:
        pytest.skip("this machine lets nobody make a small disk")
    assert ended.code == 0, ended.error
    assert found is not None
    codes, differing = found
    assert isinstance(codes, list)
    assert codes == [1] * (len(codes) - 1) + [0]
    assert len(codes) > 3
    assert (
        ended.error.count("No space left on device. Do: make room and run again") == len(codes) - 1
    )
    assert differing == []


@pytest.mark.parametrize("commit", ["commit silver.records", "move a.csv"])
def test_p1_where_a_write_finds_no_room_the_next_run_finishes(
    commit: str,
    retailer: Retailer,
    expected: dict[str, dict[str, int]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    _deliver(retailer)
    with watched_by(At(commit)), pytest.raises(OSError, match="No space left") as full:
        retailer.run()
    assert tell_failure(full.value) == 1
    assert "Do: make room and run again" in capsys.readouterr().err
    retailer.run()
    assert _ends_as(retailer, expected)


@pytest.mark.long
def test_p1_files_that_vanish_or_grow_before_they_are_read_are_taken_as_they_are_then(
    retailer: Retailer, expected: dict[str, dict[str, int]]
) -> None:
    _deliver(retailer)
    grows = retailer.landing / "lyon/a.csv"
    whole = grows.read_text()
    retailer.deliver("lyon/a.csv", sale("2", total="x"))
    vanishes = retailer.deliver("lyon/b.csv", sale("3"))

    class Changing(At):
        def happen(self) -> None:
            grows.write_text(whole)
            vanishes.unlink()

    with watched_by(Changing("commit bronze.sales")):
        report = retailer.run()
    assert report.exit_code == 1
    assert sorted(each.path for each in report.abandoned) == ["lyon/a.csv", "lyon/b.csv"]
    assert retailer.rows("silver.sales", "feed", "sale_id") == [("boston", "1")]
    retailer.run()
    assert retailer.rows("silver.sales", "feed", "sale_id") == [("boston", "1"), ("lyon", "1")]
    assert len(retailer.table("silver.quarantine")) == 1
    assert _files(retailer) == [each.split(" ")[0] for each in sorted(expected["files"])]
    assert retailer.run().is_nothing_new


@pytest.mark.long
def test_p1_where_the_archive_cannot_be_written_the_files_stay_until_it_can(
    retailer: Retailer, expected: dict[str, dict[str, int]]
) -> None:
    _deliver(retailer)
    retailer.lakehouse.mkdir()
    in_its_place = retailer.lakehouse / "archive"
    in_its_place.write_text("no folder")
    with pytest.raises(OSError, match=str(in_its_place)):
        retailer.run()
    assert len(list(retailer.landing.rglob("*.csv"))) == 3
    in_its_place.unlink()
    retailer.run()
    assert _ends_as(retailer, expected)


@pytest.mark.long
def test_p1_files_and_folders_without_rights_are_named_and_wait(
    retailer: Retailer, expected: dict[str, dict[str, int]]
) -> None:
    _deliver(retailer)
    archive, unreadable = retailer.lakehouse / "archive", retailer.landing / "lyon/a.csv"
    closed = retailer.deliver("lyon/closed/b.csv", sale("2")).parent
    unreadable.chmod(0o000)
    closed.chmod(0o000)
    ended, found = ran("without_rights", retailer)
    assert (ended.code, found) == (0, [1]), ended.error
    assert "lyon/a.csv: cannot be read: Permission denied. Do: " in ended.error
    assert "lyon/closed/: cannot be read: Permission denied. Do: " in ended.error
    ended, found = ran("without_rights", retailer)
    assert (ended.code, found) == (0, [1]), "it is told again while nothing is new"
    assert retailer.run_ids()[1:] == []
    closed.chmod(0o700)
    closed.joinpath("b.csv").unlink()
    unreadable.chmod(0o600)
    archive.chmod(0o500)
    ended, found = ran("without_rights", retailer)
    archive.chmod(0o700)
    assert (ended.code, found) == (0, [1]), ended.error
    assert f"cannot be moved to the archive ({archive}/lyon: Permission denied)" in ended.error
    assert unreadable.exists()
    retailer.run()
    assert retailer.rows("silver.sales", "feed", "sale_id") == [("boston", "1"), ("lyon", "1")]
    assert _files(retailer) == [each.split(" ")[0] for each in sorted(expected["files"])]
    assert retailer.run().is_nothing_new


def _files(retailer: Retailer) -> list[str]:
    return [each.split(" ")[0] for each in sorted(_seen(retailer)["files"])]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[timedelta]:
    """How far the clock is from what it was; a test changes the only element."""
    away = [timedelta(0)]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + away[0]  # type: ignore[arg-type]

    monkeypatch.setattr(runs, "datetime", Clock)
    return away


@pytest.mark.long
def test_p1_a_clock_that_goes_back_between_runs_and_in_one_changes_nothing(
    retailer: Retailer, expected: dict[str, dict[str, int]], clock: list[timedelta]
) -> None:
    class Back(At):
        def happen(self) -> None:
            clock[0] -= timedelta(days=1)

    _deliver(retailer)
    later = (retailer.landing / "boston/a.csv").rename(retailer.folder / "later.csv")
    with watched_by(Back("commit silver.records")):
        first = retailer.run().run_id
    clock[0] -= timedelta(days=1)
    later.rename(retailer.landing / "boston/a.csv")
    second = retailer.run().run_id
    assert [each.run_id for each in retailer.read(finished_runs)] == [first, second]
    assert str(second) < str(first), "ids begin with the clock, which went back"
    assert retailer.rows("silver.sales", "feed", "sale_id") == [("boston", "1"), ("lyon", "1")]
    assert _files(retailer) == [each.split(" ")[0] for each in sorted(expected["files"])]
    assert retailer.run().is_nothing_new
