"""Threads of a run: independent steps at the same time, or one step in the background.

Every thread gets a copy of the caller's context, so that the watchers of the run
(`commit_points`), its lease among them, see what the thread commits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

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
        results = [_submitted(threads, step) for step in waiting]
    return [result.result() for result in results]


def in_background(step: Callable[[], None]) -> Thread:
    """Starts a step in a thread of its own, and returns the thread."""
    thread = Thread(target=copy_context().run, args=(step,))
    thread.start()
    return thread


def _submitted(threads: ThreadPoolExecutor, step: Callable[[], Result]) -> Future[Result]:
    """Submits a step with a context of its own: one context cannot be entered twice at once."""
    return threads.submit(copy_context().run, step)
