"""Turns records in bronze into the sales in force, and keeps all others with their status.

`clean_data` reads, calls the pure transformations of this layer, and writes.
"""

from __future__ import annotations

from collections.abc import Sequence

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.mends import touched_by
from sales_pipeline.lakehouse.tables import (
    CATALOGUE,
    EXCHANGE_RATES,
    NOT_SALES,
)
from sales_pipeline.silver.cleaned import Cleaned
from sales_pipeline.silver.reference.catalogue_cleaning import (
    clean_catalogue,
    forget_products,
)
from sales_pipeline.silver.reference.rate_deliveries import forget_rates, learn_rates
from sales_pipeline.silver.sales_cleaning import SalesCleaning


def clean_data(
    lakehouse: Lakehouse, ledger: Ledger, deliveries: Sequence[Delivery], *, run_id: str
) -> Cleaned:
    """Validates deliveries that wait in bronze and writes their records to silver.

    Every delivery leaves the state `in_bronze`: to `in_silver` when its records are written
    and balance, to `rejected` or `failed` otherwise. The delivery it corrects becomes `superseded`.
    Deliveries that a new catalogue touches are validated again with them.

    Args:
        lakehouse: The tables; `bronze.*` are read, `silver.*` and `ops.balance` written.
        ledger: The deliveries; changed and committed.
        deliveries: Deliveries in the state `in_bronze`.
        run_id: The run.
    """
    cleaned = Cleaned()
    of_catalogue = [delivery for delivery in deliveries if delivery.feed == CATALOGUE]
    if of_catalogue:
        cleaned.add(clean_catalogue(lakehouse, ledger, of_catalogue, run_id=run_id))
    of_rates = [delivery for delivery in deliveries if delivery.feed == EXCHANGE_RATES]
    if of_rates:
        cleaned.add(learn_rates(lakehouse, ledger, of_rates, run_id=run_id))
    ids = {delivery.file_id for delivery in deliveries} | cleaned.sent_back
    waiting = [
        delivery
        for delivery in ledger.in_state(State.IN_BRONZE)
        if delivery.feed not in NOT_SALES and delivery.file_id in ids
    ]
    if waiting:
        SalesCleaning(lakehouse, ledger, run_id, cleaned).clean(waiting)
    return cleaned


def remove_withdrawn(lakehouse: Lakehouse, ledger: Ledger, *, run_id: str) -> Cleaned:
    """Removes withdrawn deliveries from silver; sales that they displaced count again.

    The deliveries stay `withdrawing` until gold is made, so that a killed run does it again.
    Deliveries of sales to which a withdrawn catalogue gave names go back to `in_bronze`; the rates
    of withdrawn files left before.

    Args:
        lakehouse: The tables.
        ledger: The deliveries; changed and committed.
        run_id: The run.
    """
    cleaned = Cleaned()
    leaving = ledger.in_state(State.WITHDRAWING)
    mended = touched_by(ledger, (delivery.file_id for delivery in leaving))
    ledger.record(ledger[file_id].moved_to(State.IN_BRONZE) for file_id in sorted(mended))
    of_catalogue = [delivery for delivery in leaving if delivery.feed == CATALOGUE]
    if of_catalogue:
        cleaned.add(forget_products(lakehouse, ledger, of_catalogue, run_id=run_id))
    of_rates = [delivery for delivery in leaving if delivery.feed == EXCHANGE_RATES]
    if of_rates:
        cleaned.balances += forget_rates(lakehouse, of_rates, run_id=run_id)
    rows = frozenset(delivery.file_id for delivery in leaving if delivery.may_have_sales_in_silver)
    if rows:
        SalesCleaning(lakehouse, ledger, run_id, cleaned, going=rows).clean([])
    return cleaned
