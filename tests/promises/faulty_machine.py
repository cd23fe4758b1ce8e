"""Runs a retailer on a machine that refuses what it is asked, in a process of its own.

As in `killed_run`, that process is forked. It is the only one that sees its small disk, or that
has lost its rights; what happened there it leaves in a file.
"""

from __future__ import annotations

import ctypes
import json
import os
from pathlib import Path

from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.cli.screen import tell_failure
from sales_pipeline.proofs.killed_processes import ProcessEnd
from sales_pipeline.proofs.retailer_copies import differences
from tests.promises.killed_run import called, retailer_in
from tests.retailer import Retailer

EXPECTED, FOUND = "expected.json", "found.json"
_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_REMOUNT, _EVERYWHERE, _PRIVATE = 1 << 5, 1 << 14, 1 << 18
_FIRST_KIBIBYTES, _MORE_ROOM, _MOST_RUNS = 64, 1.4, 20
_CAPABILITIES = 0x20080522


def ran(how: str, retailer: Retailer) -> tuple[ProcessEnd, list[object] | None]:
    """How a process ended that ran a retailer in some way, and what it found; None if refused.

    Args:
        how: `on_a_disk_that_grows` or `without_rights`.
        retailer: The retailer.
    """
    found = retailer.folder / FOUND
    ended = called(f"{__name__}:{how}", retailer)
    return ended, json.loads(found.read_text()) if found.exists() else None


def on_a_disk_that_grows(folder: str) -> None:
    """Runs with the lakehouse on a disk that is too small for it, and larger every time.

    What it finds: the exit code of each run, and how the last differs from what is expected.
    """
    retailer, place = retailer_in(folder), Path(folder, "lakehouse")
    place.mkdir()
    if _unshared(_NEW_MOUNTS) and _mounted(Path("/"), _EVERYWHERE | _PRIVATE):
        codes: list[int] = []
        size = float(_FIRST_KIBIBYTES)
        while not codes or (codes[-1] and len(codes) < _MOST_RUNS):
            if not _mounted(place, _REMOUNT if codes else 0, f"size={size:.0f}k"):
                return
            codes.append(_code(retailer))
            size *= _MORE_ROOM
        expected = json.loads(Path(folder, EXPECTED).read_text())
        folders = folders_of(retailer.declaration)
        _leave(folder, codes, retailer.read(lambda it: differences(expected, it, folders)))


def without_rights(folder: str) -> None:
    """Runs as a user does for whom the rights of files count; root gives up that they do not."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0)
    if os.geteuid() or not _system().capset(header, (ctypes.c_uint32 * 6)()):
        retailer = retailer_in(folder)
        _leave(folder, _code(retailer))


def _code(retailer: Retailer) -> int:
    try:
        report = retailer.run()
        notes = [*report.unreadable, *report.unmoved]
        print(*(f"{note.path}: {note.reason}" for note in notes), sep="\n", flush=True)
        return report.exit_code
    except Exception as error:  # noqa: BLE001 -- as the command line takes whatever comes
        return tell_failure(error)


def _leave(folder: str, *found: object) -> None:
    Path(folder, FOUND).write_text(json.dumps(found), encoding="utf-8")


def _unshared(what: int) -> bool:
    return not _system().unshare(what if os.geteuid() == 0 else what | _NEW_USER)


def _mounted(place: Path, flags: int, options: str = "") -> bool:
    return not _system().mount(b"tmpfs", bytes(place), b"tmpfs", flags, options.encode())


def _system() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
