"""Holding a lakehouse, as every command does that changes it: one at a time (P10).

On one machine a lock of a file does it. Where several may share the tables, which is data of the
engine, a lease in the tables does it, too (`lease`). To look needs none, so a command takes it
when it knows that there is something to do; from then on it is asked before each commit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sales_pipeline.commit_points import safe_point, watched_by
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import LakehouseBusy
from sales_pipeline.lakehouse import lock
from sales_pipeline.lakehouse.lease import Lease

_LOOK_EVERY_SECONDS = 2.0
_STOPS_WITHIN_SECONDS = 0.2


class Hold:
    """What a command has of the lakehouse that it works on.

    It watches the commit points of its process, so that nothing is committed, and no file moved,
    by who does not hold the lakehouse.

    Args:
        verb: What the command does.
        place: What the lakehouse is called in messages.
        lease: The lease, where the engine asks for one.
        until: When to stop waiting for others, in seconds of the monotonic clock.
    """

    def __init__(self, verb: str, place: str, lease: Lease | None, until: float) -> None:
        self.verb = verb
        self._place, self._lease, self._until = place, lease, until

    def take(self) -> bool:
        """Takes the lease, where there is one and it was not taken yet.

        Returns:
            Whether it was taken just now: somebody else may have worked since one looked.

        Raises:
            LakehouseBusy: Another run holds it; the message names it.
        """
        if self._lease is None or self._lease.is_taken:
            return False
        self._wait_for(self._lease)
        self._lease.keep()
        return True

    def take_again(self) -> None:
        """Takes the lease on tables that were made anew since; without waiting.

        Raises:
            LakehouseBusy: Another run was faster.
        """
        if self._lease is not None and not self._lease.try_to_take():
            raise self._busy(self._lease)

    def _wait_for(self, lease: Lease) -> None:
        is_told = False
        while not lease.try_to_take():
            left = self._until - time.monotonic()
            if left <= 0:
                raise self._busy(lease)
            if not is_told:
                lock.tell_of_waiting(self._place, left, lease.holder())
                is_told = True
            _pause(min(left, _LOOK_EVERY_SECONDS))

    def _busy(self, lease: Lease) -> LakehouseBusy:
        return LakehouseBusy(
            f"{self._place}: another run is at work ({lease.holder()}). "
            "Do: wait for it, or give --wait SECONDS."
        )

    def pause(self) -> None:
        """Lets the command go on between two commits."""

    def before(self, what: str) -> None:  # noqa: ARG002 -- as of every watcher
        """Lets a commit be done by who holds the lakehouse.

        Raises:
            LeaseLost: The command does not.
        """
        if self._lease is not None:
            self._lease.check()

    def after(self, what: str) -> None:
        """Lets the command go on after a commit."""

    def release(self) -> None:
        """Lets the next one hold the lakehouse."""
        if self._lease is not None and self._lease.is_taken:
            self._lease.release()


@contextmanager
def held(declaration: Declaration, verb: str, *, wait_seconds: float = 0) -> Iterator[Hold]:
    """Keeps all others from changing the lakehouse, from the lease's taking to the block's end.

    Args:
        declaration: What the retailer declares.
        verb: What is done, such as `rebuild`.
        wait_seconds: How long to wait for another run to end.

    Raises:
        LakehouseBusy: Another run holds it; the message names its process.
    """
    until, place = time.monotonic() + wait_seconds, declaration.tables_place
    with ExitStack() as stack:
        engine = stack.enter_context(closing(open_engine(declaration)))
        if engine.capabilities.has_folder:
            stack.enter_context(lock.hold(Path(declaration.lakehouse), wait_seconds=wait_seconds))
        is_leased = engine.capabilities.is_leased
        lease = Lease(engine, place, verb) if is_leased else None
        hold = Hold(verb, place, lease, until)
        stack.callback(hold.release)
        stack.enter_context(watched_by(hold))
        yield hold


def _pause(seconds: float) -> None:
    """Waits; who waits can be stopped."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _STOPS_WITHIN_SECONDS))
        safe_point()
