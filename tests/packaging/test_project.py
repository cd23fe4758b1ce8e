"""What the project says of itself fits together."""

from __future__ import annotations

import os
import re
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import sales_pipeline

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_requirements_are_the_package_with_its_engine_its_report_and_the_group_test() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert wanted == ["-e .[embedded,report]", *PROJECT["dependency-groups"]["test"]]


def test_the_package_itself_does_not_depend_on_pyspark() -> None:
    needed = PROJECT["project"]["dependencies"]
    assert [name for name in needed if re.match("pyspark|pysail|delta", name)] == []
    assert any(
        name.startswith("pyspark-client")
        for name in PROJECT["project"]["optional-dependencies"]["embedded"]
    )


def test_a_dependency_has_no_upper_bound_that_could_break_a_runtime() -> None:
    assert [name for name in PROJECT["project"]["dependencies"] if re.search("<|==|~=", name)] == []


@pytest.mark.parametrize("script", PROJECT["project"]["scripts"].values())
def test_every_console_script_leads_to_a_function(script: str) -> None:
    module, name = script.split(":")
    assert callable(getattr(import_module(module), name))


def test_the_changelog_has_the_version() -> None:
    headings = re.findall(
        "^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert headings[0] == "Unreleased"
    assert headings[1].split()[0] == sales_pipeline.__version__


@pytest.mark.parametrize(
    "program", ["run", "package", "tests", "parity", "fingerprint", "actionlint"]
)
def test_what_ci_starts_can_be_executed(program: str) -> None:
    assert os.access(ROOT / ".ci" / program, os.X_OK)


def test_every_target_of_make_says_what_it_does() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)[0].split()
    explained = re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE)
    assert sorted(named) == sorted(explained)
