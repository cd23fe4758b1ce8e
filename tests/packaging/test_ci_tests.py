"""`.ci/tests` runs all tests and reports their coverage; a run without the long tests says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import left_out

ROOT = Path(__file__).resolve().parents[2]
# Stands in for Python: notes what it is called for, and ends as pytest would.
PYTHON = """#!/bin/sh
echo "$2" >>../called
[ "$2" = coverage ] && echo "$*" >>../reported && exit 0
echo "some dots"
echo "1 passed in 0.10s"
[ ! -e fails ]
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the script, a file, and a Python that only notes its calls."""
    folder = tmp_path / "checkout"
    (folder / ".ci").mkdir(parents=True)
    (folder / ".venv/bin").mkdir(parents=True)
    for script in ("tests", "fingerprint"):
        shutil.copy(ROOT / ".ci" / script, folder / ".ci")
    (folder / ".gitignore").write_text("/.venv/\n/.venv-spark/\n", encoding="utf-8")
    (folder / "code.py").write_text("1\n", encoding="utf-8")
    python = folder / ".venv/bin/python"
    python.write_text(PYTHON, encoding="utf-8")
    python.chmod(0o700)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def _ran(folder: Path) -> tuple[list[str], str, int]:
    """What Python was called for, the last line, and the exit code."""
    called = folder.parent / "called"
    called.write_text("", encoding="utf-8")
    done = subprocess.run(
        [folder / ".ci/tests"], cwd=folder, capture_output=True, text=True, check=False
    )
    return called.read_text(encoding="utf-8").split(), done.stdout.splitlines()[-1], done.returncode


def test_all_tests_run_and_the_last_line_is_that_of_pytest(checkout: Path) -> None:
    assert _ran(checkout) == (["pytest", "coverage"], "1 passed in 0.10s", 0)


def test_what_ran_on_spark_is_counted_if_it_ran_on_these_very_files(checkout: Path) -> None:
    spark = checkout / ".venv-spark"
    spark.mkdir()
    passed = subprocess.run([checkout / ".ci/fingerprint"], capture_output=True, check=True).stdout
    (spark / ".passed").write_bytes(passed)
    assert _ran(checkout)[0] == ["pytest", "coverage", "coverage"]
    combined, reported = (checkout.parent / "reported").read_text(encoding="utf-8").splitlines()
    assert combined.endswith(" .coverage .venv-spark/.coverage")
    assert "--omit" not in reported
    (checkout / "code.py").write_text("2\n", encoding="utf-8")
    assert _ran(checkout)[0] == ["pytest", "coverage"]
    said = (checkout.parent / "reported").read_text(encoding="utf-8").splitlines()[-1]
    left_out = said.partition("--omit=")[2].split(",")
    assert all(list(ROOT.glob(each)) for each in left_out)
    assert len(left_out) == 5


def test_outside_a_checkout_nothing_of_spark_is_counted(checkout: Path) -> None:
    shutil.rmtree(checkout / ".git")
    spark = checkout / ".venv-spark"
    spark.mkdir()
    (spark / ".passed").write_bytes(b"")
    assert _ran(checkout)[0] == ["pytest", "coverage"]


def test_tests_that_failed_fail_the_check(checkout: Path) -> None:
    (checkout / "fails").touch()
    called, _, code = _ran(checkout)
    assert (called, code) == (["pytest"], 1)


def test_the_tests_say_what_they_leave_out(pytestconfig: pytest.Config) -> None:
    plugins = pytestconfig.pluginmanager.get_plugins()
    said_by = {getattr(plugin, "pytest_terminal_summary", None) for plugin in plugins}
    assert left_out.pytest_terminal_summary in said_by


@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_run_without_the_long_tests_says_so_in_one_line(tmp_path: Path, processes: str) -> None:
    shutil.copy(left_out.__file__, tmp_path / "conftest.py")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    long: many kills\n")
    (tmp_path / "test_some.py").write_text(
        "import pytest\n\n"
        "def test_short(): pass\n\n"
        "@pytest.mark.long\n@pytest.mark.parametrize('number', [1, 2, 3])\n"
        "def test_long(number): pass\n"
    )

    def lines(*options: str) -> list[str]:
        # Other plugins take longer to be loaded than all of this to run.
        pytest_alone = [sys.executable, "-m", "pytest", "-p", "xdist", "-q", "-n", processes]
        done = subprocess.run(
            [*pytest_alone, *options, tmp_path],
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return [line for line in done.stdout.splitlines() if line.startswith("LEFT OUT")]

    assert lines("-m", "not long") == ["LEFT OUT: 3 tests marked long: many kills"]
    assert lines() == []
