"""A private network for the process of a run, so that other users cannot reach its engine.

The server of the embedded engine has no authentication: any user of the machine that finds its
port could run Python as its user. On Linux a process can enter a network namespace in
which it is alone, but only before its first thread starts, so before anything large is imported.
Other users than root need a user namespace as well, in which they keep their user id.
"""

from __future__ import annotations

import os
import struct
import sys
from contextlib import suppress
from pathlib import Path

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1
_PROCESS = Path("/proc/self")
_kept: list[str] = []


def keep_network(reason: str) -> None:
    """Keeps this process in its present network; `why_not` then gives the reason."""
    _kept.append(reason)


def enter_private_network() -> bool:
    """Enters a network in which this process and its children are alone.

    Returns False, and changes nothing, if that is not possible.
    """
    if why_not():
        return False
    try:
        _enter()
    except OSError:
        return False
    return True


def lacks_private_networks() -> bool:
    """Returns whether this system gives no process a network of its own."""
    return sys.platform != "linux"


def why_not() -> str | None:
    """Returns why this process cannot have a network of its own, or None if it can."""
    if _kept:
        return _kept[-1]
    if lacks_private_networks():
        return "only Linux gives a process a network of its own"
    if len(list((_PROCESS / "task").iterdir())) > 1:
        return "the process has started threads already"
    # A process that fails halfway cannot go back, so a child tries first.
    child = os.fork()
    if not child:
        code = 1
        with suppress(OSError):
            _enter()
            code = 0
        os._exit(code)
    _, status = os.waitpid(child, 0)
    return "the machine does not let this user make one" if status else None


def network_of_a_run() -> str:
    """Returns a sentence on which users can reach the engine of a run that starts like this one."""
    reason = why_not()
    if reason is None:
        return "a run is alone in a network of its own, so no other user reaches its engine"
    return f"other users of this machine can reach the engine while a run lasts ({reason})"


def _enter() -> None:
    user, group = os.geteuid(), os.getegid()
    is_root = user == 0
    _unshare(_NEW_NETWORK if is_root else _NEW_USER | _NEW_NETWORK)
    if not is_root:
        (_PROCESS / "setgroups").write_text("deny")
        (_PROCESS / "uid_map").write_text(f"{user} {user} 1")
        (_PROCESS / "gid_map").write_text(f"{group} {group} 1")
    _bring_loopback_up()


def _unshare(flags: int) -> None:
    """Makes the system call; Python has it from 3.12 on."""
    import ctypes

    if ctypes.CDLL(None, use_errno=True).unshare(flags):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _bring_loopback_up() -> None:
    import socket
    from fcntl import ioctl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = ioctl(any_socket, _GET_FLAGS, struct.pack("16sh22x", b"lo", 0))
        _, flags = struct.unpack("16sh22x", answer)
        ioctl(any_socket, _SET_FLAGS, struct.pack("16sh22x", b"lo", flags | _UP))
