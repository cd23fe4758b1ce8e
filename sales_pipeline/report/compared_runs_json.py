"""Two compared runs, as one JSON document with stable keys."""

from __future__ import annotations

from typing import Any

from sales_pipeline.config.currencies import MINOR_UNITS
from sales_pipeline.gold.gold_set import GoldSet
from sales_pipeline.report.compared_runs import ComparedRuns
from sales_pipeline.report.figures import rounded, without_end_zeros
from sales_pipeline.report.json_text import timestamp
from sales_pipeline.report.moved import moved_document


def compared_runs_document(compared: ComparedRuns) -> dict[str, Any]:
    """Returns all that moved between two runs, revenue at the minor unit."""
    revenue = rounded(compared.revenue_more, MINOR_UNITS.get(compared.currency, 2))
    return {
        "earlier": _run(compared.earlier),
        "later": _run(compared.later),
        "currency": compared.currency,
        "units_more": f"{without_end_zeros(compared.units_more):f}",
        "revenue_more": str(revenue),
        "moved": moved_document(compared.moved, compared.currency),
    }


def _run(gold: GoldSet) -> dict[str, str]:
    return {"run_id": gold.run_id, "finished_at": timestamp(gold.finished_at)}
