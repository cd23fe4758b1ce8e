"""What `reset` did, as text and as a JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from sales_pipeline.errors import counted, examples
from sales_pipeline.printable import printable

if TYPE_CHECKING:
    from sales_pipeline.operations.reset import Reset


def reset_text(done: Reset) -> RenderableType:
    """Returns what was put back, and what stays in the archive."""
    moved = [printable(path) for path in done.moved]
    kept = [printable(str(path)) for path in done.kept]
    lines = [f"The tables are removed; {counted(len(moved), 'file')} moved back{_named(moved)}."]
    if kept:
        lines.append(
            f"{counted(len(kept), 'file')} stayed, for another lies in the place{_named(kept)}."
        )
    return Group(*(Text(line) for line in lines))


def reset_document(done: Reset) -> dict[str, Any]:
    """Returns the same as plain values."""
    return {"moved": list(done.moved), "kept": [str(path) for path in done.kept]}


def _named(paths: list[str]) -> str:
    return f": {examples(paths)}" if paths else ""
