"""Runs independent steps at the same time, in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
Other = TypeVar("Other")


def together(steps: Iterable[Callable[[], Result]], *, at_once: int) -> list[Result]:
    """Runs steps in threads and returns their results in the given order.

    A single step runs in the caller's own thread.

    Args:
        steps: The steps; none of them may need the result of another.
        at_once: The number of threads.

    Raises:
        Exception: The exception of the first failed step in the given order, after all ended.
    """
    pending = list(steps)
    if len(pending) < 2:
        return [step() for step in pending]
    with ThreadPoolExecutor(at_once) as threads:
        futures = [threads.submit(step) for step in pending]
    return [future.result() for future in futures]


def both(first: Callable[[], Result], second: Callable[[], Other]) -> tuple[Result, Other]:
    """Runs two steps at the same time, the first in the caller's own thread.

    Raises:
        Exception: The exception of the first failed step in the given order, after both ended.
    """
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(second)
        result = first()
    return result, future.result()
