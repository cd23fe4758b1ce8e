"""A doctor finds that all is well where Spark is a server on a JVM."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sales_pipeline.proofs.diagnosis import CheckState
from sales_pipeline.proofs.doctor import diagnose
from tests.proofs.folder_tree import tree
from tests.retailer import Retailer


@pytest.mark.parametrize(
    ("catalog", "reader"), [(None, "python"), (None, "builtin"), ("spark_catalog", "python")]
)
def test_all_is_well_on_a_spark_connect_server(
    catalog: str | None, reader: str, server: str, tmp_path: Path
) -> None:
    retailer = Retailer(tmp_path)
    # Of this test alone, on a server that others may use, too.
    schema = f"doctor_{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:8]}"
    retailer.declared |= {"engine": server, "reader": reader}
    retailer.declared |= {"catalog": catalog, "schema": schema} if catalog else {}
    diagnosis = diagnose(retailer.declaration)
    assert [finding for finding in diagnosis.findings if finding.state is not CheckState.OK] == []
    assert tree(tmp_path) == {"landing": None}
