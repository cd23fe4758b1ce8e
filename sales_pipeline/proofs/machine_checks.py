"""Checks of the machine that calls the engine: the versions of Python, packages and Java.

The versions that are needed stand in pyproject.toml, and again here: a checkout, or a wheel that
was installed without its dependencies, has no metadata to read. A test compares the two.
"""

from __future__ import annotations

import operator
import platform
import re
import subprocess
from itertools import zip_longest

from sales_pipeline.engines.session import installed_versions, java_program
from sales_pipeline.proofs.diagnosis import CheckFailed
from sales_pipeline.proofs.workbench import Workbench
from sales_pipeline.version import __version__

PYTHON = ">=3.11"
CORE_PACKAGES = {
    "filelock": ">=3.13",
    "numpy": ">=1.26",
    "pyarrow": ">=19.0",
    "pydantic": ">=2.10",
    "pyyaml": ">=6.0",
    "rich": ">=13.7",
    "sqlglot": ">=26.0",
    "typer": ">=0.15",
}
ENGINE_PACKAGES = {
    "delta-spark": ">=4.0,!=4.4.1",
    "deltalake": ">=1.1",
    "pandas": ">=2.2,<3",
    "pysail": ">=0.7.2",
    "pyspark": ">=4.0",
    "pyspark-client": ">=4.1",
}
_SUBSTITUTES = {"pyspark-client": "pyspark"}
"""Package -> a package that contains it."""
_OPERATORS = {">=": operator.ge, "<": operator.lt, "!=": operator.ne}
_OLDEST_JAVA = 17
_JAVA_SECONDS = 60


def python(_: Workbench) -> str:
    """Checks the version of Python."""
    version = platform.python_version()
    if not is_allowed(version, PYTHON):
        raise CheckFailed(f"Python {PYTHON} is needed, got {version}")
    return f"Python {version}, sales-pipeline {__version__}"


def packages(bench: Workbench) -> str:
    """Checks that the packages that the engine needs are installed, in versions that work."""
    needs = bench.engine.needs
    needed = CORE_PACKAGES | {name: ENGINE_PACKAGES[name] for name in needs.packages}
    installed = installed_versions(*needed, *_SUBSTITUTES.values())
    for name, substitute in _SUBSTITUTES.items():
        if name in needed and name not in installed and substitute in installed:
            del needed[name]
            needed[substitute] = ENGINE_PACKAGES[substitute]
    missing = [name for name in needed if name not in installed]
    if missing:
        raise CheckFailed(
            f"not installed, and needed by the engine: {', '.join(missing)}",
            f"pip install 'sales-pipeline[{needs.extra}]'",
        )
    misfits = {name: spec for name, spec in needed.items() if not is_allowed(installed[name], spec)}
    if misfits:
        versions = ", ".join(f"{name} {installed[name]} ({spec})" for name, spec in misfits.items())
        requirements = " ".join(f"'{name}{spec}'" for name, spec in misfits.items())
        raise CheckFailed(
            f"a version that this package does not work with: {versions}",
            f"pip install {requirements}",
        )
    engines = [f"{name} {installed[name]}" for name in needed if name in ENGINE_PACKAGES]
    return ", ".join(engines) or "the packages of the runtime"


def one_pyspark(_: Workbench) -> str:
    """Checks that pyspark and its client are not installed over one another."""
    versions = installed_versions("pyspark", "pyspark-client")
    named = [f"{name} {version}" for name, version in versions.items()]
    if len(named) > 1:
        both = " and ".join(named)
        raise CheckFailed(f"{both} have their files in one place, and each overwrites the other's")
    return ", ".join(named) or "none installed"


def java(bench: Workbench) -> str:
    """Checks the version of Java, if the engine needs it."""
    if not bench.engine.needs.java:
        return "not needed"
    program = java_program()
    if program is None:
        raise CheckFailed("there is no Java: neither $JAVA_HOME nor the path leads to one")
    answer = subprocess.run(  # noqa: S603 -- the program that Spark would start, too
        [program, "-version"], capture_output=True, text=True, timeout=_JAVA_SECONDS, check=False
    )
    version = java_version(answer.stderr + answer.stdout)
    if version is None:
        raise CheckFailed(f"{program} does not say its version")
    if version[0] < _OLDEST_JAVA:
        raise CheckFailed(f"Java {_OLDEST_JAVA} is needed, got {version[1]} at {program}")
    return f"Java {version[1]} at {program}"


def java_version(output: str) -> tuple[int, str] | None:
    """Parses the output of `java -version` into the main and the full version, if it has one.

    >>> java_version('openjdk version "17.0.15" 2025-04-15')
    (17, '17.0.15')
    >>> java_version('java version "1.8.0_402"')
    (8, '1.8.0_402')
    """
    match = re.search(r'version "((?:1\.)?(\d+)[^"]*)"', output)
    return (int(match[2]), match[1]) if match else None


def is_allowed(version: str, spec: str) -> bool:
    """Returns whether a requirement such as `>=2.2,<3` allows a version.

    >>> is_allowed("4.2.0", ">=4.1"), is_allowed("3.0.0rc1", ">=2.2,<3")
    (True, False)
    >>> is_allowed("2.10", ">=2.9,!=2.10.1")
    True
    """
    bounds = (re.fullmatch(r"(>=|<|!=)([\d.]+)", part) for part in spec.split(","))
    numbers = _numbers(version)
    return all(
        _OPERATORS[bound[1]](
            *zip(*zip_longest(numbers, _numbers(bound[2]), fillvalue=0), strict=True)
        )
        for bound in bounds
        if bound is not None
    )


def _numbers(version: str) -> list[int]:
    leading = re.match(r"\d+(\.\d+)*", version)
    return [int(number) for number in leading[0].split(".")] if leading else [0]
