"""A finished run as one JSON document with stable keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sales_pipeline.report.displaced import displaced_document
from sales_pipeline.report.figures import month_text
from sales_pipeline.report.moved import moved_document

if TYPE_CHECKING:
    from sales_pipeline.gold.rate_book import HeldRate
    from sales_pipeline.run_report import FileNote, RunReport

_CLASSES = ("accepted", "quarantined", "duplicate", "displaced", "excluded", "superseded")


def run_document(report: RunReport) -> dict[str, Any]:
    """Returns a run as plain values: counts of records per feed, and every file with a reason."""
    return {
        "run_id": report.run_id,
        "outcome": report.outcome,
        "exit_code": report.exit_code,
        "files": sum(each.files for each in report.feeds),
        "rows": report.rows,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "months": [month_text(month) for month in report.months],
        "provisional": [month_text(month) for month in report.provisional],
        "repriced": [month_text(month) for month in report.repriced],
        "held": [_held(each) for each in report.held],
        "resumed": report.resumed,
        "released": report.released,
        "learnt": asdict(report.learnt),
        "rules": report.rules,
        "displaced": displaced_document(report.displaced),
        "warnings": [asdict(each) for each in report.warnings],
        "feeds": [
            {"feed": each.feed, "files": each.files, "delivered": each.delivered}
            | {name: each.classes.get(name, 0) for name in _CLASSES}
            for each in report.feeds
        ],
        "rejected": _notes(report.rejected),
        "failed": _notes(report.failed),
        "abandoned": _notes(report.abandoned),
        "corrected": _notes(report.corrected),
        "held_files": _notes(report.held_files),
        "rolled_back": _notes(report.rolled_back),
        "withdrawn": _notes(report.withdrawn),
        "repeated": _notes(report.repeated),
        "unclaimed": report.unclaimed,
        "unready": report.unready,
        "left": _notes(report.left),
        "changed": _notes(report.changed),
        "unmoved": _notes(report.unmoved),
        "unreadable": _notes(report.unreadable),
        "links": report.links,
        "moved": moved_document(report.moved, report.currency),
        "is_moved_known": report.is_moved_known,
    }


def _held(held: HeldRate) -> dict[str, Any]:
    return {
        "month": month_text(held.month),
        "currency": held.currency,
        "first_day": held.first_day.isoformat(),
        "last_day": held.last_day.isoformat(),
        "days": held.days,
        "amount": f"{held.amount:f}",
    }


def _notes(notes: Iterable[FileNote]) -> list[dict[str, str]]:
    return [asdict(each) for each in notes]
