"""Shared by the tests of `doctor`: a workbench on the engine of the test session."""

from __future__ import annotations

import pytest

from sales_pipeline.engines.embedded import EmbeddedEngine
from sales_pipeline.proofs.workbench import Workbench
from tests.retailer import Retailer


@pytest.fixture
def bench(retailer: Retailer, engine: EmbeddedEngine) -> Workbench:
    """A bench on the engine of the session of tests, for single checks."""
    return Workbench(retailer.declaration, engine)
