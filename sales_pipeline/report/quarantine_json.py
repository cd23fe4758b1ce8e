"""What waits in quarantine, as one JSON document with stable keys."""

from __future__ import annotations

from typing import Any

from sales_pipeline.report.json_text import amounts_document
from sales_pipeline.report.quarantine import WaitingFiles
from sales_pipeline.report.quarantined_records import QuarantinedRecord, QuarantinedRecords
from sales_pipeline.silver.validation.reasons import sentence_of


def waiting_document(waiting: WaitingFiles) -> dict[str, Any]:
    """Returns what waits by feed, file and reason, amounts as text by currency."""
    return {
        "rows": waiting.rows,
        "amounts": amounts_document(waiting.amounts),
        "by_file": [
            {
                "feed": each.feed,
                "file": each.file,
                "file_id": each.file_id,
                "reason": each.reason,
                "rows": each.rows,
                "amounts": amounts_document(each.amounts),
                "since": each.since.isoformat(),
            }
            for each in waiting.by_file
        ],
    }


def records_document(found: QuarantinedRecords) -> dict[str, Any]:
    """Returns records that wait, and how many there are besides."""
    return {
        "rows": found.total,
        "more": found.more,
        "records": [_record(each) for each in found.records],
    }


def _record(record: QuarantinedRecord) -> dict[str, Any]:
    return {
        "feed": record.feed,
        "file": record.file,
        "file_id": record.file_id,
        "row": record.row,
        "reasons": [{"code": each, "sentence": sentence_of(each)} for each in record.reasons],
        "text": record.text,
        "amount": None if record.amount is None else f"{record.amount:f}",
        "currency": record.currency,
        "since": record.since.isoformat(),
    }
