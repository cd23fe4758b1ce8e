"""`.ci/tests` runs the tests again where anything changed or failed, and only then."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

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


def _ran(folder: Path, *options: str) -> tuple[list[str], str, int]:
    """What Python was called for, the last line, and the exit code."""
    called = folder.parent / "called"
    called.write_text("", encoding="utf-8")
    done = subprocess.run(
        [folder / ".ci/tests", *options], cwd=folder, capture_output=True, text=True, check=False
    )
    return called.read_text(encoding="utf-8").split(), done.stdout.splitlines()[-1], done.returncode


def test_the_tests_run_again_only_where_a_file_changed(checkout: Path) -> None:
    closing = "1 passed in 0.10s"
    assert _ran(checkout) == (["pytest"], closing, 0)
    assert _ran(checkout, "--once") == (["coverage"], closing, 0)
    assert _ran(checkout) == (["pytest"], closing, 0)
    (checkout / "new.py").write_text("2\n", encoding="utf-8")
    assert _ran(checkout, "--once") == (["pytest", "coverage"], closing, 0)
    (checkout / "code.py").unlink()
    assert _ran(checkout, "--once") == (["pytest", "coverage"], closing, 0)


def test_what_ran_on_spark_is_counted_if_it_ran_on_these_very_files(checkout: Path) -> None:
    spark = checkout / ".venv-spark"
    spark.mkdir()
    passed = subprocess.run([checkout / ".ci/fingerprint"], capture_output=True, check=True).stdout
    (spark / ".passed").write_bytes(passed)
    assert _ran(checkout, "--once")[0] == ["pytest", "coverage", "coverage"]
    combined, reported = (checkout.parent / "reported").read_text(encoding="utf-8").splitlines()
    assert combined.endswith(" .coverage .venv-spark/.coverage")
    assert "--omit" not in reported
    (checkout / "code.py").write_text("2\n", encoding="utf-8")
    assert _ran(checkout, "--once")[0] == ["pytest", "coverage"]
    said = (checkout.parent / "reported").read_text(encoding="utf-8").splitlines()[-1]
    left_out = said.partition("--omit=")[2].split(",")
    assert all(list(ROOT.glob(each)) for each in left_out)
    assert len(left_out) == 6


def test_tests_that_failed_run_again(checkout: Path) -> None:
    assert _ran(checkout)[2] == 0
    (checkout / "fails").touch()
    for _ in range(2):
        called, _, code = _ran(checkout, "--once")
        assert (called, code) == (["pytest"], 1)


def test_outside_a_checkout_the_tests_always_run(checkout: Path) -> None:
    shutil.rmtree(checkout / ".git")
    for _ in range(2):
        assert _ran(checkout, "--once")[0] == ["pytest", "coverage"]
