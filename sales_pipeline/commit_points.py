"""The commit points of a run: each commit to a table, each move or writing of a kept file.

Between two of them nothing changes that anybody else could see, so a run may stop there. Who
wants to stop a run there, to count the points, or to kill it at one, watches them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Watcher(Protocol):
    """What is told of commit points; several threads may tell it at once."""

    def pause(self) -> None:
        """Nothing is half-done now; a watcher that raises here stops the run."""

    def before(self, what: str) -> None:
        """A commit comes next; a watcher that raises here keeps it from being done."""

    def after(self, what: str) -> None:
        """The commit is done."""


_watchers: list[Watcher] = []


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Tells a watcher of the commit points of this process while the block runs."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def safe_point() -> None:
    """Says that a run may stop here."""
    for each in _watchers:
        each.pause()


@contextmanager
def commit_point(what: str) -> Iterator[None]:
    """Makes the block, which is one commit, a commit point.

    Args:
        what: What it commits, in a few words, such as `commit silver.sales`.
    """
    safe_point()
    for each in _watchers:
        each.before(what)
    yield
    for each in _watchers:
        each.after(what)
