"""Hooks of pytest: a run that leaves out the tests marked `long` says so in one line at its end."""

from __future__ import annotations

from typing import Any

import pytest

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
