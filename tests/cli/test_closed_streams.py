"""A command whose caller closed its standard streams does what it does otherwise."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Said
from tests.retailer import Retailer, sale

DESCRIPTORS = """\
import os
from sales_pipeline.cli.app import main
try:
    main(["--version"])
finally:
    with open("table", "w") as table:
        os.write(1, b"to nobody")
        os.write(2, b"to nobody")
        assert table.fileno() > 2
        assert os.get_inheritable(1) and os.get_inheritable(2)
"""


@pytest.fixture
def declared(retailer: Retailer) -> Retailer:
    """A retailer with a declaration in its folder, and a file to take in."""
    declared = {**retailer.declared, "landing": "landing", "lakehouse": "lakehouse"}
    (retailer.folder / "config.yaml").write_text(json.dumps(declared))
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    return retailer


def _python(folder: Path, closed: str, *arguments: str) -> Said:
    """Runs Python in a folder, by a shell that closes some of its streams."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def _command(folder: Path, closed: str, *arguments: str) -> Said:
    return _python(folder, closed, "-m", "sales_pipeline", *arguments)


ALL = pytest.param("<&- >&- 2>&-", marks=pytest.mark.long)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ALL])
def test_p1_a_run_with_closed_streams_takes_everything_in_and_succeeds(
    closed: str, declared: Retailer
) -> None:
    said = _command(declared.folder, closed, "run")
    assert said.code == 0, said.err
    assert declared.states()["lyon/a.csv"] == ["archived"]
    assert "Traceback" not in said.err
    assert "unforeseen" not in said.err


@pytest.mark.long
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("arguments", ["plan", "check --json", "config schema", "--help"])
def test_a_command_with_closed_streams_has_its_usual_exit_code(
    arguments: str, closed: str, declared: Retailer
) -> None:
    usual = _command(declared.folder, "", *arguments.split())
    said = _command(declared.folder, closed, *arguments.split())
    assert said.code == usual.code
    assert said.out in ("", usual.out)
    assert said.err in ("", usual.err)


@pytest.mark.long
def test_a_question_to_a_closed_stdin_is_no_consent(declared: Retailer) -> None:
    declared.run()
    said = _command(declared.folder, "<&-", "withdraw", "lyon/a.csv")
    assert (said.code, "Aborted" in said.err) == (1, True)
    assert declared.states()["lyon/a.csv"] == ["archived"]


def test_a_file_never_gets_the_descriptor_of_a_closed_stream(tmp_path: Path) -> None:
    said = _python(tmp_path, "<&- >&- 2>&-", "-c", DESCRIPTORS)
    assert said.code == 0
    assert (tmp_path / "table").read_text() == ""
