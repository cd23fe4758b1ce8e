"""Moves landing files to `archive/` or `rejected/`, where they stay (P4).

A file is never moved over another: its place holds the first 12 characters of the
sha256 of its bytes. Every move may be killed and done again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from sales_pipeline.commit_points import commit_point
from sales_pipeline.landing.discovery import seen_of, sha256_of
from sales_pipeline.landing.regular_files import (
    digest_of,
    is_being_written,
    open_regular,
    signature_of,
)
from sales_pipeline.printable import printable

_REASON = ".reason.txt"
_PARTIAL = re.compile(r"\.[0-9a-f]{64}\.part")
_COPY_BLOCK = 1 << 20
_MOVES_OPEN_FILES = os.name == "posix"
_LONGEST_NAME = 255
"""In bytes; the limit of the file systems of all usual machines."""


def kept_path(folder: Path, feed: str, sha256: str, name: str) -> Path:
    """Returns the place below `archive/` or `rejected/`: `<feed>/<sha256, 12>/<name>`."""
    return folder.joinpath(feed, sha256[:12], name)


def is_keepable(source: Path, target: Path, sha256: str) -> bool:
    """Returns whether `keep` would find the bytes, in their place or at their source."""
    return sha256_of(target) == sha256 or sha256_of(source) == sha256


def is_kept(place: Path) -> bool:
    """Returns whether a file, not a folder, lies in a place; never where its path is too long."""
    return stat.S_ISREG(_mode(place))


def _mode(path: Path) -> int:
    """Returns the mode of what lies at a path; 0 if there is nothing, or nothing can be there."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def keep(source: Path, target: Path, sha256: str) -> bool:
    """Moves a file to its place, unless its bytes are there already.

    Args:
        source: The landing file.
        target: Its place, from `kept_path`.
        sha256: The digest that the bytes must have; a landing file with other bytes, or one that a
            process has open for writing, is left.

    Returns:
        True if the bytes are in their place now.

    Raises:
        OSError: The system does not let it be moved.
    """
    mode = _mode(target)
    if stat.S_ISDIR(mode):  # It holds files that were delivered below a folder of that name.
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if mode:
        if sha256_of(target) == sha256:
            _remove_kept(source, sha256)
            return True
        # A killed run moved a file that had just taken the place of the one that it read.
        _put_back(target, source)
    try:
        with open_regular(source) as file:
            seen = signature_of(os.fstat(file.fileno()))
            if is_being_written(file) or digest_of(file) != sha256:
                return False
            if _MOVES_OPEN_FILES:
                return _move_read(file, seen, source, target)
    except FileNotFoundError:
        return False
    return _move_read(None, seen, source, target)


