"""What all tests share: one engine for the session, a fresh retailer for each test.

A run that leaves out the tests marked `long` says so in one line at its end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sales_pipeline.engines.embedded import EmbeddedEngine
from tests.replacements import Replacements
from tests.retailer import Retailer

# The tests choose their engine themselves.
os.environ.pop("SPARK_REMOTE", None)
# The client of PySpark takes a program without a file for its own test run, and asks for a whole
# Spark. The workers of pytest-xdist have none.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = "pytest-xdist"


LEFT_OUT = pytest.StashKey[int]()
"""How many long tests were left out, in this process or in one of pytest-xdist's workers."""


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Counts the long tests that this run leaves out."""
    for item in items:
        if item.get_closest_marker("long"):
            item.config.stash[LEFT_OUT] = item.config.stash.get(LEFT_OUT, 0) + 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Sends the count from a worker to the process that prints."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash.get(LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Takes the count from a worker; all of them collect the same tests."""
    left_out = getattr(node, "workeroutput", {}).get("left_out", 0)
    node.config.stash[LEFT_OUT] = max(left_out, node.config.stash.get(LEFT_OUT, 0))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Says in one line what was left out, and why."""
    if count := config.stash.get(LEFT_OUT, 0):
        [long] = [line for line in config.getini("markers") if line.startswith("long:")]
        terminalreporter.write_line(f"LEFT OUT: {count} tests marked {long}")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    """The embedded engine over an empty folder, for tests of transformations."""
    opened = EmbeddedEngine(tmp_path_factory.mktemp("lakehouse"))
    yield opened
    opened.close()


@pytest.fixture
def retailer(tmp_path: Path) -> Retailer:
    """A small retailer with its own landing folder and lakehouse."""
    return Retailer(tmp_path)


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> Iterator[Replacements]:
    """Replaces functions for a test, in which each of them has to be called."""
    replacements = Replacements(monkeypatch)
    yield replacements
    replacements.check()
