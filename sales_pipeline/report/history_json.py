"""Runs, and versions of a table, as one JSON document with stable keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sales_pipeline.lakehouse.runs import RunRecord
from sales_pipeline.report.history import WrittenVersion
from sales_pipeline.report.json_text import timestamp
from sales_pipeline.report.runs_json import recorded_run


def runs_document(runs: Sequence[RunRecord], *, kept: int) -> dict[str, Any]:
    """Returns runs, the latest first, each with the versions of the tables that it left.

    Args:
        runs: The runs.
        kept: How many of them can still be shown.
    """
    return {
        "runs": [
            recorded_run(each) | {"is_kept": place < kept, "versions": each.version_of}
            for place, each in enumerate(runs)
        ]
    }


def versions_document(table: str, versions: Sequence[WrittenVersion]) -> dict[str, Any]:
    """Returns versions of a table, the latest first."""
    return {"table": table, "versions": [_version(each) for each in versions]}


def _version(each: WrittenVersion) -> dict[str, Any]:
    return {
        "version": each.commit.version,
        "at": timestamp(each.commit.at),
        "operation": each.commit.operation,
        "rows": each.commit.rows,
        "rows_more": each.rows_more,
        "files": each.commit.files,
        "run_id": each.run_id,
    }
