"""Recorded runs as plain values with stable keys."""

from __future__ import annotations

from typing import Any

from sales_pipeline.lakehouse.runs import RunRecord
from sales_pipeline.report.json_text import timestamp


def recorded_run(run: RunRecord) -> dict[str, Any]:
    """Returns one run as plain values."""
    return {
        "run_id": run.run_id,
        "verb": run.verb,
        "to_run": run.to_run,
        "outcome": run.outcome,
        "started_at": timestamp(run.started_at),
        "finished_at": timestamp(run.finished_at),
        "files": run.files,
        "rows": run.rows,
        "seconds": round(run.seconds, 3),
    }
