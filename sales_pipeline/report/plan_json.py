"""What a run would do, as one JSON document with stable keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

from sales_pipeline.operations.foresight import PlannedFile
from sales_pipeline.operations.plan import Plan
from sales_pipeline.report.figures import month_text


def plan_document(plan: Plan) -> dict[str, Any]:
    """Returns a plan as plain values; months that are not known before the run are null."""
    return {
        "exit_code": plan.exit_code,
        "is_nothing_to_do": plan.is_nothing_to_do,
        "stop": plan.stop,
        "unfinished": [_file(each) for each in plan.unfinished],
        "rejudged": [_file(each) for each in plan.rejudged],
        "files": [_file(each) for each in plan.files],
        "held_files": [asdict(each) for each in plan.held],
        "months": _months(plan.months),
        "months_unknown": plan.months_unknown,
        "waiting_months": _months(plan.waiting_months),
        "remade": [{"reason": each.reason, "months": _months(each.months)} for each in plan.remade],
        "notes": list(plan.notes),
        "untried": list(plan.untried),
    }


def _file(file: PlannedFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "feed": file.feed,
        "bytes": file.bytes,
        "becomes": file.becomes,
        "reason": file.reason,
        "delivery": file.delivery,
        "delivery_rows": file.delivery_rows,
        "records": file.records,
        "months": _months(file.months),
    }


def _months(months: Iterable[date] | None) -> list[str] | None:
    return None if months is None else [month_text(month) for month in months]
