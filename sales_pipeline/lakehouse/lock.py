"""One run at a time on one lakehouse (P10).

The lock is one the operating system drops with the process, so a killed holder never
blocks the next run. Beside it lies a note of who holds it, for the message only.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from sales_pipeline.commit_points import safe_point
from sales_pipeline.errors import LakehouseBusy

LOCK_NAME = "run.lock"
_LOOK_EVERY_SECONDS = 0.2
_NOTE_SECONDS = 1.0
_log = logging.getLogger(__name__)


@contextmanager
def hold(lakehouse: Path, *, wait_seconds: float = 0) -> Iterator[None]:
    """Holds the lakehouse while the block runs.

    Args:
        lakehouse: The lakehouse folder; it is made where it is not there.
        wait_seconds: How long to wait for another run to end.

    Raises:
        LakehouseBusy: Another run holds it; the message names its process.
    """
    lakehouse.mkdir(parents=True, exist_ok=True)
    note = lakehouse / "run.holder.json"
    lock = FileLock(lakehouse / LOCK_NAME)
    if not _is_taken(lock, note, wait_seconds):
        raise LakehouseBusy(
            f"{lakehouse}: another run is at work ({_holder(note)}). "
            "Do: wait for it, or give --wait SECONDS."
        )
    try:
        _write(note)
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def tell_of_waiting(place: str, seconds: float, holder: str) -> None:
    """Says in the log for whom a command waits, and for how long at most."""
    _log.warning("%s: waits for another run (%s), for %d s at most", place, holder, seconds)


def _is_taken(lock: FileLock, note: Path, wait_seconds: float) -> bool:
    """Waits for the lock; says whether it came. Who waits can be stopped."""
    until, is_told = time.monotonic() + wait_seconds, False
    while True:
        left = max(until - time.monotonic(), 0)
        with suppress(Timeout):
            lock.acquire(timeout=min(left, _LOOK_EVERY_SECONDS))
            return True
        safe_point()
        if left <= _LOOK_EVERY_SECONDS:
            return False
        if not is_told:
            tell_of_waiting(str(note.parent), left, _holder(note))
            is_told = True


def _write(note: Path) -> None:
    """Writes who holds the lock, so that nobody reads half of it."""
    partial = note.with_name(f".{note.name}.part")
    partial.write_text(json.dumps(_me()), encoding="utf-8")
    os.replace(partial, note)


def _me() -> dict[str, str | int]:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "started": started}


def _holder(note: Path) -> str:
    """Who holds the lock. A holder that was killed left its note, and the next writes its own."""
    until = time.monotonic() + _NOTE_SECONDS
    while time.monotonic() < until:
        with suppress(OSError, ValueError, KeyError):
            it = json.loads(note.read_text(encoding="utf-8"))
            if it["host"] != socket.gethostname() or _is_alive(int(it["pid"])):
                return f"process {it['pid']} on {it['host']}, since {it['started']}"
        time.sleep(_LOOK_EVERY_SECONDS / 10)
    return "it does not say who it is"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
