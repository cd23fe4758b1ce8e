"""Checks of Python, packages and Java: a misfit is named with a version that fits."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

from sales_pipeline.engines.jvm_spark import LocalSparkSession, SparkFolderEngine
from sales_pipeline.proofs import machine_checks
from sales_pipeline.proofs.diagnosis import Check, CheckFailed, CheckState, run_check
from sales_pipeline.proofs.machine_checks import CORE_PACKAGES, ENGINE_PACKAGES, PYTHON
from sales_pipeline.proofs.workbench import Workbench
from tests.retailer import Retailer

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def _java(folder: Path, output: str) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nprintf '{output}' >&2\n")
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("said", "state", "word"),
    [
        ('openjdk version "17.0.15" 2025', CheckState.OK, "Java 17.0.15 at "),
        ('java version "1.8.0_402"', CheckState.WRONG, "Java 17 is needed, got 1.8.0_402 at "),
        ("what?", CheckState.WRONG, "does not say its version"),
    ],
)
def test_java_is_asked_for_its_version(
    said: str,
    state: CheckState,
    word: str,
    retailer: Retailer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(_java(tmp_path, said)))
    with closing(SparkFolderEngine(retailer.lakehouse, LocalSparkSession())) as engine:
        bench = Workbench(retailer.declaration, engine)
        finding = run_check(Check("Java", machine_checks.java, "do"), bench, [], hide=str)
    assert finding.state is state
    assert word in finding.detail


Installed = Callable[..., None]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """Lets these packages of engines be installed, as their metadata say, and no other."""

    def install(**versions: str) -> None:
        there = {name: version(name) for name in CORE_PACKAGES}
        for name, number in (there | versions).items():
            folder = tmp_path / f"{name}-{number}.dist-info"
            folder.mkdir()
            named = name.replace("_", "-")
            (folder / "METADATA").write_text(f"Name: {named}\nVersion: {number}\n")
        folders = [folder for folder in sys.path if "site-packages" not in folder]
        monkeypatch.setattr(sys, "path", [str(tmp_path), *folders])

    return install


def test_a_package_that_is_missing_is_named_with_the_extra(
    bench: Workbench, installed: Installed
) -> None:
    installed(pandas="2.3.0", deltalake="1.6.6")
    with pytest.raises(
        CheckFailed, match=r"needed by the engine: pysail, pyspark-client$"
    ) as missing:
        machine_checks.packages(bench)
    assert missing.value.remedy == "pip install 'sales-pipeline[embedded]'"


def test_a_version_that_does_not_fit_is_named_with_one_that_does(
    bench: Workbench, installed: Installed
) -> None:
    installed(pandas="3.0.1", deltalake="1.6.6", pysail="0.7.2", pyspark_client="4.2.0")
    with pytest.raises(
        CheckFailed, match=r"not work with: pandas 3\.0\.1 \(>=2\.2,<3\)$"
    ) as misfit:
        machine_checks.packages(bench)
    assert misfit.value.remedy == "pip install 'pandas>=2.2,<3'"


def test_the_whole_of_pyspark_is_a_client_too(bench: Workbench, installed: Installed) -> None:
    installed(pandas="2.3.0", deltalake="1.6.6", pysail="0.7.2", pyspark="4.2.0")
    assert machine_checks.packages(bench).endswith("pysail 0.7.2, pyspark 4.2.0")
    assert machine_checks.one_pyspark(bench) == "pyspark 4.2.0"


def test_pyspark_over_its_client_is_a_trap(bench: Workbench, installed: Installed) -> None:
    installed(pyspark="4.2.0", pyspark_client="4.2.0")
    with pytest.raises(
        CheckFailed, match=r"pyspark 4\.2\.0 and pyspark-client 4\.2\.0 have their files"
    ):
        machine_checks.one_pyspark(bench)


def _specs(requirements: list[str]) -> dict[str, str]:
    matches = (
        re.fullmatch(r"([\w-]+)(?:\[\w+\])?([<>=!].+)", requirement) for requirement in requirements
    )
    return {match[1]: match[2] for match in matches if match}


def test_the_versions_are_those_of_the_project() -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert project["requires-python"] == PYTHON
    assert _specs(project["dependencies"]) == CORE_PACKAGES
    assert (
        _specs([requirement for name in ("embedded", "spark") for requirement in extras[name]])
        == ENGINE_PACKAGES
    )
