"""On macOS and Windows the package imports and runs without the functions that only Linux has.

These tests take away from Linux what the other systems lack.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from sales_pipeline.engines.embedded import CtrlC
from sales_pipeline.engines.session import usable_cores
from sales_pipeline.lakehouse import lease, lock
from tests.cli.conftest import python_in

WITHOUT_LINUX = """\
import os, signal, sys, sysconfig
sysconfig.get_config_vars()
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
for name in ("fork", "getegid", "geteuid", "getgid", "getuid", "sched_getaffinity"):
    delattr(os, name)
del signal.SIGKILL
sys.platform = "another"
"""
IMPORTED = """\
import importlib, pkgutil
import sales_pipeline
for module in pkgutil.walk_packages(sales_pipeline.__path__, "sales_pipeline."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print("imported")
"""
RUN = "from sales_pipeline.cli.app import main; main(['run', '--sample'])"
WARNING = "engine: this system has no private networks, so other users of this machine can reach"


def test_every_module_is_imported_without_what_only_linux_has(tmp_path: Path) -> None:
    said = python_in(tmp_path, "-W", "ignore", "-c", WITHOUT_LINUX + IMPORTED)
    assert (said.code, said.out) == (0, "imported\n"), said.err


def test_the_sample_runs_without_what_only_linux_has_and_one_line_says_what_is_missing(
    tmp_path: Path,
) -> None:
    said = python_in(tmp_path, "-W", "ignore", "-c", WITHOUT_LINUX + RUN)
    assert said.code == 0, said.err
    assert "outcome=done" in said.out
    [warning] = [line for line in said.err.splitlines() if "WARNING" in line]
    assert WARNING in warning


def test_where_a_process_has_all_cores_they_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usable_cores() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


def test_where_signal_0_would_be_ctrl_c_no_process_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(pid: int, number: int) -> None:
        raise AssertionError((pid, number))

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(os, "name", "nt")
    assert lock._is_alive(1)


def test_where_ctrl_c_cannot_be_taken_back_it_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(os, "name", "nt")
    CtrlC().restore()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_the_clock_of_a_lease_goes_on_where_there_is_no_boot_time(
    monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    monkeypatch.setattr("sales_pipeline.lakehouse.lease.sys.platform", platform)
    assert lease._seconds() <= lease._seconds()
