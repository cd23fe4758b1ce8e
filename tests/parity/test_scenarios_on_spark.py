"""P7: what the scenarios expect of the embedded engine, Spark on a JVM with Delta gives, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sales_pipeline.engines.spark_connect import RemoteSparkSession
from tests.test_scenarios import NAMES, SCENARIOS, play


@pytest.fixture(scope="module")
def one_session(server: str) -> Iterator[str]:
    """The server, on which all scenarios have one session, as the cells of a notebook have.

    For a session of its own each of sixty runs would start three programs of Python on the server.
    """
    with closing(RemoteSparkSession(server)) as session, pytest.MonkeyPatch.context() as patched:
        spark = session.spark()
        patched.setattr(RemoteSparkSession, "_open", lambda _: spark)
        patched.setattr(RemoteSparkSession, "_end", lambda _, __: None)
        yield server
        patched.undo()


@pytest.mark.parametrize("name", NAMES)
def test_p7_scenario_on_a_spark_connect_server(name: str, tmp_path: Path, one_session: str) -> None:
    for file, text in play(SCENARIOS / name, tmp_path, engine=one_session).items():
        assert text == (SCENARIOS / name / file).read_bytes().decode(), file
