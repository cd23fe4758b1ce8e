"""What is taken from the landing folder, and what is left for the next run."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from sales_pipeline.config.files import Arrival
from sales_pipeline.landing import discovery, regular_files
from sales_pipeline.landing.discovery import Discovery, discover
from sales_pipeline.landing.regular_files import open_regular

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="leases are a feature of Linux")
WITH_PIPES = pytest.mark.skipif(os.name != "posix", reason="no named pipes in folders")


def look(landing: Path, **arrival: object) -> Discovery:
    arrivals = {"lyon": Arrival.model_validate(arrival)}
    return discover(landing, {"lyon": "*.csv"}, arrivals=arrivals)


def names(discovery: Discovery) -> list[str]:
    return [file.path for file in discovery.files]


@ON_LINUX
@pytest.mark.parametrize("mode", ["wb", "ab", "r+b"])
def test_a_file_that_is_open_for_writing_is_left_and_named(tmp_path: Path, mode: str) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"id\n1\n")
    os.utime(file, (1, 1))
    with file.open(mode):
        discovery = look(tmp_path)
        assert names(discovery) == []
        assert "another process has it open" in discovery.left["a.csv"]
    assert names(look(tmp_path)) == ["a.csv"]


@ON_LINUX
def test_a_file_that_is_only_read_and_was_written_just_now_is_taken_at_once(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"id\n1\n")
    with file.open("rb"):
        assert names(look(tmp_path, settle_seconds=3600)) == ["a.csv"]


@ON_LINUX
def test_a_writer_that_begins_during_the_look_is_not_stopped(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"id\n")
    with open_regular(file) as reader:
        assert regular_files.is_being_written(reader) is False
        descriptor = os.open(file, os.O_WRONLY | os.O_NONBLOCK)
        assert regular_files.is_being_written(reader) is True
        os.close(descriptor)


@ON_LINUX
def test_a_file_system_of_another_machine_is_never_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "27 1 254:0 / / rw - ext4 /dev/vda rw\n"
        f"28 27 0:50 / {str(tmp_path).replace(' ', chr(92) + '040')} rw - nfs4 server:/a rw\n"
    )
    monkeypatch.setattr(regular_files, "_MOUNTS", str(mounts))
    regular_files._is_of_this_machine.cache_clear()
    file = tmp_path / "a.csv"
    file.write_bytes(b"id\n")
    with open_regular(file) as reader:
        assert regular_files.is_being_written(reader) is None
    regular_files._is_of_this_machine.cache_clear()


@pytest.fixture
def untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that cannot tell whether a file is open for writing."""
    monkeypatch.setattr(discovery, "is_being_written", lambda _: None)


@pytest.mark.usefixtures("untold")
def test_where_the_system_cannot_tell_a_file_has_to_be_at_rest(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"id\n1\n")
    assert "settle_seconds" in look(tmp_path).left["a.csv"]
    os.utime(file, (time.time() - 9, time.time() - 9))
    assert names(look(tmp_path)) == []
    os.utime(file, (time.time() - 11, time.time() - 11))
    assert names(look(tmp_path)) == ["a.csv"]
    assert names(look(tmp_path, settle_seconds=3600)) == []


@pytest.mark.usefixtures("untold")
def test_files_that_arrive_by_rename_need_no_rest(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"id\n1\n")
    assert names(look(tmp_path, by="rename")) == ["a.csv"]


@pytest.mark.parametrize("marker", ["a.csv.done", "a.done"])
@pytest.mark.usefixtures("untold")
def test_a_marker_says_that_a_file_is_complete(tmp_path: Path, marker: str) -> None:
    file, beside = tmp_path / "a.csv", tmp_path / marker
    file.write_bytes(b"id\n1\n")
    assert "marker" in look(tmp_path, by="marker").left["a.csv"]
    beside.touch()
    os.utime(beside, (1, 1))
    assert names(look(tmp_path, by="marker")) == [], "it was yesterday's"
    os.utime(file, (5, 5))
    os.utime(beside, (5, 5))
    discovery = look(tmp_path, by="marker")
    assert (names(discovery), discovery.unclaimed) == (["a.csv"], [])


def test_a_file_that_changes_while_it_is_read_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"id\n1\n")

    def digest_while_it_grows(reader: object) -> str:
        file.write_bytes(b"id\n1\n2\n")
        return "0" * 64

    monkeypatch.setattr(discovery, "digest_of", digest_while_it_grows)
    assert "changed while it was read" in look(tmp_path).left["a.csv"]


@WITH_PIPES
def test_only_regular_files_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.csv")
        discovery = look(tmp_path)
    assert {path: why.partition(",")[0] for path, why in discovery.left.items()} == {
        "pipe.csv": "a named pipe",
        "socket.csv": "a socket",
    }


@WITH_PIPES
def test_a_file_in_whose_place_a_pipe_comes_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"id\n")

    def replaced(path: Path) -> object:
        file.unlink()
        os.mkfifo(file)
        return open_regular(path)

    monkeypatch.setattr(discovery, "open_regular", replaced)
    assert list(look(tmp_path).left) == ["a.csv"]
    assert discovery.sha256_of(file) is None


def test_lock_files_of_office_programs_are_ignored(tmp_path: Path) -> None:
    for name in ("~$sales.csv", ".~lock.sales.csv#", "Thumbs.db", "sales.csv"):
        (tmp_path / name).write_bytes(b"id\n")
    discovery = look(tmp_path)
    assert names(discovery) == ["sales.csv"]
    assert (discovery.unclaimed, discovery.unready, discovery.left) == ([], [], {})


def test_names_and_patterns_are_compared_without_what_nobody_sees(tmp_path: Path) -> None:
    (tmp_path / "e\u0301te\u0301\u200b_1.csv").write_bytes(b"id\n")
    discovery = discover(tmp_path, {"lyon": "\u00e9t\u00e9_*.csv"})
    assert len(discovery.files) == 1
    assert discovery.files[0].path == "e\u0301te\u0301\u200b_1.csv", "as it is on disk"
