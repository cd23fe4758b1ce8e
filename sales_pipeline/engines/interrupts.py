"""Ctrl-C stays with whoever runs the engine.

The embedded engine's server, which lives in this process, takes the signal of Ctrl-C for an
order to end. A run that stops at its next safe point needs its engine until then.
"""

from __future__ import annotations

import ctypes
import signal
import time

_ROOM = 512
"""Bytes; more than the description of what a process does on a signal takes anywhere."""
_HANDLER = slice(ctypes.sizeof(ctypes.c_void_p))
_LONGEST_SECONDS = 0.5


class Interrupts:
    """What this process does on Ctrl-C, to be put back once a server has put its own there.

    Python's own `signal.signal` would be refused, for engines start in any thread.
    """

    def __init__(self) -> None:
        self._system = ctypes.CDLL(None, use_errno=True)
        self._kept = self._now()

    def put_back(self) -> None:
        """Puts it back; a server that has only been started is waited for."""
        until = time.monotonic() + _LONGEST_SECONDS
        while self._now().raw[_HANDLER] == self._kept.raw[_HANDLER] and time.monotonic() < until:
            time.sleep(_LONGEST_SECONDS / 100)
        self._system.sigaction(signal.SIGINT, self._kept, None)

    def _now(self) -> ctypes.Array[ctypes.c_char]:
        found = ctypes.create_string_buffer(_ROOM)
        self._system.sigaction(signal.SIGINT, None, found)
        return found
