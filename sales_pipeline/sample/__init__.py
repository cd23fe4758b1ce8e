"""The sample retailer's files as the package ships them, and what they must come to.

`benchmarks/generator.py --sample` writes the data beside this module; the declaration that reads
it is `sales_pipeline/config/config.yaml`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

__all__ = ["expected", "place_sample"]


def place_sample(landing: Path) -> list[str]:
    """Copies the sample's files into a landing folder, as if the stores had just delivered them.

    A file that is already there is left as it is. A copy grows under a name that starts with a
    dot and gets its own name when it is whole, so that a killed copy never leaves half a file.

    Args:
        landing: The landing folder; made if need be.

    Returns:
        The names of the files written, relative to `landing`, such as
        `paris/ventes_2024-11.csv`.

    Raises:
        OSError: A file could not be written.
    """
    shipped = files(__name__) / "landing"
    return [
        name for name, source in _files_below(shipped, "") if _place(source, landing.joinpath(name))
    ]


def expected() -> dict[str, Any]:
    """Returns what the sample must come to: counts per feed, units, and unrounded revenue in EUR.

    Revenue is exact decimal text: per month, per month and store, per product, and in all.
    """
    text = (files(__name__) / "expected.json").read_text(encoding="utf-8")
    answer: dict[str, Any] = json.loads(text)
    return answer


def _files_below(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _files_below(entry, f"{path}{entry.name}/")
        elif entry.name.endswith(".csv"):
            yield f"{path}{entry.name}", entry


def _place(source: Traversable, target: Path) -> bool:
    """Copies one file unless it is there, and tells whether it did."""
    if target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    growing = target.with_name(f".{target.name}.part")
    growing.write_bytes(source.read_bytes())
    os.replace(growing, target)
    return True
