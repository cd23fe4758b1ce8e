"""The sample retailer after its run."""

from __future__ import annotations

from pathlib import Path

from sales_pipeline import load_config, run
from sales_pipeline.config.model import Declaration
from sales_pipeline.sample import place_sample


def traded_sample(folder: Path) -> Declaration:
    """Runs the sample retailer once in an empty folder; returns its declaration."""
    places = {"landing": str(folder / "landing"), "lakehouse": str(folder / "lakehouse")}
    declaration = load_config().model_copy(update=places)
    place_sample(folder / "landing")
    assert run(declaration).outcome == "done"
    return declaration
