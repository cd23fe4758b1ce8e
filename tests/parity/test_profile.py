"""The profile of a run on Spark with Delta Lake: the same stages, and statements in each."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_pipeline.cli.progress import profiled
from sales_pipeline.engines.folder import FolderEngine
from sales_pipeline.pipeline import run
from sales_pipeline.run_report import Silent
from tests.retailer import Retailer, sale


@pytest.mark.parametrize(
    ("held", "writes"), [(0, "write silver.records"), (1_000, "make the rows of silver.records")]
)
def test_a_run_on_a_spark_connect_server_has_a_profile(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int, writes: str
) -> None:
    monkeypatch.setattr(FolderEngine, "rows_held_here", held)
    retailer = Retailer(tmp_path)
    retailer.declared["engine"] = server
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    with profiled(Silent(), is_asked=True) as (progress, profile):
        run(retailer.declaration, progress=progress)
    assert profile is not None
    costs = {cost.stage: cost for cost in profile.stages}
    assert [*costs] == ["open", "discover", "start", "bronze", "silver", "gold", "archive"]
    assert all(costs[stage].statements for stage in ("start", "bronze", "silver", "gold"))
    assert costs["silver"].commits == 7
    assert writes in {step.what for step in profile.slowest}
