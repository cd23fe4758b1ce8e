"""The commit points of a run: every commit to a table, every move or write of a kept file.

Between two commit points a run may stop, because nothing is half-done that others could see.
Watchers stop a run there, count its commits, or keep it from committing without its lease.

Watchers belong to the run that they watch, not to the process: they are kept in a context
variable, so runs in other threads do not see them. The threads of a run share them, its lease
among them, because `together` and `in_background` hand a copy of the context on; start threads of a
run with nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from threading import Thread
from typing import TypeVar


class Watcher:
    """An object that is called at the commit points of a run, also by several threads at once.

    Its methods do nothing; a subclass replaces the ones that it needs.
    """

    def pause(self) -> None:
        """Called where nothing is half-done; an error raised here stops the run."""

    def before(self, what: str) -> None:
        """Called before a commit; an error raised here prevents the commit."""

    def after(self, what: str) -> None:
        """Called after a commit."""


_OF_FILES = ("move ", "write ", "clear ")
"""How the commit points of kept files begin; all others are commits to tables."""

_watchers: ContextVar[tuple[Watcher, ...]] = ContextVar("watchers", default=())


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Calls a watcher at the commit points of this run while the block runs."""
    before = _watchers.set((*_watchers.get(), watcher))
    try:
        yield
    finally:
        _watchers.reset(before)


def safe_point() -> None:
    """Marks a point where the run may stop."""
    for watcher in _watchers.get():
        watcher.pause()


@contextmanager
def commit_point(what: str) -> Iterator[None]:
    """Makes the block a commit point; the block holds exactly one commit.

    Args:
        what: The commit in a few words, such as `commit silver.sales`.
    """
    safe_point()
    watchers = _watchers.get()
    for watcher in watchers:
        watcher.before(what)
    yield
    for watcher in watchers:
        watcher.after(what)


def is_of_table(what: str) -> bool:
    """Returns whether a commit point is a commit to a table, and not of a kept file.

    >>> is_of_table("commit silver.records"), is_of_table("move sales_1.csv")
    (True, False)
    """
    return not what.startswith(_OF_FILES)


Result = TypeVar("Result")


def together(steps: Iterable[Callable[[], Result]], *, at_once: int) -> list[Result]:
    """Runs steps in threads and returns their results in the given order.

    A single step runs in the caller's own thread.

    Args:
        steps: The steps; none of them may need the result of another.
        at_once: How many run at the same time.

    Raises:
        Exception: The error of the first step that failed, in the given order, after all ended.
    """
    waiting = list(steps)
    if len(waiting) < 2:
        return [step() for step in waiting]
    with ThreadPoolExecutor(at_once) as threads:
        # A context for each: one context cannot be entered twice at once.
        results = [threads.submit(copy_context().run, step) for step in waiting]
    return [result.result() for result in results]


def in_background(step: Callable[[], None]) -> Thread:
    """Starts a step in a thread of its own, and returns the thread."""
    thread = Thread(target=copy_context().run, args=(step,))
    thread.start()
    return thread
