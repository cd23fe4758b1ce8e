"""Does steps that do not need each other at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
Other = TypeVar("Other")


def together(steps: Iterable[Callable[[], Result]], *, at_once: int) -> list[Result]:
    """Does some steps, each in a thread, and returns their results in the given order.

    A single step is done in the caller's own thread.

    Args:
        steps: What is to be done; none of them may need another one's result.
        at_once: How many are done at the same time.

    Raises:
        Exception: What the first of them raised, in the given order, once all have ended.
    """
    waiting = list(steps)
    if len(waiting) < 2:
        return [step() for step in waiting]
    with ThreadPoolExecutor(at_once) as threads:
        ends = [threads.submit(step) for step in waiting]
    return [end.result() for end in ends]


def both(first: Callable[[], Result], second: Callable[[], Other]) -> tuple[Result, Other]:
    """Does two steps at the same time, the first in the caller's own thread.

    Raises:
        Exception: What the first of them raised, in the given order, once both have ended.
    """
    with ThreadPoolExecutor(1) as thread:
        end = thread.submit(second)
        result = first()
    return result, end.result()
