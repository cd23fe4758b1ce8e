"""The folders of a retailer: what lands in one must not be what is kept in the other."""

from __future__ import annotations

import os
from pathlib import Path

USUAL_LANDING = "./landing"
USUAL_LAKEHOUSE = "./lakehouse"


def nested_folders(landing: Path, lakehouse: Path) -> str | None:
    """Says how two folders are one, or one in the other; None where they are apart.

    Whatever is in the landing folder may be taken for a delivery, and the tables of a lakehouse
    are removed as a whole.

    >>> nested_folders(Path("/data/landing"), Path("/data/landing/tables"))
    'the lakehouse is in the landing folder'
    >>> nested_folders(Path("/data/landing"), Path("/data/x/../lakehouse"))
    """
    one, other = (Path(os.path.normpath(folder)) for folder in (landing, lakehouse))
    if one == other:
        return "the landing folder and the lakehouse are the same"
    if other.is_relative_to(one):
        return "the lakehouse is in the landing folder"
    if one.is_relative_to(other):
        return "the landing folder is in the lakehouse"
    return None
