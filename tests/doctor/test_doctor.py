"""The checks of a doctor: each failure that can be made here says what is wrong and what to do."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from sales_pipeline.doctor import machine, probe, session, tables
from sales_pipeline.doctor.bench import Bench
from sales_pipeline.doctor.doctor import Diagnosis, examine
from sales_pipeline.doctor.findings import Check, Finding, State, Wrong, finding_of
from sales_pipeline.doctor.reasons import condensed, reason_of
from sales_pipeline.doctor.requirements import CORE
from sales_pipeline.doctor.scratch import ScratchName
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.engines.jvm_spark import LocalSparkSession, SparkFolderEngine
from tests.retailer import Retailer, sale

_NAMES = ("product", "sale_id", "sold_on", "unit_price", "amount", "quantity")
Tree = dict[str, bytes | None]


def tree(folder: Path) -> Tree:
    """Every file of a folder with its bytes, and every folder in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def found(diagnosis: Diagnosis, check: str) -> Finding:
    [finding] = [each for each in diagnosis.findings if each.check == check]
    return finding


def not_ok(diagnosis: Diagnosis) -> dict[str, State]:
    return {each.check: each.state for each in diagnosis.findings if each.state is not State.OK}


def on(retailer: Retailer, engine: str) -> Diagnosis:
    return examine(retailer.declaration.model_copy(update={"engine": engine}))


@pytest.fixture
def bench(retailer: Retailer, engine: EmbeddedEngine) -> Bench:
    """A bench on the engine of the session of tests, for single checks."""
    return Bench(retailer.declaration, engine)


