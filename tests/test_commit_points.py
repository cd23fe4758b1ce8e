"""Commit points belong to a run: its threads share its watchers, other runs do not see them."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from sales_pipeline.commit_points import (
    Watcher,
    commit_point,
    in_background,
    safe_point,
    together,
    watched_by,
)

PACKAGE = Path(__file__).parents[1] / "sales_pipeline"
HAVE_NO_COMMITS = {
    "commit_points.py",  # Hands the watchers on.
    "lakehouse/lease.py",  # Renews the lease, which is no commit of the run.
    "landing/bronze_rows.py",  # Only reads.
    "landing/discovery.py",  # Only reads.
    "databricks/waiting.py",  # Only asks a workspace.
}


class Noted(Watcher):
    """A watcher that notes the commits."""

    def __init__(self) -> None:
        self.commits: list[str] = []
        self.pauses = 0

    def pause(self) -> None:
        self.pauses += 1

    def before(self, what: str) -> None:
        self.commits.append(what)


def _commit(what: str) -> str:
    with commit_point(what):
        return what


def test_a_watcher_sees_the_commits_of_all_threads_of_its_run() -> None:
    noted, steps = Noted(), [partial(_commit, name) for name in "abcd"]
    with watched_by(noted):
        assert together(steps, at_once=2) == ["a", "b", "c", "d"]
        steps = [partial(_commit, name) for name in "ef"]
        assert together(steps, at_once=2) == ["e", "f"]
        in_background(lambda: noted.commits.append(_commit("g"))).join()
    assert sorted(noted.commits) == ["a", "b", "c", "d", "e", "f", "g", "g"]
    _commit("h")
    assert "h" not in noted.commits


def test_a_watcher_does_not_see_another_run_in_another_thread() -> None:
    first, second = Noted(), Noted()

    def run_beside() -> None:
        with watched_by(second):
            _commit("of the second")

    with watched_by(first), ThreadPoolExecutor(1) as thread:
        thread.submit(run_beside).result()
        safe_point()
        _commit("of the first")
    assert (first.commits, first.pauses) == (["of the first"], 2)
    assert (second.commits, second.pauses) == (["of the second"], 1)


def test_a_watcher_within_another_is_called_too_and_leaves_with_its_block() -> None:
    outer, inner = Noted(), Noted()
    with watched_by(outer):
        with suppress(ZeroDivisionError), watched_by(inner):
            _commit("a")
            raise ZeroDivisionError
        _commit("b")
    assert (outer.commits, inner.commits) == (["a", "b"], ["a"])


def test_no_other_module_starts_threads_which_the_watchers_of_a_run_would_not_see() -> None:
    starts = re.compile(r"\b(Thread|ThreadPoolExecutor|Timer|start_new_thread)\(")
    modules = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if starts.search(path.read_text(encoding="utf-8"))
    }
    assert modules <= HAVE_NO_COMMITS, "start threads by sales_pipeline.commit_points"
