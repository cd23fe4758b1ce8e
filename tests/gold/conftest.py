"""The sample retailer after its run."""

from __future__ import annotations

import pytest

from sales_pipeline import load_config, run
from sales_pipeline.config.model import Declaration
from sales_pipeline.sample import expected, place_sample
from tests.sample.records import records


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Declaration:
    """The declaration of the sample retailer after its run."""
    folder = tmp_path_factory.mktemp("sample")
    folders = {"landing": str(folder / "landing"), "lakehouse": str(folder / "lakehouse")}
    declaration = load_config().model_copy(update=folders)
    place_sample(folder / "landing")
    assert len(records()) == sum(feed["accepted"] for feed in expected()["feeds"].values())
    run(declaration)
    return declaration
