"""Replaces functions in a test, and fails a test whose replacement is never called.

A test that replaces a name which the code does not look up any more cannot fail. That matters most
where a test proves that something is not called; such a test calls it in its other half.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Calls = list[tuple[Any, ...]]


class Replacements:
    """The functions that a test replaces, and how they were called."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._times: dict[str, int] = {}

    def __call__(self, owner: Any, name: str, by: Callable[..., Any] | None = None) -> Calls:
        """Replaces a function of a module or class; returns the arguments of its calls so far.

        Args:
            owner: The module or class in which the code looks the name up.
            name: The name.
            by: What is called in its place; without it the function itself.
        """
        function = by or getattr(owner, name)
        shown = f"{owner.__name__}.{name}"
        self._times[shown] = 0
        calls: Calls = []

        def noted(*arguments: Any, **options: Any) -> Any:
            self._times[shown] += 1
            calls.append(arguments)
            return function(*arguments, **options)

        self._patch.setattr(owner, name, noted)
        return calls

    def check(self) -> None:
        """Fails if a replacement was never called."""
        unreached = [name for name, times in self._times.items() if not times]
        assert not unreached, f"replaced, and never called: {unreached}"
