"""Checks of the machine that calls the engine: Python, packages, Java."""

from __future__ import annotations

import platform
import re
import subprocess

from sales_pipeline.doctor.bench import Bench
from sales_pipeline.doctor.findings import Wrong
from sales_pipeline.doctor.requirements import INSTEAD, OF_ENGINES, PYTHON, fits, required
from sales_pipeline.engines.session import installed_versions, java_program
from sales_pipeline.version import __version__

_OLDEST_JAVA = 17
_JAVA_SECONDS = 60


def python(_: Bench) -> str:
    """Looks at the version of Python."""
    version = platform.python_version()
    if not fits(version, PYTHON):
        raise Wrong(f"Python {PYTHON} is needed, got {version}")
    return f"Python {version}, sales-pipeline {__version__}"


def packages(bench: Bench) -> str:
    """Compares the versions of packages with those that are needed."""
    needs = bench.engine.needs
    wanted = required(needs.packages)
    installed = installed_versions(*wanted, *INSTEAD.values())
    for name, instead in INSTEAD.items():
        if name in wanted and name not in installed and instead in installed:
            del wanted[name]
            wanted[instead] = OF_ENGINES[instead]
    missing = [name for name in wanted if name not in installed]
    if missing:
        raise Wrong(
            f"not installed, and needed by the engine: {', '.join(missing)}",
            f"pip install 'sales-pipeline[{needs.extra}]'",
        )
    misfits = {name: spec for name, spec in wanted.items() if not fits(installed[name], spec)}
    if misfits:
        said = ", ".join(f"{name} {installed[name]} ({spec})" for name, spec in misfits.items())
        asked = " ".join(f"'{name}{spec}'" for name, spec in misfits.items())
        raise Wrong(
            f"a version that this package does not work with: {said}", f"pip install {asked}"
        )
    engines = [f"{name} {installed[name]}" for name in wanted if name in OF_ENGINES]
    return ", ".join(engines) or "what the runtime brings"


def one_pyspark(_: Bench) -> str:
    """Looks whether pyspark and its client are installed over one another."""
    found = installed_versions("pyspark", "pyspark-client")
    if len(found) > 1:
        both = " and ".join(f"{name} {version}" for name, version in found.items())
        raise Wrong(f"{both} have their files in one place, and each overwrites the other's")
    return ", ".join(f"{name} {version}" for name, version in found.items()) or "none installed"


def java(bench: Bench) -> str:
    """Asks Java for its version, where the engine needs it."""
    if not bench.engine.needs.java:
        return "not needed"
    program = java_program()
    if program is None:
        raise Wrong("there is no Java: neither $JAVA_HOME nor the path leads to one")
    said = subprocess.run(  # noqa: S603 -- what Spark would start, too
        [program, "-version"], capture_output=True, text=True, timeout=_JAVA_SECONDS, check=False
    )
    version = java_version(said.stderr + said.stdout)
    if version is None:
        raise Wrong(f"{program} does not say its version")
    if version[0] < _OLDEST_JAVA:
        raise Wrong(f"Java {_OLDEST_JAVA} is needed, got {version[1]} at {program}")
    return f"Java {version[1]} at {program}"


def java_version(said: str) -> tuple[int, str] | None:
    """The version that Java says of itself, its first number apart; None where it says none.

    >>> java_version('openjdk version "17.0.15" 2025-04-15')
    (17, '17.0.15')
    >>> java_version('java version "1.8.0_402"')
    (8, '1.8.0_402')
    """
    found = re.search(r'version "((?:1\.)?(\d+)[^"]*)"', said)
    return (int(found[2]), found[1]) if found else None
