"""A tag is released only if it, the version and the change log say the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / ".ci" / "release_notes.py"
CHANGELOG = """\
# Changelog

## Unreleased

## 0.2.0 (2026-01-31)

Twice as fast.

### Added

- A thing.

## 0.1.0

The first.
"""


def said(folder: Path, tag: str, *, version: str = "0.2.0", changelog: str = CHANGELOG) -> str:
    """What the program prints in a repository: the notes, or why not with its exit code."""
    for name in (".ci", "sales_pipeline"):
        (folder / name).mkdir()
    program = folder / ".ci" / PROGRAM.name
    program.write_bytes(PROGRAM.read_bytes())
    (folder / "sales_pipeline" / "version.py").write_text(f'__version__ = "{version}"\n')
    (folder / "CHANGELOG.md").write_text(changelog)
    done = subprocess.run(
        [sys.executable, program, tag], capture_output=True, encoding="utf-8", cwd=folder
    )
    if done.returncode:
        assert done.stdout == ""
        return f"{done.returncode} {done.stderr}"
    return done.stdout


def test_the_notes_are_the_section_of_the_version(tmp_path: Path) -> None:
    assert said(tmp_path, "v0.2.0") == "Twice as fast.\n\n### Added\n\n- A thing.\n"


@pytest.mark.parametrize("tag", ["v0.1.0", "0.2.0", "v0.2.0rc1", "v0.2", "main"])
def test_a_tag_that_is_not_the_version_is_refused(tmp_path: Path, tag: str) -> None:
    assert said(tmp_path, tag).startswith("1 sales_pipeline/version.py: another version")


def test_changes_that_were_not_moved_under_the_version_are_refused(tmp_path: Path) -> None:
    forgotten = CHANGELOG.replace("Unreleased\n", "Unreleased\n\n- More.\n")
    assert said(tmp_path, "v0.2.0", changelog=forgotten).startswith("1 CHANGELOG.md: changes under")


@pytest.mark.parametrize("section", ["", "## 0.3.0\n\n"])
def test_a_version_that_the_change_log_says_nothing_of_is_refused(
    tmp_path: Path, section: str
) -> None:
    changelog = CHANGELOG.replace("## 0.2.0", f"{section}## 0.2.0")
    told = said(tmp_path, "v0.3.0", version="0.3.0", changelog=changelog)
    assert told.startswith("1 CHANGELOG.md: nothing about 0.3.0")
