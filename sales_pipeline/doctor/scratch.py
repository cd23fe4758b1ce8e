"""The names of what a doctor makes: its own, never a feed's, and known again after a kill."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import time
from dataclasses import dataclass

_PATTERN = re.compile(r"_doctor_([0-9a-f]{6})_(\d+)_(\d+)")
_ABANDONED_AFTER_SECONDS = 3600


@dataclass(frozen=True)
class ScratchName:
    """Whose the scratch things are.

    The underscore at its beginning keeps it apart from every feed, whose name begins with a
    letter.

    Attributes:
        host: Six digits that stand for the machine.
        process: The process on it.
        since: When it began, in seconds.
    """

    host: str
    process: int
    since: int

    @classmethod
    def of_this_process(cls) -> ScratchName:
        """The name of what this process makes."""
        return cls(_this_host(), os.getpid(), int(time.time()))

    @classmethod
    def read(cls, text: str) -> ScratchName | None:
        """The name in a text, or None where it is another's.

        >>> ScratchName.read("_doctor_0a1b2c_42_1700000000")
        ScratchName(host='0a1b2c', process=42, since=1700000000)
        >>> ScratchName.read("doctor")
        """
        found = _PATTERN.fullmatch(text)
        return cls(found[1], int(found[2]), int(found[3])) if found else None

    def __str__(self) -> str:
        return f"_doctor_{self.host}_{self.process}_{self.since}"

    def is_abandoned(self) -> bool:
        """Says whether nobody works with it: its process is gone, or it is older than any."""
        if time.time() - self.since > _ABANDONED_AFTER_SECONDS:
            return True
        return self.host == _this_host() and not _is_alive(self.process)


def _this_host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:6]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
