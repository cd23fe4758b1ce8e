"""What all tests share: one engine for the session, a fresh retailer for each test."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from sales_pipeline import printable
from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.engines.session import usable_cores
from tests.batch_ways import take_way, take_way_of
from tests.left_out import (
    pytest_deselected,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)
from tests.replacements import Replacements
from tests.retailer import Retailer

__all__ = [  # Hooks of pytest are found by their names.
    "pytest_deselected",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
]
# No test depends on the clock.
settings.register_profile("without_deadline", deadline=None)
settings.load_profile("without_deadline")
# The tests choose their engine themselves.
os.environ.pop("SPARK_REMOTE", None)
# The client of PySpark takes a program without a file for its own test run, and asks for a whole
# Spark. The workers of pytest-xdist have none.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = "pytest-xdist"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores, because a test waits for the disk now and then."""
    return usable_cores() + 1


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    """The embedded engine over an empty folder, for tests of transformations."""
    opened = EmbeddedEngine(tmp_path_factory.mktemp("lakehouse"))
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _way_of_batches(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test takes the way of small or of large batches."""
    take_way_of(request.node.nodeid)
    yield
    take_way(is_held=True)


@pytest.fixture(autouse=True)
def _hidden_values() -> Iterator[None]:
    """A value of the environment that a test declares is hidden in messages of that test only."""
    before = dict(printable._written)
    yield
    printable._written.clear()
    printable._written.update(before)


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
