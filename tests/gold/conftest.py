"""The sample retailer, which ran once."""

from __future__ import annotations

import pytest

from sales_pipeline.config.model import Declaration
from sales_pipeline.sample import expected
from tests.sample.records import records
from tests.sample.traded import traded_sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Declaration:
    """The declaration of the sample retailer after its run."""
    assert len(records()) == sum(feed["accepted"] for feed in expected()["feeds"].values())
    return traded_sample(tmp_path_factory.mktemp("sample"))
