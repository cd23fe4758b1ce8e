"""What the README says is what happens."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from sales_pipeline.config import declaration_from

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def _dialogues() -> list[tuple[str, list[str]]]:
    """Command -> the lines that the README shows of its output, in order."""
    parts = [part for block in _blocks("console") for part in re.split(r"^\$ ", block, flags=re.M)]
    commands = [part.splitlines() for part in parts if part.strip()]
    return [(lines[0], [line for line in lines[1:] if line != "..."]) for lines in commands]


def _run(command: str, folder: Path) -> str:
    words = shlex.split(command)
    programs = {
        "python": [sys.executable],
        "sales-pipeline": [sys.executable, "-m", "sales_pipeline"],
    }
    arguments = [str(REPOSITORY / word) if word == "main.py" else word for word in words[1:]]
    done = subprocess.run(
        [*programs[words[0]], *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


def test_the_readme_shows_what_the_commands_print(tmp_path: Path) -> None:
    dialogues = _dialogues()
    assert dialogues[0][0] == "python main.py"
    for command, lines in dialogues:
        printed = iter([line.rstrip() for line in _run(command, tmp_path).splitlines()])
        for line in lines:
            pattern = re.escape(line.rstrip()).replace("…", r"\S+")
            assert any(re.fullmatch(pattern, each) for each in printed), (command, line)


def test_the_readme_declares_a_store_that_is_valid() -> None:
    [declared] = _blocks("yaml")
    text = re.sub(r": (\d+\.\d+)", r": '\1'", declared)
    assert declaration_from(yaml.safe_load(text)).feeds["london"].max_quarantined * 10 == 1


@pytest.mark.parametrize("target", re.findall(r"^make (\S+)", "\n".join(_blocks("sh")), flags=re.M))
def test_the_make_targets_of_the_readme_are_there(target: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, flags=re.M)


def test_every_page_that_the_readme_links_to_is_there() -> None:
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (REPOSITORY / link).exists(), link
