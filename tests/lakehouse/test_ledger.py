"""The ledger: which deliveries take the place of which."""

from __future__ import annotations

from datetime import UTC, datetime

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from tests.retailer import Retailer


def _delivery(file_id: int, state: State, supersedes: int | None = None) -> Delivery:
    return Delivery(
        file_id=file_id,
        feed="lyon",
        name="a.csv",
        path="lyon/a.csv",
        sha256=f"{file_id:064d}",
        bytes=1,
        state=state,
        fingerprint="",
        claimed_at=datetime(2025, 1, 1, tzinfo=UTC),
        run_id="r",
        supersedes=supersedes,
    )


def test_a_correction_supersedes_all_before_it_also_past_one_that_was_refused(
    retailer: Retailer,
) -> None:
    history = [
        _delivery(1, State.SUPERSEDED),
        _delivery(2, State.ARCHIVED, 1),
        _delivery(3, State.REJECTED, 2),
        _delivery(4, State.IN_BRONZE, 3),
        _delivery(5, State.ARCHIVED),
    ]

    def superseded(lakehouse: Lakehouse) -> list[set[int]]:
        lakehouse.prepare()
        ledger = Ledger(lakehouse)
        ledger.record(history)
        return [ledger.superseded_by([delivery]) for delivery in ledger]

    assert retailer.read(superseded) == [set(), {1}, {1, 2}, {1, 2, 3}, set()]
