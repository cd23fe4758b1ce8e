"""Reads and validates landing files as a run would, for `check`, and keeps nothing."""

from __future__ import annotations

from typing import Any

from sales_pipeline.bronze.claiming import Claimant
from sales_pipeline.bronze.feed_files import find_files, folders_of, landing_patterns
from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.ledger import Delivery, Ledger
from sales_pipeline.lakehouse.opening import opened_lakehouse
from sales_pipeline.lakehouse.runs import utc_now
from sales_pipeline.operations.foresight import Foresight
from sales_pipeline.report.check import Check, FilePreview, RecordPreview
from sales_pipeline.report.tax_basis import declared_basis
from sales_pipeline.run_report import FileNote, unreadable
from sales_pipeline.silver.validation.conditions import check_conditions

SHOWN = 3
"""The first records of each file that are shown as they are understood."""


def understand(declaration: Declaration, *, source: str, rows: int | None = None) -> Check:
    """Returns how the files in the landing folder would be understood.

    A session starts only where SQL is declared, or a file has records to judge.

    Args:
        declaration: What the retailer declares.
        source: Where the declaration comes from, for the report.
        rows: How many records of each file of sales are judged and shown, from its first; None
            judges all, and shows the first few.

    Raises:
        UsageError: Declared SQL is none over its columns.
        LakehouseMismatch: The lakehouse does not fit the declaration.
    """
    folders = folders_of(declaration)
    with opened_lakehouse(declaration) as lakehouse:
        check_conditions(lakehouse)
        ledger = Ledger(lakehouse)
        discovery = find_files(declaration, ledger, folders)
        claims = Claimant(declaration, ledger, folders, run_id="", now=utc_now()).claim(discovery)
        look = Foresight(lakehouse, ledger, folders, claims, shown=rows or SHOWN, most=rows)
        return Check(
            source=source,
            feeds=landing_patterns(declaration),
            keys={name: feed.key for name, feed in declaration.feeds.items() if feed.key},
            base_currency=declaration.base_currency,
            files=tuple(_preview(look, delivery) for delivery in claims.deliveries),
            warnings=tuple(look.warnings),
            names=len(look.references.knowledge.products),
            unclaimed=tuple(discovery.unclaimed),
            left=(
                *unreadable(discovery.unreadable),
                *(FileNote(path, why) for path, why in discovery.left.items()),
            ),
            rows=rows,
            missing_landing=None if folders.landing.is_dir() else str(folders.landing),
            tax=declared_basis(declaration),
        )


def _preview(look: Foresight, delivery: Delivery) -> FilePreview:
    file = look.claimed(delivery)
    outcome = look.outcome_of(delivery)
    return FilePreview(
        path=file.path,
        feed=delivery.feed,
        becomes=file.becomes,
        reason=file.reason,
        judged=file.records,
        records=tuple(_record(row) for row in outcome.records) if outcome else (),
        unusable=file.unusable,
        key=outcome.key if outcome else None,
    )


def _record(row: dict[str, Any]) -> RecordPreview:
    return RecordPreview(
        row=row["_row"],
        verdict=row["verdict"],
        reasons=tuple(row["reasons"] or ()),
        sold_on=row["sold_on"],
        source_product=row["source_product"],
        product=row["product"],
        quantity=row["quantity"],
        amount=row["amount"],
        currency=row["currency"],
    )
