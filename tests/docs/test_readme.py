"""What the README and docs/corrections.md say is what happens."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sales_pipeline.cli.app import main

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
CORRECTIONS = (REPOSITORY / "docs" / "corrections.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", flags=re.DOTALL | re.MULTILINE)
SECTIONS = dict(SECTION.findall(README) + SECTION.findall(CORRECTIONS))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)

SAMPLE = (
    "Try it",
    "Ask it",
    "A corrected file",
    "A correction that is held",
    "A file that is withdrawn",
    "A product that nobody knew",
    "A month that is closed",
)
"""The sections that go on in one folder, as a reader does."""


@dataclass(frozen=True)
class Step:
    """A command that a section shows, and the lines that it shows of the output, in order."""

    command: str
    shown: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        return any(" outcome=failed " in line for line in self.shown)


def _blocks(section: str, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(SECTIONS[section]) if kind == language]


def _steps(section: str) -> Iterator[Step]:
    """The steps of a section; a command goes on in the lines that begin with `> `."""
    for block in _blocks(section, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command = re.match(r".*(?:\n> .*)*", part)
            assert command
            lines = part[command.end() :].strip().splitlines()
            shown = tuple(line for line in lines if line != "...")
            yield Step(command[0].replace("\n> ", "\n"), shown)


def _play(section: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for step in _steps(section):
        printed = iter([line.rstrip() for line in _output(step, folder, capfd).splitlines()])
        for line in step.shown:
            pattern = re.escape(line.rstrip()).replace("…", r"\S+")
            assert any(re.fullmatch(pattern, each) for each in printed), (step.command, line)


def _output(step: Step, folder: Path, capfd: pytest.CaptureFixture[str]) -> str:
    """What a command prints; our own commands run in this process, which spares their start."""
    if step.command.startswith("sales-pipeline "):
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main(shlex.split(step.command)[1:])
        assert (end.value.code or 0) == step.exit_code, step.command
        return capfd.readouterr().out
    command = step.command.replace("python main.py", f"{sys.executable} {REPOSITORY / 'main.py'}")
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.delenv("SALES_PIPELINE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.long
def test_the_readme_shows_what_the_commands_print(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for section in SAMPLE:
        _play(section, folder, capfd)


def test_the_readme_adds_a_store_in_four_lines(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole, further = _blocks("Add a store", "yaml")
    assert len(further.splitlines()) == 4
    (folder / "config.yaml").write_text(whole + further, encoding="utf-8")
    _play("Add a store", folder, capfd)
    [asked] = _blocks("Ask it", "python")
    found: dict[str, object] = {}
    exec(asked, found)
    assert "revenue: [[1502.28]]" in str(found["months"])


def test_every_dialogue_is_played() -> None:
    with_dialogue = [name for name in SECTIONS if _blocks(name, "console")]
    assert sorted(with_dialogue) == sorted([*SAMPLE, "Add a store"])


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"^make (\S+)", README, flags=re.MULTILINE)))
)
def test_the_make_targets_of_the_readme_are_there(target: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, flags=re.M)


def test_every_page_that_the_readme_links_to_is_there() -> None:
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (REPOSITORY / link).exists(), link


def test_the_readme_is_short_and_opens_with_what_a_newcomer_needs() -> None:
    assert len(README.splitlines()) <= 300
    opening = README.partition("\n## ")[0]
    marks = ["docs/report.png", "gold.revenue_per_month`", "make demo", "python main.py"]
    places = [opening.index(mark) for mark in marks]
    assert places == sorted(places)
