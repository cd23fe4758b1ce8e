"""The balances of deliveries of sales: as recorded, and as they are counted now (P2)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.tables import NOT_SALES
from sales_pipeline.silver import counting
from sales_pipeline.silver.balance import Balance, record, recorded
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.counting import Counts, Delivered
from sales_pipeline.silver.reference.learning import Knowledge
from sales_pipeline.silver.reference.reference_balance import balance_in_rows

logger = logging.getLogger(__name__)
_COUNTED = ("accepted", "quarantined", "duplicate", "displaced", "excluded")
_OUT_OF_FORCE = (
    State.SUPERSEDED,
    State.WITHDRAWN,
    State.REJECTED,
    State.FAILED,
    State.REPEATED,
)


@dataclass(frozen=True)
class BalanceSheet:
    """The balances of the deliveries that a batch validates or touches.

    Attributes:
        lakehouse: The tables; `ops.balance` is read.
        ledger: The deliveries.
        delivered: The records and money that the batch delivers, as counted in bronze.
        mended: The records and money in it that mended records supersede.
    """

    lakehouse: Lakehouse
    ledger: Ledger
    delivered: Delivered
    mended: Counts

    @cached_property
    def rows(self) -> Counter[int]:
        """File id -> the records that the batch delivers."""
        rows: Counter[int] = Counter()
        for (file_id, _), (count, _) in self.delivered.items():
            rows[file_id] += count
        return rows

    @cached_property
    def _on_record(self) -> dict[tuple[int, str], Balance]:
        """The balances as they were recorded before the batch, which records its own at its end."""
        return {
            (balance.file_id, balance.currency): balance for balance in recorded(self.lakehouse)
        }

    @cached_property
    def counted_before(self) -> set[int]:
        """Deliveries that counted before, so that only a declaration can refuse them."""
        return {
            file_id
            for (file_id, _), balance in self._on_record.items()
            if any(balance.rows(name) for name in _COUNTED)
        }

    def balances(self, files: Collection[int], counts: Counts) -> list[Balance]:
        """Returns the balances of some deliveries, from the counts of their records in silver."""
        mended = self._all_mended
        return [
            Balance(
                file_id,
                self.ledger[file_id].feed,
                currency,
                amount,
                counts.get((file_id, currency), {}) | mended.get((file_id, currency), {}),
            )
            for (file_id, currency), amount in self._all_delivered.items()
            if file_id in files
        ]

    def superseded(self, files: Collection[int]) -> list[Balance]:
        """Returns the balances of deliveries without any record that counts."""
        return [
            Balance(file_id, self.ledger[file_id].feed, currency, amount, {"superseded": amount})
            for (file_id, currency), amount in self._all_delivered.items()
            if file_id in files
        ]

    def unbalanced(self, balances: Iterable[Balance]) -> dict[int, str]:
        """Returns the deliveries that do not balance: file id -> the balance in words."""
        failed = {}
        for balance in balances:
            if not balance.balances:
                failed[balance.file_id] = f"does not balance: {balance.sentence()}"
                path = self.ledger[balance.file_id].path
                logger.error("%s %s", path, failed[balance.file_id])
        return failed

    def released(self, balances: Iterable[Balance]) -> int:
        """Returns how many records have left quarantine since the deliveries were balanced."""
        before, after = Counter[int](), Counter[int]()
        for balance in self._on_record.values():
            before[balance.file_id] += balance.rows("quarantined")
        for balance in balances:
            after[balance.file_id] += balance.rows("quarantined")
        return sum(max(0, before[file_id] - after[file_id]) for file_id in after)

    @cached_property
    def _all_mended(self) -> Counts:
        """The counts of superseded records: as counted now, or else as recorded."""
        before = {
            key: {"superseded": balance.classes["superseded"]}
            for key, balance in self._on_record.items()
            if key[0] not in self.rows and balance.rows("superseded")
        }
        return before | self.mended

    @cached_property
    def _all_delivered(self) -> Delivered:
        """The delivered records and money: as counted now, or else as recorded.

        A delivery that is counted again may have other currencies than before.
        """
        before = {
            key: balance.delivered
            for key, balance in self._on_record.items()
            if key[0] not in self.rows
        }
        return before | self.delivered


def balance_superseded(lakehouse: Lakehouse, ledger: Ledger, *, run_id: str) -> None:
    """Records the balance of each delivery that was in silver, left it, and has no balance.

    A delivery in force is balanced when its records are validated; these are not validated again.

    Args:
        lakehouse: The tables; bronze is read, `ops.balance` is written.
        ledger: The deliveries.
        run_id: The run.
    """
    known = {balance.file_id for balance in recorded(lakehouse)}
    unbalanced = [
        delivery
        for delivery in ledger.in_state(*_OUT_OF_FORCE)
        if delivery.rows is not None and delivery.file_id not in known
    ]
    in_rows = [
        balance_in_rows(delivery.file_id, delivery.feed, delivery.rows or 0, quarantined=None)
        for delivery in unbalanced
        if delivery.feed in NOT_SALES
    ]
    sales = [delivery for delivery in unbalanced if delivery.feed not in NOT_SALES]
    record(lakehouse, [*in_rows, *_of_sales(lakehouse, sales)], run_id)


def _of_sales(lakehouse: Lakehouse, deliveries: list[Delivery]) -> list[Balance]:
    """The balances in rows and money, with all delivered records as superseded."""
    if not deliveries:
        return []
    batch = Batch(lakehouse, tuple(deliveries), Knowledge.of(lakehouse))
    feed_of = {delivery.file_id: delivery.feed for delivery in deliveries}
    return [
        Balance(file_id, feed_of[file_id], currency, amount, {"superseded": amount})
        for (file_id, currency), amount in counting.in_bronze(batch).delivered.items()
    ]
