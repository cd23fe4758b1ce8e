"""Everything in a folder, to compare it before and after."""

from __future__ import annotations

from pathlib import Path

Tree = dict[str, bytes | None]


def tree(folder: Path) -> Tree:
    """Every file of a folder with its bytes, and every folder in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }
