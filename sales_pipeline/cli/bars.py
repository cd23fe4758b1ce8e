"""The bar of a run: its stage, and in words how far it is."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn


def make_bars(console: Console | None = None) -> Progress:
    """Returns bars on stderr, which leave nothing on the screen when they end.

    Args:
        console: Where they are drawn instead.
    """
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[words]}", markup=False),
        console=console or Console(stderr=True),
        transient=True,
    )