def test_all_is_well_on_the_embedded_engine_and_nothing_is_changed(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/b.csv", sale("2"))
    before = tree(retailer.folder)
    diagnosis = examine(retailer.declaration)
    assert {
        each.check: each.said for each in diagnosis.findings if each.state is not State.OK
    } == {}
    assert diagnosis.exit_code == 0
    assert tree(retailer.folder) == before
    assert found(diagnosis, "landing folder").said.endswith("landing: 1 file, all to be read")
    assert found(diagnosis, "reader").said.startswith("3 records in the shape of lyon")


def test_a_lakehouse_that_was_never_made_is_not_made(retailer: Retailer) -> None:
    assert examine(retailer.declaration).exit_code == 0
    assert tree(retailer.folder) == {"landing": None}


def test_a_landing_folder_that_is_not_there_is_not_made(retailer: Retailer) -> None:
    retailer.landing.rmdir()
    diagnosis = examine(retailer.declaration)
    finding = found(diagnosis, "landing folder")
    assert finding.said == f"{retailer.landing}: no such folder"
    assert finding.do == "make the folder, or declare another: landing"
    untried = dict.fromkeys(("landing file", "reader", "archive"), State.NOT_TRIED)
    assert not_ok(diagnosis) == {"landing folder": State.WRONG} | untried
    assert found(diagnosis, "landing file").said == "no landing folder"
    assert diagnosis.exit_code == 1
    assert tree(retailer.folder) == {}


def test_a_file_in_the_place_of_a_folder_is_named(retailer: Retailer) -> None:
    retailer.landing.rmdir()
    retailer.landing.write_text("no folder")
    retailer.lakehouse.write_text("no folder")
    before = tree(retailer.folder)
    diagnosis = examine(retailer.declaration)
    assert "a file, and has to be a folder" in found(diagnosis, "landing folder").said
    finding = found(diagnosis, "lakehouse folder")
    assert (finding.state, finding.said.rpartition(": ")[2]) == (State.WRONG, "Not a directory")
    for check in ("lock", "tables", "write", "MERGE", "time travel"):
        assert found(diagnosis, check).state is State.NOT_TRIED
    assert tree(retailer.folder) == before


def test_a_landing_folder_that_is_never_changed_gets_no_file(retailer: Retailer) -> None:
    retailer.declared["archive"] = "leave"
    seen: dict[str, Tree] = {}

    def look(check: str) -> None:
        seen[check] = tree(retailer.landing)

    diagnosis = examine(retailer.declaration, on_check=look)
    assert diagnosis.exit_code == 0
    assert not any(seen.values())
    assert "archive: leave" in found(diagnosis, "landing file").said
    assert "archive: leave" in found(diagnosis, "archive").said


def test_a_lakehouse_on_another_file_system_is_reached_by_a_copy(retailer: Retailer) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == retailer.folder.stat().st_dev:
        pytest.skip("there is no second file system here")
    lakehouse = other / f"doctor_{os.getpid()}"
    declaration = retailer.declaration.model_copy(update={"lakehouse": str(lakehouse)})
    diagnosis = examine(declaration)
    assert not_ok(diagnosis) == {}
    assert found(diagnosis, "archive").said.startswith("by a copy: ")
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
    diagnosis = examine(retailer.declaration)
    assert diagnosis.exit_code == 0
    assert found(diagnosis, "tables removed").said == (
        "what was made here, and what a doctor left that was killed: "
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
    finding = found(diagnosis, "session")
    assert finding.said == f"engine: no Spark Connect server at {address}: Connection refused"
    assert finding.do == "start it, or name another"
    assert found(diagnosis, "MERGE").said == "no write"
    assert found(diagnosis, "archive").state is State.OK
    assert "opensesame" not in repr(diagnosis)
    assert tree(retailer.folder) == {"landing": None}


def test_spark_without_java_says_which_to_install(
    retailer: Retailer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    diagnosis = on(retailer, "spark")
    assert found(diagnosis, "Java").state is State.WRONG
    assert "install a JRE 17" in found(diagnosis, "Java").do
    assert found(diagnosis, "session").said == "no Java"


def _java(folder: Path, said: str) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nprintf '{said}' >&2\n")
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("said", "state", "word"),
    [
        ('openjdk version "17.0.15" 2025', State.OK, "Java 17.0.15 at "),
        ('java version "1.8.0_402"', State.WRONG, "Java 17 is needed, got 1.8.0_402 at "),
        ("what?", State.WRONG, "does not say its version"),
    ],
)
def test_java_is_asked_for_its_version(
    said: str,
    state: State,
    word: str,
    retailer: Retailer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(_java(tmp_path, said)))
    with closing(SparkFolderEngine(retailer.lakehouse, LocalSparkSession())) as engine:
        bench = Bench(retailer.declaration, engine)
        finding = finding_of(Check("Java", machine.java, "do"), bench, [], hide=str)
    assert finding.state is state
    assert word in finding.said


Installed = Callable[..., None]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """Lets these packages of engines be installed, as their metadata say, and no other."""

    def install(**versions: str) -> None:
        there = {name: version(name) for name in CORE}
        for name, number in (there | versions).items():
            folder = tmp_path / f"{name}-{number}.dist-info"
            folder.mkdir()
            named = name.replace("_", "-")
            (folder / "METADATA").write_text(f"Name: {named}\nVersion: {number}\n")
        others = [each for each in sys.path if "site-packages" not in each]
        monkeypatch.setattr(sys, "path", [str(tmp_path), *others])

    return install


def test_a_package_that_is_missing_is_named_with_the_extra(
    bench: Bench, installed: Installed
) -> None:
    installed(pandas="2.3.0", deltalake="1.6.6")
    with pytest.raises(Wrong, match=r"needed by the engine: pysail, pyspark-client$") as missing:
        machine.packages(bench)
    assert missing.value.do == "pip install 'sales-pipeline[embedded]'"


def test_a_version_that_does_not_fit_is_named_with_one_that_does(
    bench: Bench, installed: Installed
) -> None:
    installed(pandas="3.0.1", deltalake="1.6.6", pysail="0.7.2", pyspark_client="4.2.0")
    with pytest.raises(Wrong, match=r"not work with: pandas 3\.0\.1 \(>=2\.2,<3\)$") as misfit:
        machine.packages(bench)
    assert misfit.value.do == "pip install 'pandas>=2.2,<3'"


def test_the_whole_of_pyspark_is_a_client_too(bench: Bench, installed: Installed) -> None:
    installed(pandas="2.3.0", deltalake="1.6.6", pysail="0.7.2", pyspark="4.2.0")
    assert machine.packages(bench).endswith("pysail 0.7.2, pyspark 4.2.0")
    assert machine.one_pyspark(bench) == "pyspark 4.2.0"


def test_pyspark_over_its_client_is_a_trap(bench: Bench, installed: Installed) -> None:
    installed(pyspark="4.2.0", pyspark_client="4.2.0")
    with pytest.raises(Wrong, match=r"pyspark 4\.2\.0 and pyspark-client 4\.2\.0 have their files"):
        machine.one_pyspark(bench)


@pytest.mark.parametrize(
    ("csv", "columns"),
    [
        ({}, {}),
        ({"delimiter": ";", "quote": "'", "encoding": "utf-16"}, {}),
        (
            {"skip_lines": 2, "footer_lines": 1, "encoding": "cp932"},
            {"product": 'the "item", sold'},
        ),
        ({"header": False}, {name: at for at, name in enumerate(_NAMES, start=2)}),
    ],
)
def test_the_file_of_a_doctor_has_the_shape_of_the_first_feed(
    csv: dict[str, Any], columns: dict[str, Any], bench: Bench, retailer: Retailer
) -> None:
    feed = retailer.declared["feeds"]["lyon"]
    feed["csv"] = csv
    feed["columns"] |= columns
    shaped = replace(bench, declaration=retailer.declaration, probe=retailer.folder / "probe.csv")
    assert shaped.probe
    shaped.probe.write_bytes(probe.probe_bytes(shaped.declaration))
    assert probe.reader(shaped).startswith("3 records in the shape of lyon")


def test_a_file_that_the_tasks_see_otherwise_is_told_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.probe = bench.landing / "probe.csv"
    bench.probe.write_bytes(probe.probe_bytes(bench.declaration))
    monkeypatch.setattr(probe, "sha256_of", lambda _: "0" * 64)
    with pytest.raises(Wrong, match="where the tasks run it is not there, or another") as wrong:
        probe.reader(bench)
    assert wrong.value.do == "let them see the landing folder under the same path"


def test_a_reader_that_the_engine_has_not_is_told(bench: Bench, retailer: Retailer) -> None:
    retailer.declared["reader"] = "builtin"
    declared = replace(bench, declaration=retailer.declaration, probe=bench.landing / "probe.csv")
    finding = finding_of(Check("reader", probe.reader, "do"), declared, [], hide=str)
    assert finding.said.startswith("reader: builtin is Spark's own CSV reader")
    assert finding.do.startswith("declare reader: python")


@pytest.fixture
def spark(bench: Bench) -> Callable[[str, str], None]:
    """Changes a setting of a session of this test's own."""
    engine = EmbeddedEngine(bench.lakehouse)
    bench.engine = engine
    return lambda key, value: engine.spark().conf.set(key, value)


def test_another_time_zone_is_told(bench: Bench, spark: Callable[[str, str], None]) -> None:
    spark("spark.sql.session.timeZone", "Asia/Tokyo")
    with pytest.raises(Wrong, match="has to be UTC, got Asia/Tokyo, in which 0 is "):
        session.time_zone(bench)
    bench.engine.close()


def test_a_session_that_casts_what_cannot_be_cast_is_told(
    bench: Bench, spark: Callable[[str, str], None]
) -> None:
    spark("spark.sql.ansi.enabled", "false")
    with pytest.raises(Wrong, match=r"CAST\('x' AS INT\) has to fail, got None"):
        session.ansi_mode(bench)
    bench.engine.close()


def test_rows_that_are_not_as_they_have_to_be_are_shown(bench: Bench) -> None:
    bench.engine = EmbeddedEngine(bench.lakehouse)
    tables.create(bench)
    tables.write(bench)
    bench.rows = {1: "written", 2: "written", 3: "written", 9: "written"}
    with pytest.raises(
        Wrong, match=r"the table has to hold .* got \{1: 'written', 2: 'replaced'\}"
    ):
        tables.replace_where(bench)
    # What is there now is known again, so that the next check is judged by itself.
    assert tables.delete(bench) == "one row deleted"
    bench.remove_tables()
    bench.engine.close()


def test_secrets_are_in_nothing_that_is_found(bench: Bench) -> None:
    def fails(_: Bench) -> str:
        raise RuntimeError("refused: opensesame\n\tat org.example.Login(Login.java:1)")

    check = Check("session", fails, "ask for another than opensesame")
    finding = finding_of(check, bench, [], hide=lambda text: text.replace("opensesame", "***"))
    assert (finding.said, finding.do) == ("refused: ***", "ask for another than ***")


def test_the_stack_of_a_worker_is_cut_to_what_it_says() -> None:
    said = """
  An exception was thrown from the Python worker. Please see the stack trace below.
[PYTHON_EXCEPTION] An exception was thrown: Traceback (most recent call last):
  File "/x/data_source.py", line 80, in read
    yield from read_batches(file.path)
sales_pipeline.errors.FileRejected: /landing/a.csv: no
 SQLSTATE: 38000

JVM stacktrace:
org.apache.spark.api.python.PythonException
\tat org.apache.spark.Here(Here.scala:1)"""
    assert condensed(said) == "/landing/a.csv: no"
    assert len(reason_of(ValueError("long " * 1000))) < 400
