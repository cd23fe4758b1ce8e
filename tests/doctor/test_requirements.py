"""What a doctor says is needed is what pyproject.toml declares."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from sales_pipeline.doctor.requirements import CORE, OF_ENGINES, PYTHON

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def _specs(requirements: list[str]) -> dict[str, str]:
    found = (re.fullmatch(r"([\w-]+)(?:\[\w+\])?([<>=!].+)", each) for each in requirements)
    return {each[1]: each[2] for each in found if each}


def test_the_versions_are_those_of_the_project() -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert project["requires-python"] == PYTHON
    assert _specs(project["dependencies"]) == CORE
    assert _specs([each for name in ("embedded", "spark") for each in extras[name]]) == OF_ENGINES
