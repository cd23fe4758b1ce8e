"""`rebuild`: computes silver and gold anew from bronze and the ledger."""

from __future__ import annotations

from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.bronze.fingerprints import check_declared
from sales_pipeline.bronze.ingestion import by_bronze_table
from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.holding import Hold, held
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Ledger, State
from sales_pipeline.lakehouse.opening import (
    damaged_derived,
    damaged_table,
    made_lakehouse,
    missing_derived,
    prepare_again,
    remove_derived,
    remove_earlier_gold,
)
from sales_pipeline.lakehouse.rollback_steps import finish_rollback
from sales_pipeline.lakehouse.runs import new_run_id, utc_now
from sales_pipeline.lakehouse.tables import EXCHANGE_RATES
from sales_pipeline.pipeline import finish
from sales_pipeline.recomputation import all_rejudged, reconsidered
from sales_pipeline.run_report import Progress, RunReport, Silent

_CLEARED = ("silver.records", "silver.products", "silver.list_prices")


def rebuild(
    declaration: Declaration, *, progress: Progress | None = None, wait_seconds: float = 0
) -> RunReport:
    """Computes silver and gold anew from bronze and the ledger, under the present declaration.

    All deliveries in force go back to `in_bronze` in one commit; from there on it is an
    ordinary run, so a killed rebuild is finished by the next run. Nothing is emptied before the
    ledger and bronze were read (P12).

    Raises:
        UsageError: There is no lakehouse yet.
        LakehouseMismatch: A feed with sales in force is not declared any more.
        LakehouseBusy: Another run holds it.
        TableDamaged: The ledger or bronze cannot be read, or lacks records; nothing is changed.
    """
    folders = folders_of(declaration)
    with held(declaration, "rebuild", wait_seconds=wait_seconds) as hold:
        _send_back(declaration, hold)
        return finish(declaration, folders, progress or Silent(), hold=hold)


def _send_back(declaration: Declaration, hold: Hold) -> None:
    with made_lakehouse(declaration, makes_again=True) as lakehouse:
        hold.take(lakehouse.engine)
        remove_earlier_gold(lakehouse, hold)
        _check_bronze(lakehouse, Ledger(lakehouse))
        damaged = damaged_derived(lakehouse)
        if not damaged and not missing_derived(lakehouse):
            finish_rollback(lakehouse, hold)
        ledger = Ledger(lakehouse)
        check_declared(declaration, ledger)
        unread = _unread(declaration, ledger)
        run_id = new_run_id(utc_now())
        again = all_rejudged(lakehouse, ledger, without=unread)
        ledger.record([*again, *reconsidered(declaration, ledger, run_id=run_id)])
        _drop(lakehouse, damaged)
        prepare_again(lakehouse)
        for name in _CLEARED:
            all_but = f"NOT {among('_file_id', unread)}" if unread else "true"
            lakehouse.replace(name, all_but, lakehouse.local([], name))


def _check_bronze(lakehouse: Lakehouse, ledger: Ledger) -> None:
    """Checks that bronze has all records of the deliveries in force.

    Raises:
        TableDamaged: It has not.
    """
    read = [
        delivery
        for delivery in ledger.in_force()
        if delivery.state is not State.CLAIMED and delivery.rows
    ]
    for table, deliveries in by_bronze_table(read).items():
        counted = lakehouse.totals(table, by=["_file_id"], of="_row")
        ids, counts = counted["_file_id"].to_pylist(), counted["records"].to_pylist()
        rows = dict(zip(ids, counts, strict=True))
        for delivery in deliveries:
            there = rows.get(delivery.file_id, 0)
            if there != delivery.rows:
                problem = f"has {there:,} of the {delivery.rows:,} records of {delivery.path}"
                raise damaged_table(lakehouse, table, problem)


def _drop(lakehouse: Lakehouse, damaged: list[str]) -> None:
    """Removes damaged tables; with one of gold all of it, because months may be in others only."""
    if any(name.startswith("gold.") for name in damaged):
        gold = [name for name in lakehouse.tables if name.startswith("gold.")]
        damaged = [*(name for name in damaged if name not in gold), *gold]
    remove_derived(lakehouse, damaged)


def _unread(declaration: Declaration, ledger: Ledger) -> set[int]:
    """Files of rates under fixed rates: nothing uses them, or says how to read them."""
    is_fixed = declaration.rates.chosen_policy == "fixed"
    return {delivery.file_id for delivery in ledger.in_force(EXCHANGE_RATES)} if is_fixed else set()
