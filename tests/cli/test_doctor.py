"""`sales-pipeline doctor`: what it prints, its exit codes, what one leaves that is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Call, loaded_by, python_in
from tests.proofs.folder_tree import tree
from tests.retailer import Retailer

_BLOCKED = """\
import sys
sys.modules["pysail"] = sys.modules["pysail.spark"] = None
from sales_pipeline.cli.app import main
main(["doctor", "--json"])
"""


def _declared(folder: Path) -> Retailer:
    retailer = Retailer(folder)
    declared = {**retailer.declared, "landing": "landing", "lakehouse": "lakehouse"}
    (folder / "config.yaml").write_text(json.dumps(declared))
    return retailer


def test_each_check_is_a_line_and_what_is_wrong_says_what_to_do(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARK_REMOTE", "sc://127.0.0.1:1/;token=opensesame;use_ssl=true")
    _declared(tmp_path).landing.rmdir()
    said = call("doctor")
    assert said.code == 1
    lines = {line.partition("  ")[0]: line for line in said.out.splitlines()}
    assert "wrong" in lines["session"]
    assert "no Spark Connect server at sc://127.0.0.1:1: " in lines["session"]
    assert lines["session"].rstrip().endswith(". Do: start it, or name another")
    assert "not tried" in lines["time zone"]
    assert "landing: no such folder. Do: make the folder" in lines["landing folder"]
    assert said.out.splitlines()[-1].startswith("22 checks of the engine sc://127.0.0.1:1: ")
    assert said.err.startswith("Python\npackages\n")
    assert "opensesame" not in said.out + said.err


def test_a_declaration_that_cannot_be_used_is_wrong_usage(call: Call, tmp_path: Path) -> None:
    assert call("doctor", "--config", str(tmp_path / "none.yaml")).code == 2
    assert call("doctor", "--engine", "sparky").code == 2


def test_without_its_extra_the_embedded_engine_names_it(tmp_path: Path) -> None:
    _declared(tmp_path)
    said = python_in(tmp_path, "-W", "ignore", "-c", _BLOCKED)
    assert said.code == 1, said.err
    document = json.loads(said.out)
    checks = {each["check"]: each for each in document["checks"]}
    assert (document["engine"], document["ok"]) == ("embedded", False)
    assert checks["session"]["state"] == "wrong"
    assert checks["session"]["do"] == "pip install 'sales-pipeline[embedded]'"
    assert checks["MERGE"] | {"seconds": 0} == {
        "check": "MERGE",
        "state": "not tried",
        "said": "no write",
        "do": None,
        "seconds": 0,
    }


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    assert loaded_by(tmp_path, ["doctor", "--help"]) == "{}"


def _until(check: str, folder: Path) -> subprocess.Popen[str]:
    """A doctor in a process of its own, once a check has begun."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sales_pipeline", "doctor"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr
    assert any(line == f"{check}\n" for line in process.stderr)
    return process


def test_a_doctor_that_is_stopped_removes_what_it_made(tmp_path: Path) -> None:
    _declared(tmp_path)
    before = tree(tmp_path)
    process = _until("write", tmp_path)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert "Do: the same again" in err
    assert tree(tmp_path) == before


@pytest.mark.long
def test_what_a_killed_doctor_left_the_next_one_removes(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _declared(tmp_path).lakehouse.mkdir()
    before = tree(tmp_path)
    process = _until("write", tmp_path)
    process.kill()
    process.communicate()
    assert any("_doctor_" in path for path in tree(tmp_path))
    said = call("doctor")
    assert said.code == 0
    assert "those that a killed doctor left: bronze._doctor_" in said.out
    assert tree(tmp_path) == before
