"""A lease on the tables of a lakehouse: one run at a time, also of several machines (P10).

The lease is the one row of `ops.lock`. It is taken by one conditional commit ("if nobody holds it,
or the holder has not renewed it for its age"). A client that then reads its own token in the row
holds the lease: of two commits at once, Delta refuses one. A thread renews the lease while the
holder works.

Assumptions about clocks: a client that takes over compares two times of the engine's clock. With
a catalog that is the clock of the server. With tables in a folder it is the clock of each client,
so the clocks of two clients may differ by a third of the age, less the time of a commit. The
holder itself uses no time of day: two thirds of the age after its last confirmed renewal, it
renews the lease before it commits anything. One thing cannot be stopped here: a commit that a
client, or a server for a killed client, has begun and not ended when the rest of the age is over.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from threading import Event, Lock, Thread
from typing import Any

import pyarrow as pa

from sales_pipeline.engines.engine import Engine
from sales_pipeline.errors import LeaseLost
from sales_pipeline.lakehouse.arrow_types import arrow_schema, python_rows
from sales_pipeline.lakehouse.ops_tables import LOCK

AGE_SECONDS = 360
"""A Spark Connect server goes on with a statement for up to 5 minutes after its client was killed.
The next run begins after that, so that no commit of a killed run comes between its own."""
_RENEWALS_PER_AGE = 3
_TRIES_PER_AGE = 30
_SURE_FOR = 2 / 3
_ENDS_WITHIN_SECONDS = 60
_NAME = "lakehouse"
_PROPERTIES = {
    # Two commits at once conflict on every platform, even if they read nothing.
    "delta.isolationLevel": "Serializable",
    # Nobody reads earlier versions, so writers may shorten the log.
    "delta.checkpointInterval": "20",
    "delta.enableExpiredLogCleanup": "true",
    "delta.logRetentionDuration": "interval 1 days",
    "delta.deletedFileRetentionDuration": "interval 1 days",
}
_log = logging.getLogger(__name__)


def _seconds() -> float:
    """Returns seconds of a clock that also counts while the machine sleeps."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":  # There `time.monotonic` stands still in sleep.
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()


class Lease:
    """The lease of one run on a lakehouse, taken or not.

    Args:
        engine: The engine of the tables, for the lease alone, because its thread uses it too.
        place: The name of the lakehouse in messages.
        verb: The name of the command that takes it.
        age: Seconds after the last renewal until others may take the lease over.
        clock: Returns seconds that never go back.
    """

    def __init__(
        self,
        engine: Engine,
        place: str,
        verb: str,
        *,
        age: int = AGE_SECONDS,
        clock: Callable[[], float] = _seconds,
    ) -> None:
        self._engine, self._place, self._verb = engine, place, verb
        self._age, self._clock = age, clock
        self._token = secrets.token_hex(16)
        self._renewed: float | None = None
        self._row: Mapping[str, Any] | None = None
        self._lost: LeaseLost | None = None
        self._renewing = Lock()
        self._ended = Event()
        self._thread: Thread | None = None

    @property
    def is_taken(self) -> bool:
        """True from the taking of the lease to its release."""
        return self._renewed is not None

    def try_to_take(self) -> bool:
        """Takes the lease if it is free or has expired; returns True if it was taken."""
        with self._renewing:
            before, at = self._read(), self._clock()
            free = f"old.renewed_at < now() - INTERVAL '{self._age:d}' SECOND"
            holder = {"host": socket.gethostname(), "process": os.getpid(), "verb": self._verb}
            self._change(
                {"token": self._token, **holder},
                f"old.token IS NULL OR {free}",
                stamped=("taken_at", "renewed_at"),
                or_add=True,
            )
            if not self._is_mine():
                return False
            self._renewed = at
        if before is not None and before["token"] is not None:
            _log.warning("%s: took over from %s", self._place, _holder(before))
        return True

    def keep(self) -> None:
        """Starts a thread that renews the lease until its release."""
        self._thread = Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        wait = self._age / _RENEWALS_PER_AGE
        while not self._ended.wait(wait):
            wait = self._age / _RENEWALS_PER_AGE
            try:
                self.renew()
            except LeaseLost:
                return
            except Exception as error:  # noqa: BLE001 -- of any engine; the next commit checks
                _log.debug("%s: the lease was not renewed: %s", self._place, error)
                wait = self._age / _TRIES_PER_AGE

    def renew(self) -> None:
        """Renews the lease.

        Raises:
            LeaseLost: Another run holds the lease, or none.
        """
        with self._renewing:
            at, before = self._clock(), self._row
            self._change({}, f"old.token = '{self._token}'", stamped=("renewed_at",))
            if not self._is_mine():
                holder = _holder(self._row) if self._row and self._row["token"] else "nobody"
                self._lost = LeaseLost(self._place, f"it is held by {holder}")
                raise self._lost
            # An unchanged row means that another commit came in between.
            if before is None or self._row != before:
                self._renewed = at

    def check(self) -> None:
        """Checks that the holder may commit now; renews the lease first if it is old.

        Raises:
            LeaseLost: It may not.
        """
        if self._renewed is None:
            raise LeaseLost(self._place, "it was never taken")
        if self._lost is None and not self._is_sure():
            self.renew()
        if self._lost is not None:
            raise self._lost
        if not self._is_sure():
            raise LeaseLost(self._place, "it could not be renewed")

    def release(self) -> None:
        """Releases the lease; only logs a failure, because the lease ends by itself."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(_ENDS_WITHIN_SECONDS)
        self._renewed = None
        try:
            if self._engine.exists(LOCK.name):
                self._change({"token": None}, f"old.token = '{self._token}'", stamped=())
        except Exception as error:  # noqa: BLE001 -- of any engine; the work is done
            _log.warning(
                "%s: the lease was not released, it ends in %d s: %s", self._place, self._age, error
            )

    def holder(self) -> str:
        """Returns the holder that the last attempt to take the lease found, in words."""
        if self._row is None or self._row["token"] is None:
            return "it does not say who it is"
        ends = self._row["renewed_at"] + timedelta(seconds=self._age)
        return f"{_holder(self._row)}; were it killed, it would hold until {_at(ends)}"

    def _is_sure(self) -> bool:
        return self._renewed is not None and (
            self._clock() - self._renewed <= self._age * _SURE_FOR
        )

    def _is_mine(self) -> bool:
        self._row = self._read()
        return self._row is not None and self._row["token"] == self._token

    def _read(self) -> Mapping[str, Any] | None:
        if not self._engine.exists(LOCK.name):
            self._engine.create(LOCK.name, LOCK.columns, _PROPERTIES)
        return next(iter(python_rows(self._engine.read(LOCK.name))), None)

    def _change(
        self,
        values: Mapping[str, Any],
        condition: str,
        *,
        stamped: Sequence[str],
        or_add: bool = False,
    ) -> None:
        schema = arrow_schema(LOCK)
        row = {"name": _NAME, **values}
        fields = pa.schema([schema.field(name) for name in row])
        self._engine.change_row(
            LOCK.name,
            pa.Table.from_pylist([row], schema=fields),
            condition=condition,
            stamped=stamped,
            or_add=or_add,
        )


def _holder(row: Mapping[str, Any]) -> str:
    """Returns the holder in words: `process 12 on host, run since 2025-01-31T06:00:00+00:00`."""
    return f"process {row['process']} on {row['host']}, {row['verb']} since {_at(row['taken_at'])}"


def _at(moment: Any) -> str:
    return str(moment.isoformat(timespec="seconds"))
