"""Small batches are held by the process, large ones are not; tests take one way or the other.

Their batches are all small, so without this no test would take the way of large ones. A test
takes always the same one, chosen by its name, and about half of them take each.
"""

from __future__ import annotations

from zlib import crc32

from sales_pipeline.engines.folder import FolderEngine

USUAL = FolderEngine.rows_held_here
_NONE = 0


def take_way_of(name: object) -> None:
    """Takes the way of small or of large batches from now on, chosen by a name."""
    take_way(is_held=crc32(str(name).encode()) % 2 == 1)


def take_way(*, is_held: bool) -> None:
    """Lets small batches be held, as they are without this module, or takes the other way."""
    FolderEngine.rows_held_here = USUAL if is_held else _NONE
