"""One run at a time on one lakehouse (P10).

The lock is one the operating system drops with the process, so a killed holder never
blocks the next run. Beside it lies a note of who holds it, for the message only.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from sales_pipeline.errors import LakehouseBusy

LOCK_NAME = "run.lock"


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
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise LakehouseBusy(
            f"{lakehouse}: another run is at work ({_holder(note)}). "
            "Do: wait for it, or give --wait SECONDS."
        ) from None
    try:
        note.write_text(json.dumps(_me()), encoding="utf-8")
        yield
        note.unlink(missing_ok=True)
    finally:
        lock.release()


def _me() -> dict[str, str | int]:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "started": started}


def _holder(note: Path) -> str:
    try:
        me = json.loads(note.read_text(encoding="utf-8"))
        return f"process {me['pid']} on {me['host']}, since {me['started']}"
    except (OSError, ValueError, KeyError):
        return "it does not say who it is"
