"""Writes the files that a command is asked for: each one whole, or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_DEVICES = "/dev"


def write_file(path: Path, content: bytes) -> None:
    """Writes a file; one that is there stays as it was until the new one is whole.

    A link is followed, and the rights of the file stay. What is no regular file, such as
    /dev/stdout, or lies in a folder where nothing new may be made, is written to in place.

    Raises:
        OSError: It cannot be written; `filename` is the path as it was given.
    """
    if _is_written_in_place(path):
        path.write_bytes(content)
        return
    target = os.path.realpath(path)
    growing = Path(target).with_name(f".sales-pipeline-{os.getpid()}.part")
    try:
        growing.write_bytes(content)
        if path.exists():
            shutil.copymode(target, growing)
        os.replace(growing, target)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        growing.unlink(missing_ok=True)


def _is_written_in_place(path: Path) -> bool:
    if not path.exists():
        return False
    folder = Path(os.path.realpath(path)).parent
    is_regular = path.is_file() and not path.is_relative_to(_DEVICES)
    return not (is_regular and os.access(folder, os.W_OK | os.X_OK))
