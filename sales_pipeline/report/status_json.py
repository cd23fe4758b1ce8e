"""How a lakehouse stands, as one JSON document with stable keys."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sales_pipeline.report.displaced import displaced_document
from sales_pipeline.report.json_text import amounts_document, timestamp
from sales_pipeline.report.quarantine import Waiting
from sales_pipeline.report.runs_json import recorded_run
from sales_pipeline.report.status import FeedStanding, Status


def status_document(status: Status) -> dict[str, Any]:
    """Returns how a lakehouse stands as plain values, amounts as text by currency."""
    return {
        "lakehouse": status.lakehouse,
        "is_made": status.is_made,
        "feeds": [_feed(each) for each in status.feeds],
        "runs": [recorded_run(each) for each in status.runs],
        "rolling_back_to": status.rolling_back_to,
        "quarantine": _waiting(status.waiting),
        "displaced": displaced_document(status.displaced),
        "landing": {
            "files": [asdict(each) for each in status.landed],
            "unclaimed": list(status.unclaimed),
            "unready": list(status.unready),
            "left": [asdict(each) for each in status.left],
            "unreadable": [asdict(each) for each in status.unreadable],
            "links": list(status.links),
        },
    }


def _feed(feed: FeedStanding) -> dict[str, Any]:
    return {
        "feed": feed.feed,
        "deliveries": {str(state): count for state, count in feed.states.items()},
        "last_file": feed.last_name,
        "last_at": None if feed.last_at is None else timestamp(feed.last_at),
    }


def _waiting(waiting: Waiting) -> dict[str, Any]:
    return {
        "rows": waiting.rows,
        "amounts": amounts_document(waiting.amounts),
        "by_reason": [
            {
                "feed": each.feed,
                "reason": each.reason,
                "rows": each.rows,
                "amounts": amounts_document(each.amounts),
            }
            for each in waiting.by_reason
        ],
    }
