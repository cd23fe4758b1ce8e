"""Moving files to where they stay, and bringing them to the disk, also where there is none."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from sales_pipeline.commit_points import Watcher, watched_by
from sales_pipeline.landing.archive import keep, kept_path, move_back, sync
from tests.replacements import Replacements


def test_what_lies_on_no_disk_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    sync([tmp_path / "file", tmp_path, Path("/dev/null")])


def test_what_is_not_there_cannot_be_brought_anywhere(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync([tmp_path / "missing"])


@pytest.fixture
def landed(tmp_path: Path) -> Landed:
    """A file in a landing folder, and its place in an archive."""
    source = tmp_path / "landing/a.csv"
    source.parent.mkdir()
    source.write_bytes(b"first")
    digest = hashlib.sha256(b"first").hexdigest()
    return Landed(source, kept_path(tmp_path / "archive", "lyon", digest, "a.csv"), digest)


@dataclass(frozen=True)
class Landed:
    """Where a file lies, where it is to be, and the hash of its bytes."""

    source: Path
    target: Path
    sha256: str

    def keep(self) -> bool:
        return keep(self.source, self.target, self.sha256)


class Replacing(Watcher):
    """Puts a correction in the place of the file between its hash and its move."""

    def __init__(self, source: Path) -> None:
        self._source = source

    def before(self, what: str) -> None:
        if what == f"move {self._source.name}":
            correction = self._source.with_name(".correction")
            correction.write_bytes(b"second")
            os.replace(correction, self._source)


def other_disk(monkeypatch: pytest.MonkeyPatch, replaced: Replacements) -> None:
    """Lets no file be renamed into another folder, as between two disks."""
    rename = os.rename

    def within_folder(source: Path, target: Path) -> None:
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, "another disk")
        rename(source, target)

    replaced(os, "rename", within_folder)
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EXDEV, "")))


@pytest.mark.parametrize("is_other_disk", [False, True])
def test_p4_a_correction_that_arrives_while_the_old_file_is_moved_is_not_lost(
    landed: Landed,
    monkeypatch: pytest.MonkeyPatch,
    replaced: Replacements,
    *,
    is_other_disk: bool,
) -> None:
    if is_other_disk:
        other_disk(monkeypatch, replaced)
    with watched_by(Replacing(landed.source)):
        assert landed.keep()
    assert landed.source.read_bytes() == b"second"
    assert landed.target.read_bytes() == b"first"
    assert [path.name for path in landed.source.parent.iterdir()] == ["a.csv"]


def test_p4_a_killed_move_of_a_correction_is_put_right(landed: Landed) -> None:
    landed.target.parent.mkdir(parents=True)
    landed.source.unlink()
    landed.target.write_bytes(b"second")
    assert not landed.keep()
    assert landed.source.read_bytes() == b"second"
    assert not landed.target.exists()


def test_p4_a_file_is_moved_between_disks(
    landed: Landed, monkeypatch: pytest.MonkeyPatch, replaced: Replacements
) -> None:
    other_disk(monkeypatch, replaced)
    assert landed.keep()
    assert landed.target.read_bytes() == b"first"
    assert list(landed.source.parent.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="leases are a feature of Linux")
@pytest.mark.parametrize("is_kept", [False, True])
def test_p4_a_file_that_is_open_for_writing_is_not_moved(landed: Landed, *, is_kept: bool) -> None:
    if is_kept:
        landed.target.parent.mkdir(parents=True)
        landed.target.write_bytes(b"first")
    with landed.source.open("ab"):
        assert landed.keep() == is_kept
        assert landed.source.exists()
    assert landed.keep()
    assert not landed.source.exists()


def test_p4_a_file_that_grew_in_the_archive_goes_back_and_leaves_what_was_read(
    landed: Landed,
) -> None:
    landed.keep()
    with landed.target.open("ab") as file:
        file.write(b" and second")
    assert move_back(landed.target, landed.source, landed.sha256, 5)
    assert landed.source.read_bytes() == b"first and second"
    assert landed.target.read_bytes() == b"first"


def test_p4_a_file_that_became_another_in_the_archive_goes_back_whole(landed: Landed) -> None:
    landed.keep()
    landed.target.write_bytes(b"other")
    assert move_back(landed.target, landed.source, landed.sha256, 5)
    assert landed.source.read_bytes() == b"other"
    assert list(landed.target.parent.iterdir()) == []


def test_p4_nothing_goes_back_over_a_file_that_was_delivered_meanwhile(landed: Landed) -> None:
    landed.keep()
    landed.target.write_bytes(b"other")
    landed.source.write_bytes(b"newer")
    assert not move_back(landed.target, landed.source, landed.sha256, 5)
    assert (landed.source.read_bytes(), landed.target.read_bytes()) == (b"newer", b"other")
