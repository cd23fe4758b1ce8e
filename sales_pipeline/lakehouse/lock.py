"""The lock of a lakehouse folder: one run at a time on one machine (P10).

The operating system drops the lock with its process, so a killed holder never blocks the next
run. A note beside the lock names the holder, for messages only.
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
from sales_pipeline.errors import LakehouseBusy, UsageError

LOCK_NAME = "run.lock"
_LOOK_EVERY_SECONDS = 0.2
_NOTE_SECONDS = 1.0
_log = logging.getLogger(__name__)


@contextmanager
def hold(lakehouse: Path, *, wait_seconds: float = 0) -> Iterator[None]:
    """Locks the folder of a lakehouse while the block runs; it is made if it does not exist.

    Raises:
        LakehouseBusy: Another run holds it; the message names its process.
        UsageError: The folder, or one around it, is a file.
    """
    try:
        lakehouse.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        do = "move that file away, or declare another folder"
        raise UsageError(
            f"lakehouse: no folder, got {lakehouse}, where a file is. Do: {do}"
        ) from error
    note = lakehouse / "run.holder.json"
    lock = FileLock(lakehouse / LOCK_NAME)
    if not _is_taken(lock, note, wait_seconds):
        raise busy(str(lakehouse), _holder(note))
    try:
        _write(note)
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def busy(place: str, holder: str) -> LakehouseBusy:
    """Returns the error of a command that leaves because another run holds the lakehouse."""
    return LakehouseBusy(
        f"{place}: another run is at work ({holder}). Do: wait for it, or give --wait SECONDS."
    )


def log_waiting(place: str, seconds: float, holder: str) -> None:
    """Logs which run a command waits for, and for how long at most."""
    _log.warning("%s: waits for another run (%s), for %d s at most", place, holder, seconds)


def _is_taken(lock: FileLock, note: Path, wait_seconds: float) -> bool:
    """Waits for the lock and returns whether it was taken; a signal can stop the waiting."""
    until, is_logged = time.monotonic() + wait_seconds, False
    while True:
        seconds_left = max(until - time.monotonic(), 0)
        with suppress(Timeout):
            lock.acquire(timeout=min(seconds_left, _LOOK_EVERY_SECONDS))
            return True
        safe_point()
        if seconds_left <= _LOOK_EVERY_SECONDS:
            return False
        if not is_logged:
            log_waiting(str(note.parent), seconds_left, _holder(note))
            is_logged = True


def _write(note: Path) -> None:
    """Writes the note in one step, so that nobody reads half of it."""
    partial = note.with_name(f".{note.name}.part")
    partial.write_text(json.dumps(_this_process()), encoding="utf-8")
    os.replace(partial, note)


def _this_process() -> dict[str, str | int]:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "started": started}


def _holder(note: Path) -> str:
    """Returns the holder that the note names; waits while the note names a killed process."""
    until = time.monotonic() + _NOTE_SECONDS
    while time.monotonic() < until:
        with suppress(OSError, ValueError, KeyError):
            holder = json.loads(note.read_text(encoding="utf-8"))
            if holder["host"] != socket.gethostname() or is_alive(int(holder["pid"])):
                return f"process {holder['pid']} on {holder['host']}, since {holder['started']}"
        time.sleep(_LOOK_EVERY_SECONDS / 10)
    return "it does not say who it is"


def is_alive(process: int) -> bool:
    """Returns whether a process of this machine lives; on Windows, which cannot say, True."""
    if os.name != "posix":
        return True  # There, signal 0 is Ctrl-C.
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