def _move_read(file: FileIO | None, seen: str, source: Path, target: Path) -> bool:
    """Moves a file that was read; another one that has since taken its place stays.

    The file has the signature `seen`, and is None if it cannot be kept open meanwhile.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # Not over another: the moved file is checked afterwards.
    with commit_point(f"move {source.name}"):
        place = _renamed(source, target)
    if place == target and seen_of(place) == seen:
        sync([target.parent])
        return True
    is_read = seen_of(place) == seen
    if not is_read:
        _put_back(place, source)
    if file is None and not is_read:
        return False
    try:
        _copy_kept(file or place, target)
    except OSError:
        if is_read:
            _put_back(place, source)
        raise
    if is_read:
        place.unlink()
    return True


def _renamed(source: Path, target: Path) -> Path:
    """Renames a file to its place, or to a private name beside it if that is on another disk."""
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        private = _partial_path(source)
        os.rename(source, private)
        return private
    return target


def _remove_kept(source: Path, sha256: str) -> None:
    """Removes a landing file whose bytes are in their place, unless somebody is writing it."""
    try:
        with open_regular(source) as file:
            if is_being_written(file) or digest_of(file) != sha256:
                return
    except FileNotFoundError:
        return
    with commit_point(f"clear {source.name}, which is kept"):
        source.unlink()


def _put_back(place: Path, source: Path) -> None:
    """Moves a file back to the place of its delivery, never over another.

    If there is another by now, it is kept in the archive by its own hash.
    """
    source.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(place, source)
    except FileExistsError:
        sha256 = sha256_of(place) or ""
        own_place = place.parent.parent / sha256[:12] / place.name
        own_place.parent.mkdir(parents=True, exist_ok=True)
        os.rename(place, own_place)
    except OSError:  # Another disk, or one without links.
        if os.path.lexists(source):
            raise
        move(place, source)
    else:
        place.unlink()


def move_back(place: Path, source: Path, sha256: str, size: int) -> bool:
    """Moves a kept file that was written to since back to the place of its delivery.

    The bytes that were read stay in the archive, if the file still begins with them.

    Args:
        place: Its place in the archive, or in `rejected/`.
        source: Where it lay.
        sha256: Of the bytes that were read.
        size: The number of these bytes.

    Returns:
        True if it was moved; False if another file has been delivered there meanwhile.
    """
    is_below_a_file = any(place.exists() and not place.is_dir() for place in source.parents)
    if os.path.lexists(source) or is_below_a_file:
        return False
    partial = _partial_path(place)
    digest, bytes_left = hashlib.sha256(), size
    with open_regular(place) as file, partial.open("wb") as copy:
        while bytes_left and (block := file.read(min(bytes_left, _COPY_BLOCK))):
            digest.update(block)
            copy.write(block)
            bytes_left -= len(block)
    sync([partial])
    with commit_point(f"move {place.name} back"):
        _put_back(place, source)
    if digest.hexdigest() == sha256:
        os.replace(partial, place)
    else:
        partial.unlink()
    sync([place.parent])
    return True


def move(source: Path, target: Path) -> None:
    """Moves a file, also to another file system, so that no half file is ever seen."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with commit_point(f"move {source.name}"):
        try:
            os.rename(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copy_kept(source, target)
            source.unlink()
    sync([target.parent])


def _copy_kept(source: Path | FileIO, target: Path) -> None:
    """Copies a file to its place, so that no half file is ever seen there."""
    partial = _partial_path(target)
    if isinstance(source, Path):
        shutil.copy2(source, partial)
    else:
        source.seek(0)
        with partial.open("wb") as copy:
            shutil.copyfileobj(source, copy, _COPY_BLOCK)
        status = os.fstat(source.fileno())
        os.utime(partial, ns=(status.st_atime_ns, status.st_mtime_ns))
    sync([partial])
    os.rename(partial, target)
    sync([target.parent])


def _partial_path(target: Path) -> Path:
    """Returns a temporary path beside a file, of a fixed length because its name may be long."""
    name = hashlib.sha256(os.fsencode(target.name)).hexdigest()
    return target.with_name(f".{name}.part")


def partial_files(folder: Path) -> Iterator[Path]:
    """Yields files that were being copied into or below a folder when their process was killed."""
    return (path for path in folder.rglob(".*.part") if _PARTIAL.fullmatch(path.name))


def write_kept(target: Path, data: bytes) -> None:
    """Writes bytes to their place in the archive, so that no half file is ever seen there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial_path(target)
    partial.write_bytes(data)
    sync([partial])
    with commit_point(f"write {target.name}"):
        os.replace(partial, target)
    sync([target.parent])


def write_reason(target: Path, reason: str) -> None:
    """Writes the reason beside a rejected file, as `<name>.reason.txt`, safe to print."""
    beside = reason_path(target)
    beside.parent.mkdir(parents=True, exist_ok=True)
    with commit_point(f"write {beside.name}"):
        beside.write_text(f"{printable(reason)}\n", encoding="utf-8")


def reason_path(target: Path) -> Path:
    """Returns the path of the reason of a rejected file; `reason.txt` if its name is too long."""
    name = f"{target.name}{_REASON}"
    is_long = len(os.fsencode(name)) > _LONGEST_NAME
    return target.with_name(_REASON[1:] if is_long else name)


def sync(paths: list[Path] | list[str]) -> None:
    """Asks the operating system to bring files and folders to the disk.

    A file system without a disk, such as a cloud's storage, may refuse it.
    """
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(descriptor)
