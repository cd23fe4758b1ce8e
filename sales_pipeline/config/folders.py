"""The folders of a retailer: what lands in one must not be what is kept in the other."""

from __future__ import annotations

import os
import re
from pathlib import Path

USUAL_LANDING = "./landing"
USUAL_LAKEHOUSE = "./lakehouse"
CATALOG, SCHEMA = "catalog", "schema"
PLACEHOLDERS = (CATALOG, SCHEMA)
"""What may stand in braces in the path of a folder, and is the declared key that fills it."""
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


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


def placeholders_in(folder: str) -> list[str]:
    """The names in braces in the path of a folder.

    >>> placeholders_in("/Volumes/{catalog}/{schema}/landing")
    ['catalog', 'schema']
    """
    return _PLACEHOLDER.findall(folder)


def filled(folder: str, *, catalog: str | None, schema: str) -> str | None:
    """The path of a folder with its placeholders filled; None where it lacks a catalog.

    A schema is one of a catalog, so neither stands for anything without one; other braces are part
    of the path.

    >>> filled("/Volumes/{catalog}/{schema}/landing", catalog="main", schema="sales")
    '/Volumes/main/sales/landing'
    >>> filled("/Volumes/{catalog}/{schema}/landing", catalog=None, schema="sales")
    >>> filled("/data/{old}/landing", catalog=None, schema="sales")
    '/data/{old}/landing'
    """
    if not set(placeholders_in(folder)) & set(PLACEHOLDERS):
        return folder
    if catalog is None:
        return None
    return folder.replace(f"{{{CATALOG}}}", catalog).replace(f"{{{SCHEMA}}}", schema)
