"""Opens landing files without ever waiting for one, and detects files that are being written.

A named pipe, a socket or a device in the landing folder would keep its reader waiting for ever, so
only regular files are opened. On Linux a read lease says whether any process has a file open for
writing, also one that pauses. A lease says nothing about processes on other machines, so that it
only counts on file systems of this one.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import signal
import stat
from functools import cache
from io import FileIO
from pathlib import Path
from types import ModuleType

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_HASH_BLOCK = 1 << 20
_O_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_O_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_O_BINARY = getattr(os, "O_BINARY", 0)
_MOUNTS = "/proc/self/mountinfo"
_OF_THIS_MACHINE = frozenset([
    "bcachefs", "btrfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "fuseblk", "hfsplus",
    "jfs", "nilfs2", "ntfs3", "overlay", "ramfs", "reiserfs", "tmpfs", "ubifs", "vfat", "xfs",
    "zfs",
])  # fmt: skip
_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def special_kind(status: os.stat_result) -> str | None:
    """The kind of a special file, such as `a named pipe`; None for a regular file."""
    if stat.S_ISREG(status.st_mode):
        return None
    return next((kind for is_kind, kind in _KINDS if is_kind(status.st_mode)), "no regular file")


def regular_opener(path: str, flags: int) -> int:
    """Opens a regular file and never waits; an `opener` for `open`.

    Raises:
        FileNotFoundError: There is no regular file.
    """
    descriptor = os.open(path, flags | _O_NONBLOCK)
    if special_kind(os.fstat(descriptor)) is not None:
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "no regular file", path)
    return descriptor


def open_regular(path: Path) -> FileIO:
    """Opens a regular file for reading; a symbolic link is none.

    Raises:
        FileNotFoundError: There is no regular file.
        OSError: It cannot be read.
    """

    def opener(name: str, flags: int) -> int:
        try:
            return regular_opener(name, flags | _O_NOFOLLOW | _O_BINARY)
        except OSError as error:
            # A symbolic link, and a socket.
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise FileNotFoundError(errno.ENOENT, "no regular file", name) from error
            raise

    return FileIO(path, "rb", opener=opener)


def digest_of(file: FileIO) -> str:
    """The sha256 of the bytes of an open file."""
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(_HASH_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def signature_of(status: os.stat_result) -> str:
    """Size, time of change and inode of a file as one text, by which it is recognised."""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"


def is_being_written(file: FileIO) -> bool | None:
    """Returns whether a process has a file open for writing; None if the system cannot tell.

    Args:
        file: The file, open for reading only.
    """
    if fcntl is None or not hasattr(fcntl, "F_SETLEASE"):
        return None
    if not _is_of_this_machine(os.fstat(file.fileno()).st_dev, Path(file.name).parent):
        return None
    try:
        # If a process opens the leased file, the system sends a signal, which ends a
        # process unless it is one that is ignored.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


@cache
def _is_of_this_machine(device: int, folder: Path) -> bool:
    """Returns whether a folder is on a file system that no other machine writes to."""
    real = f"{os.path.realpath(folder).rstrip('/')}/"
    best, kind = "", ""
    for place, file_system in _mounts(_MOUNTS, device):
        if real.startswith(f"{place.rstrip('/')}/") and len(place) >= len(best):
            best, kind = place, file_system
    return kind in _OF_THIS_MACHINE


@cache
def _mounts(path: str, device: int) -> list[tuple[str, str]]:  # noqa: ARG001 - a part of the key
    """The places at which file systems are mounted, and their kinds; none if they are unknown.

    They are read once for each device that is met, and not for each folder.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as mounts:
            lines = [line.split() for line in mounts]
    except OSError:
        return []
    return [
        (
            re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4]),
            fields[fields.index("-") + 1],
        )
        for fields in lines
    ]
