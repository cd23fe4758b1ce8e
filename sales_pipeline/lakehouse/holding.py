"""Locks a lakehouse for a command that changes it: one command at a time (P10).

On one machine the lock of a file does that. If several machines may share the tables
(`Capabilities.is_leased`), there is a lease in the tables as well (`lease`). Reading needs neither
of them, so a command takes the lease once it knows that there is work; every later commit checks
the lease. Both belong to the run: two lakehouses in two threads of a process do not meet.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sales_pipeline.commit_points import Watcher, safe_point, watched_by
from sales_pipeline.config.model import Declaration
from sales_pipeline.engines.engine import Engine
from sales_pipeline.engines.spark_session import open_engine
from sales_pipeline.errors import LakehouseBusy
from sales_pipeline.lakehouse import lock
from sales_pipeline.lakehouse.lease import Lease

_LOOK_EVERY_SECONDS = 2.0
_STOPS_WITHIN_SECONDS = 0.2


class Hold(Watcher):
    """The hold that a command has on its lakehouse.

    It watches the commit points of its run, so that a run without the lease commits nothing and
    moves no file.

    Args:
        verb: The name of the command.
        place: The name of the lakehouse in messages.
        lease: The lease, if the engine needs one.
        until: When to stop waiting for other runs, in seconds of the monotonic clock.
    """

    def __init__(self, verb: str, place: str, lease: Lease | None, until: float) -> None:
        self.verb = verb
        self._place, self._lease, self._until = place, lease, until

    def take(self, engine: Engine | None = None) -> bool:
        """Takes the lease, if there is one that was not taken yet; returns True if it did.

        Another run may have worked until then, so the engine that the command has read with forgets
        what it remembers of tables.

        Raises:
            LakehouseBusy: Another run holds it; the message names it.
        """
        if self._lease is None or self._lease.is_taken:
            return False
        self._wait_for(self._lease)
        self._lease.keep()
        if engine is not None:
            engine.forget_tables()
        return True

    def take_again(self) -> None:
        """Takes the lease again after its table was made anew; does not wait.

        Raises:
            LakehouseBusy: Another run was faster.
        """
        if self._lease is not None and not self._lease.try_to_take():
            raise self._busy(self._lease)

    def _wait_for(self, lease: Lease) -> None:
        is_logged = False
        while not lease.try_to_take():
            seconds_left = self._until - time.monotonic()
            if seconds_left <= 0:
                raise self._busy(lease)
            if not is_logged:
                lock.log_waiting(self._place, seconds_left, lease.holder())
                is_logged = True
            _pause(min(seconds_left, _LOOK_EVERY_SECONDS))

    def _busy(self, lease: Lease) -> LakehouseBusy:
        return lock.busy(self._place, lease.holder())

    def before(self, what: str) -> None:  # noqa: ARG002 -- any commit needs it
        """Checks before a commit that the command has the lease.

        Raises:
            LeaseLost: It does not have it.
        """
        if self._lease is not None:
            self._lease.check()

    def release(self) -> None:
        """Releases the lease for the next command."""
        if self._lease is not None and self._lease.is_taken:
            self._lease.release()


@contextmanager
def held(declaration: Declaration, verb: str, *, wait_seconds: float = 0) -> Iterator[Hold]:
    """Keeps all other commands from changing the lakehouse until the block ends.

    The lock of the file is taken at once; the lease only when the command calls `Hold.take`.

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
    """Waits; a signal can stop the waiting."""
    until = time.monotonic() + seconds
    while (seconds_left := until - time.monotonic()) > 0:
        time.sleep(min(seconds_left, _STOPS_WITHIN_SECONDS))
        safe_point()
