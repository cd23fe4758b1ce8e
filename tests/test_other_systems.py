"""On macOS and Windows the package imports and runs without the functions that only Linux has.

These tests take away from Linux what the other systems lack.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from sales_pipeline.engines.embedded import CtrlC
from sales_pipeline.engines.session import usable_cores
from sales_pipeline.lakehouse import lease, lock
from tests.cli.conftest import python_in
from tests.replacements import Replacements

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


@pytest.mark.long
def test_every_module_is_imported_without_what_only_linux_has(tmp_path: Path) -> None:
    result = python_in(tmp_path, "-W", "ignore", "-c", WITHOUT_LINUX + IMPORTED)
    assert (result.code, result.out) == (0, "imported\n"), result.err


@pytest.mark.long
def test_the_sample_runs_without_what_only_linux_has_and_one_line_says_what_is_missing(
    tmp_path: Path,
) -> None:
    result = python_in(tmp_path, "-W", "ignore", "-c", WITHOUT_LINUX + RUN)
    assert result.code == 0, result.err
    assert "outcome=done" in result.out
    [warning] = [line for line in result.err.splitlines() if "WARNING" in line]
    assert WARNING in warning


def test_where_a_process_has_all_cores_they_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 7_000)
    assert usable_cores() == 7_000
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


def test_where_signal_0_would_be_ctrl_c_no_process_gets_it(
    monkeypatch: pytest.MonkeyPatch, replaced: Replacements
) -> None:
    signals = replaced(os, "kill")
    me = os.getpid()
    assert lock.is_alive(me)
    assert signals == [(me, 0)]
    monkeypatch.setattr(os, "name", "nt")
    assert lock.is_alive(me)
    assert signals == [(me, 0)]


def test_where_ctrl_c_cannot_be_taken_back_it_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    handler, on_posix = signal.getsignal(signal.SIGINT), CtrlC()
    before = _present(on_posix)
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        elsewhere = CtrlC()
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        ignored = _present(on_posix)
        elsewhere.restore()
        assert _present(on_posix) == ignored != before
        on_posix.restore()
        assert _present(on_posix) == before
    finally:
        signal.signal(signal.SIGINT, handler)


def _present(ctrl_c: CtrlC) -> bytes:
    return ctrl_c._present().raw[CtrlC._HANDLER]


def test_the_clock_of_a_lease_goes_on_where_there_is_no_boot_time(
    monkeypatch: pytest.MonkeyPatch, replaced: Replacements
) -> None:
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    clocks = replaced(time, "clock_gettime")
    for platform, asked in (("darwin", [(time.CLOCK_MONOTONIC,)] * 2), ("win32", [])):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "platform", platform)
            assert lease._seconds() <= lease._seconds()
        assert clocks == asked
        clocks.clear()
