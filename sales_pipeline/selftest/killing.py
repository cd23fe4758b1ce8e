"""Watchers of commit points: one that counts them, one that kills its process at one of them."""

from __future__ import annotations

import os
import signal
from threading import Lock

BEFORE, AFTER = "before", "after"
MOMENTS = (BEFORE, AFTER)


class Counting:
    """Notes what each commit point commits, in the order in which they begin."""

    def __init__(self) -> None:
        self.points: list[str] = []

    def pause(self) -> None:
        """Lets the run go on."""

    def before(self, what: str) -> None:
        """Notes it."""
        self.points.append(what)

    def after(self, what: str) -> None:
        """Does nothing."""


class Killer:
    """Kills this process just before or just after its nth commit point, as SIGKILL does.

    Args:
        point: Which one, from 1.
        moment: `before` or `after` the commit.
    """

    def __init__(self, point: int, moment: str) -> None:
        self._moment = moment
        self._before, self._after = point, point
        self._counting = Lock()

    def pause(self) -> None:
        """Lets the run go on."""

    def before(self, what: str) -> None:  # noqa: ARG002 -- any commit counts
        """Counts a commit, and dies before the nth."""
        with self._counting:
            self._before -= 1
            if self._moment == BEFORE and self._before == 0:
                _die()

    def after(self, what: str) -> None:  # noqa: ARG002 -- any commit counts
        """Counts a commit, and dies after the nth that is done."""
        with self._counting:
            self._after -= 1
            if self._moment == AFTER and self._after == 0:
                _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
