"""Shared by the tests of the gate: a workspace on loopback, and a gate that never waits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from databricks.sdk.clock import Clock

from sales_pipeline.cli import databricks as command
from sales_pipeline.cli.app import main
from sales_pipeline.databricks.gate import run_job
from sales_pipeline.databricks.redaction import Secrets
from sales_pipeline.databricks.run_start import RunRequest
from sales_pipeline.databricks.verdict import Verdict
from sales_pipeline.databricks.waiting import Pace, Waiting
from sales_pipeline.databricks.workspace import connect
from tests.cli.conftest import Said
from tests.databricks.fake_workspace import PAT, FakeWorkspace

UNHURRIED = Pace()
AT_ONCE = Pace(poll_seconds=0)
COMMIT = "4f2a91c0"
FOREIGN = ("DATABRICKS_", "ARM_", "GOOGLE_", "GITHUB_", "ACTIONS_", "SYSTEM_", "AZURE_")
Call = Callable[..., Said]


class NoTime(Clock):
    """A clock on which time passes when somebody waits, and at no other moment."""

    def __init__(self) -> None:
        self.passed = 0.0

    def time(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


@dataclass
class Hurried(Waiting):
    """Waits on such a clock."""

    clock: NoTime = field(default_factory=NoTime)

    def now(self) -> float:
        return self.clock.time()

    def sleep(self, seconds: float) -> None:
        if self.stopped is None:
            self.clock.sleep(seconds)


@dataclass
class GateOf:
    """Calls the gate, and keeps what it tells."""

    told: list[str] = field(default_factory=list)
    pace: Pace = UNHURRIED
    waiting: Hurried = field(default_factory=Hurried)

    def __call__(
        self, job: int | str = 7, *, timeout: float = 3600, cancel_on_stop: bool = False
    ) -> Verdict:
        request = RunRequest(job, {"commit": COMMIT}, timeout, cancel_on_stop)
        connecting = partial(connect, self.pace, Secrets(os.environ), clock=self.waiting.clock)
        self.waiting.pace = self.pace
        return run_job(
            connecting,
            request,
            environment=os.environ,
            waiting=self.waiting,
            tell=self.told.append,
        )


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "no.databrickscfg"))


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWorkspace]:
    """A workspace with one job, that of the environment, which names a token, too."""
    fake = FakeWorkspace()
    fake.ends()
    monkeypatch.setenv("DATABRICKS_HOST", fake.host)
    monkeypatch.setenv("DATABRICKS_TOKEN", PAT)
    yield fake
    fake.close()


@pytest.fixture
def gate() -> GateOf:
    """The gate as a function."""
    return GateOf()


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls `sales-pipeline databricks test` in this process, for job 7 and a commit."""
    monkeypatch.setattr(command, "PACE", AT_ONCE)

    def call_main(*arguments: str, job: tuple[str, ...] = ("--job-id", "7")) -> Said:
        with pytest.raises(SystemExit) as end:
            main(["databricks", "test", *job, "--commit", COMMIT, *arguments])
        out, err = capfd.readouterr()
        assert PAT not in out + err
        return Said(end.value.code if isinstance(end.value.code, int) else 0, out, err)

    return call_main
