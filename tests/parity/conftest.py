"""One Spark Connect server for all tests of parity; without Java they say why they were skipped.

Where the tests run in several processes, the first one starts the server for all of them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.parity.connect_server import connect_server
from tests.parity.spark_processes import why_not

ADDRESS = "PARITY_SERVER"
"""Names a server that is there already, also for who tries one test after another."""
_open = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Starts the server before there are other processes, which find it in their environment."""
    if getattr(config.option, "numprocesses", None) and ADDRESS not in os.environ and not why_not():
        folder = Path(_open.enter_context(tempfile.TemporaryDirectory()))
        os.environ[ADDRESS] = _open.enter_context(connect_server(folder))


def pytest_unconfigure() -> None:
    """Ends the server."""
    _open.close()


@pytest.fixture(scope="session")
def spark() -> None:
    """For tests that start Spark themselves."""
    _check_spark()


def _check_spark() -> None:
    reason = why_not()
    if reason is not None:
        (pytest.fail if os.environ.get("PARITY") == "required" else pytest.skip)(reason)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server; where none can be, its tests are skipped, or fail if they must."""
    if there := os.environ.get(ADDRESS):
        yield there
        return
    _check_spark()
    with connect_server(tmp_path_factory.mktemp("server")) as address:
        yield address
