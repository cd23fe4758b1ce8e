"""Moves landing files to where they stay: `archive/` or `rejected/` (P4).

A file is never moved over another: its place holds the first 12 characters of the
sha256 of its bytes. Every move may be killed and done again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from sales_pipeline.commit_points import commit_point
from sales_pipeline.landing.discovery import sha256_of
from sales_pipeline.printable import printable

_REASON = ".reason.txt"
_PARTIAL = re.compile(r"\.[0-9a-f]{64}\.part")
_LONGEST_NAME = 255
"""In bytes; what the file systems of all usual machines take."""


def kept_path(folder: Path, feed: str, sha256: str, name: str) -> Path:
    """Where a file is kept below `archive/` or `rejected/`: `<feed>/<sha256, 12>/<name>`."""
    return folder / feed / sha256[:12] / name


def is_keepable(source: Path, target: Path, sha256: str) -> bool:
    """Says whether `keep` would find the bytes, in their place or where they came from."""
    return sha256_of(target) == sha256 or sha256_of(source) == sha256


def keep(source: Path, target: Path, sha256: str) -> bool:
    """Moves a file to its place, unless its bytes are there already.

    Args:
        source: The landing file.
        target: Its place, from `kept_path`.
        sha256: What the bytes must be; a landing file that holds other bytes by now is left.

    Returns:
        Whether the bytes are in their place now.
    """
    if source.is_symlink():  # Somebody put it in the place of the file that was read.
        return False
    if target.exists() and sha256_of(target) == sha256:
        if sha256_of(source) == sha256:
            with commit_point(f"remove {source.name}, which is kept"):
                source.unlink()
        return True
    if sha256_of(source) != sha256:
        return False
    move(source, target)
    return True


def move(source: Path, target: Path) -> None:
    """Moves a file, also to another file system, so that no half file is ever seen."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with commit_point(f"move {source.name}"):
        _rename(source, target)
    sync([target.parent])


def _rename(source: Path, target: Path) -> None:
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != 18:  # EXDEV: the target is on another file system
            raise
        partial = _partial_path(target)
        shutil.copy2(source, partial)
        sync([partial])
        os.rename(partial, target)
        source.unlink()


def _partial_path(target: Path) -> Path:
    """Where a file is written before it has its name, which may be as long as a name can be."""
    name = hashlib.sha256(os.fsencode(target.name)).hexdigest()
    return target.with_name(f".{name}.part")


def partial_files(folder: Path) -> Iterator[Path]:
    """What was being copied into a folder, or one below it, when its process was killed."""
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
    """Where the reason of a rejected file is; `reason.txt` where its name leaves no room."""
    name = f"{target.name}{_REASON}"
    is_long = len(os.fsencode(name)) > _LONGEST_NAME
    return target.with_name(_REASON[1:] if is_long else name)


def sync(paths: list[Path] | list[str]) -> None:
    """Asks the operating system to bring files and folders to the disk.

    What is no disk, such as a folder of a cloud's storage, may have nothing to bring to one.
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
