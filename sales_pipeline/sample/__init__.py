"""The files of the sample retailer, and the totals that a run over them must find.

`benchmarks/generator.py --sample` writes the data beside this module; its declaration is
`sales_pipeline/config/config.yaml`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

__all__ = ["CLOSED", "LATE", "expected", "place_sample"]

CLOSED = date(2025, 12, 1)
"""The month that is closed before its last file comes."""
LATE = ("tokyo/sales_2025-12-31.csv",)
"""The files that come after it was closed, relative to the landing folder."""


def place_sample(landing: Path, *, late: bool | None = None) -> list[str]:
    """Copies the files of the sample into a landing folder, as if the stores had delivered them.

    A file that is already there is not changed. A copy is written under a name that starts with a
    dot and renamed when it is complete, so that a killed process never leaves half a file.

    Args:
        landing: The landing folder; it is created if it does not exist.
        late: Whether to copy only the files of `LATE`, or only the others; None for all.

    Returns:
        The names of the files written, relative to `landing`, such as
        `paris/ventes_2024-11.csv`.

    Raises:
        OSError: A file could not be written.
    """
    shipped = files(__name__) / "landing"
    return [
        name
        for name, source in _files_below(shipped, "")
        if late in (None, name in LATE) and _place(source, landing.joinpath(name))
    ]


def expected() -> dict[str, Any]:
    """Returns the expected totals: counts by feed, units, and unrounded revenue in EUR.

    Revenue is exact decimal text: by month, by month and store, by product, and in all.
    """
    text = (files(__name__) / "expected.json").read_text(encoding="utf-8")
    totals: dict[str, Any] = json.loads(text)
    return totals


def _files_below(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _files_below(entry, f"{path}{entry.name}/")
        elif entry.name.endswith(".csv"):
            yield f"{path}{entry.name}", entry


def _place(source: Traversable, target: Path) -> bool:
    """Copies one file, unless it exists already; returns whether it copied."""
    if target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    partial.write_bytes(source.read_bytes())
    os.replace(partial, target)
    return True
