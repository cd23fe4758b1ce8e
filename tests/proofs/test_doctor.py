"""`doctor` as a whole: it changes nothing, removes what it made, and says what is wrong."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sales_pipeline.proofs.diagnosis import CheckState, Diagnosis, Finding
from sales_pipeline.proofs.doctor import diagnose
from sales_pipeline.proofs.workbench import ScratchName
from tests.proofs.folder_tree import Tree, tree
from tests.retailer import Retailer, sale


def finding_of(diagnosis: Diagnosis, check: str) -> Finding:
    [finding] = [finding for finding in diagnosis.findings if finding.check == check]
    return finding


def not_ok(diagnosis: Diagnosis) -> dict[str, CheckState]:
    return {
        finding.check: finding.state
        for finding in diagnosis.findings
        if finding.state is not CheckState.OK
    }


def on(retailer: Retailer, engine: str) -> Diagnosis:
    return diagnose(retailer.declaration.model_copy(update={"engine": engine}))


def test_all_is_well_on_the_embedded_engine_and_nothing_is_changed(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/b.csv", sale("2"))
    before = tree(retailer.folder)
    diagnosis = diagnose(retailer.declaration)
    assert {
        finding.check: finding.detail
        for finding in diagnosis.findings
        if finding.state is not CheckState.OK
    } == {}
    assert diagnosis.exit_code == 0
    assert tree(retailer.folder) == before
    assert finding_of(diagnosis, "landing folder").detail.endswith(
        "landing: 1 file, all to be read"
    )
    assert finding_of(diagnosis, "reader").detail.startswith("3 records in the shape of lyon")


def test_a_lakehouse_that_was_never_made_is_not_made(retailer: Retailer) -> None:
    assert diagnose(retailer.declaration).exit_code == 0
    assert tree(retailer.folder) == {"landing": None}


def test_a_landing_folder_that_is_not_there_is_not_made(retailer: Retailer) -> None:
    retailer.landing.rmdir()
    diagnosis = diagnose(retailer.declaration)
    finding = finding_of(diagnosis, "landing folder")
    assert finding.detail == f"{retailer.landing}: no such folder"
    assert finding.remedy == "make the folder, or declare another: landing"
    untried = dict.fromkeys(("landing file", "reader", "archive"), CheckState.NOT_TRIED)
    assert not_ok(diagnosis) == {"landing folder": CheckState.WRONG} | untried
    assert finding_of(diagnosis, "landing file").detail == "no landing folder"
    assert diagnosis.exit_code == 1
    assert tree(retailer.folder) == {}


def test_a_file_in_the_place_of_a_folder_is_named(retailer: Retailer) -> None:
    retailer.landing.rmdir()
    retailer.landing.write_text("no folder")
    retailer.lakehouse.write_text("no folder")
    before = tree(retailer.folder)
    diagnosis = diagnose(retailer.declaration)
    assert "a file, and has to be a folder" in finding_of(diagnosis, "landing folder").detail
    finding = finding_of(diagnosis, "lakehouse folder")
    assert (finding.state, finding.detail.rpartition(": ")[2]) == (
        CheckState.WRONG,
        "Not a directory",
    )
    for check in ("lock", "tables", "write", "MERGE", "time travel"):
        assert finding_of(diagnosis, check).state is CheckState.NOT_TRIED
    assert tree(retailer.folder) == before


def test_a_landing_folder_that_is_never_changed_gets_no_file(retailer: Retailer) -> None:
    retailer.declared["archive"] = "leave"
    seen: dict[str, Tree] = {}

    def look(check: str) -> None:
        seen[check] = tree(retailer.landing)

    diagnosis = diagnose(retailer.declaration, on_check=look)
    assert diagnosis.exit_code == 0
    assert {"landing file", "archive", "folders removed"} <= seen.keys()
    assert not any(seen.values())
    assert "archive: leave" in finding_of(diagnosis, "landing file").detail
    assert "archive: leave" in finding_of(diagnosis, "archive").detail


def test_a_lakehouse_on_another_file_system_is_reached_by_a_copy(retailer: Retailer) -> None:
    other_disk = Path("/dev/shm")
    if not other_disk.is_dir() or other_disk.stat().st_dev == retailer.folder.stat().st_dev:
        pytest.skip("there is no second file system here")
    lakehouse = other_disk / f"doctor_{os.getpid()}"
    declaration = retailer.declaration.model_copy(update={"lakehouse": str(lakehouse)})
    diagnosis = diagnose(declaration)
    assert not_ok(diagnosis) == {}
    assert finding_of(diagnosis, "archive").detail.startswith("by a copy: ")
    assert not lakehouse.exists()


def test_what_a_killed_doctor_left_is_removed_and_what_one_at_work_has_is_not(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.run()
    killed = replace(ScratchName.of_this_process(), process=2**22 + 1)
    old, at_work = ScratchName("000000", 1, 0), replace(killed, process=os.getppid())
    before = tree(retailer.folder)
    for name in (killed, old, at_work):
        (retailer.landing / f".{name}").mkdir()
        (retailer.lakehouse / f".{name}" / "archive").mkdir(parents=True)
        (retailer.lakehouse / "bronze" / str(name) / "_delta_log").mkdir(parents=True)
    (retailer.lakehouse / "bronze" / "doctor_mine").mkdir()
    diagnosis = diagnose(retailer.declaration)
    assert diagnosis.exit_code == 0
    assert finding_of(diagnosis, "tables removed").detail == (
        "the scratch ones, and those that a killed doctor left: "
        + ", ".join(sorted(f"bronze.{name}" for name in (killed, old)))
    )
    left = {path for path in tree(retailer.folder) if path not in before}
    assert left == {
        f"landing/.{at_work}",
        f"lakehouse/.{at_work}",
        f"lakehouse/.{at_work}/archive",
        f"lakehouse/bronze/{at_work}",
        f"lakehouse/bronze/{at_work}/_delta_log",
        "lakehouse/bronze/doctor_mine",
    }


def test_where_nobody_listens_all_that_needs_a_session_is_not_tried(retailer: Retailer) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"sc://127.0.0.1:{taken.getsockname()[1]}"
        diagnosis = on(retailer, f"{address}/;token=opensesame")
    finding = finding_of(diagnosis, "session")
    assert finding.detail == f"engine: no Spark Connect server at {address}: Connection refused"
    assert finding.remedy == "start it, or name another"
    assert finding_of(diagnosis, "MERGE").detail == "no write"
    assert finding_of(diagnosis, "archive").state is CheckState.OK
    assert "opensesame" not in repr(diagnosis)
    assert tree(retailer.folder) == {"landing": None}


def test_spark_without_java_says_which_to_install(
    retailer: Retailer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    diagnosis = on(retailer, "spark")
    assert finding_of(diagnosis, "Java").state is CheckState.WRONG
    assert "install a JRE 17" in finding_of(diagnosis, "Java").remedy
    assert finding_of(diagnosis, "session").detail == "no Java"
