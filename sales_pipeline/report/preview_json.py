"""How landing files would be understood, as one JSON document with stable keys."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sales_pipeline.report.preview import Check, FilePreview, RecordPreview


def check_document(check: Check) -> dict[str, Any]:
    """Returns a check as plain values; figures are text."""
    return {
        "declaration": check.source,
        "base_currency": check.base_currency,
        "exit_code": check.exit_code,
        "feeds": check.feeds,
        "names": check.names,
        "files": [_file(each) for each in check.files],
        "unclaimed": list(check.unclaimed),
        "left": [asdict(each) for each in check.left],
        "warnings": [asdict(each) for each in check.warnings],
    }


def _file(file: FilePreview) -> dict[str, Any]:
    return {
        "path": file.path,
        "feed": file.feed,
        "becomes": file.becomes,
        "reason": file.reason,
        "records": [_record(each) for each in file.records],
    }


def _record(record: RecordPreview) -> dict[str, Any]:
    return {
        "row": record.row,
        "verdict": record.verdict,
        "reasons": list(record.reasons),
        "sold_on": None if record.sold_on is None else record.sold_on.isoformat(),
        "product": record.product,
        "source_product": record.source_product,
        "quantity": None if record.quantity is None else f"{record.quantity:f}",
        "amount": None if record.amount is None else f"{record.amount:f}",
        "currency": record.currency,
    }
