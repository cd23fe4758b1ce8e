"""Opens the engine that a run works on."""

from __future__ import annotations

from pathlib import Path

from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.engines.engine import Engine


def open_engine(lakehouse: Path) -> Engine:
    """Returns the engine for a lakehouse folder; no session starts before it is needed.

    Args:
        lakehouse: The folder of the tables.
    """
    return EmbeddedEngine(lakehouse)
