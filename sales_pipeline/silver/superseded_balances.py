"""Balances of deliveries that no longer count, counted again from bronze after they were lost."""

from __future__ import annotations

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.tables import NOT_SALES
from sales_pipeline.silver import counting
from sales_pipeline.silver.balance import Balance, record, recorded
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.reference.learning import Knowledge
from sales_pipeline.silver.reference.list_prices import known_prices
from sales_pipeline.silver.reference.products import known_products
from sales_pipeline.silver.reference.reference_balance import balance_in_rows

_OUT_OF_FORCE = (State.SUPERSEDED, State.WITHDRAWN, State.REJECTED, State.FAILED)


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
        balance_in_rows(each.file_id, each.feed, each.rows or 0, quarantined=None)
        for each in unbalanced
        if each.feed in NOT_SALES
    ]
    sales = [delivery for delivery in unbalanced if delivery.feed not in NOT_SALES]
    record(lakehouse, [*in_rows, *_of_sales(lakehouse, sales)], run_id)


def _of_sales(lakehouse: Lakehouse, deliveries: list[Delivery]) -> list[Balance]:
    """The balances in rows and money; what was delivered is superseded, all of it."""
    if not deliveries:
        return []
    knowledge = Knowledge(known_products(lakehouse), known_prices(lakehouse))
    batch = Batch(lakehouse, tuple(deliveries), knowledge, frozenset())
    feed_of = {delivery.file_id: delivery.feed for delivery in deliveries}
    return [
        Balance(file_id, feed_of[file_id], currency, amount, {"superseded": amount})
        for (file_id, currency), amount in counting.in_bronze(batch).delivered.items()
    ]
