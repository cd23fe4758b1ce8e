"""Brings deliveries of exchange rates into silver: read, balanced, refused, superseded (P8)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sales_pipeline.errors import FileRejected
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import IN_FORCE, Delivery, Ledger, State
from sales_pipeline.lakehouse.tables import EXCHANGE_RATES, RECORDS
from sales_pipeline.silver import balance as balances
from sales_pipeline.silver.balance import Balance
from sales_pipeline.silver.reference.exchange_rates import (
    LEARNT,
    Record,
    Records,
    Row,
    read_records,
    write_rates,
)
from sales_pipeline.silver.reference.rate_quotes import check_quotes
from sales_pipeline.silver.reference.reference_balance import (
    balance_in_rows,
    quarantine_row,
    refusal_of,
)


@dataclass
class Learnt:
    """What deliveries of rates brought.

    Attributes:
        balances: The balance of each delivery that was touched.
        rejected: Deliveries that were refused, with the reason recorded.
    """

    balances: list[Balance] = field(default_factory=list)
    rejected: list[Delivery] = field(default_factory=list)


def learn_rates(
    lakehouse: Lakehouse, ledger: Ledger, deliveries: Sequence[Delivery], *, run_id: str
) -> Learnt:
    """Makes `silver.exchange_rates` say what all deliveries of rates in force say.

    Every delivery leaves the state `in_bronze`: to `in_silver`, or to `rejected` where too
    many of its records are unusable or two of them disagree. What it corrects becomes
    `superseded`, and its rates leave.

    Args:
        lakehouse: The tables.
        ledger: The deliveries; changed and committed.
        deliveries: Deliveries of rates that wait in bronze.
        run_id: The run.
    """
    learnt_before = [each for each in ledger.in_state(*LEARNT) if each.feed == EXCHANGE_RATES]
    records = read_records(lakehouse, (each.file_id for each in [*learnt_before, *deliveries]))
    refused = {each: reason for each in deliveries if (reason := _fault(records[each.file_id]))}
    accepted = [each for each in deliveries if each not in refused]
    refused_ids = {each.file_id for each in refused}
    corrected = ledger.superseded_by(accepted) - refused_ids
    gone = {each for each in corrected if ledger[each].state in IN_FORCE}
    out = gone | refused_ids
    write_rates(lakehouse, ledger, {each: own for each, own in records.items() if each not in out})
    counted = [each for each in accepted if each.file_id not in out]
    touched = {*out, *(each.file_id for each in deliveries)}
    _quarantine(lakehouse, touched, _unusable(records, counted, run_id))
    found = [_balance(each.file_id, records[each.file_id]) for each in counted]
    found += [_balance_out(each, len(own)) for each, own in records.items() if each in out]
    balances.record(lakehouse, found, run_id)
    rejected = [
        each.moved_to(State.REJECTED, reason=reason, run_id=run_id)
        for each, reason in refused.items()
    ]
    states = dict.fromkeys(gone, State.SUPERSEDED) | {
        each.file_id: State.IN_SILVER for each in counted
    }
    moved = [_moved(ledger[each], state, records, run_id) for each, state in states.items()]
    ledger.record([*moved, *rejected])
    return Learnt(found, rejected)


def forget_rates(
    lakehouse: Lakehouse, deliveries: Sequence[Delivery], *, run_id: str
) -> list[Balance]:
    """Takes withdrawn deliveries of rates out of quarantine; they balance as superseded.

    Their rates left silver before: `silver.exchange_rates` holds only those in force.

    Args:
        lakehouse: The tables.
        deliveries: Those that are on their way out.
        run_id: The run.
    """
    ids = [each.file_id for each in deliveries]
    _quarantine(lakehouse, ids, [])
    gone = [_balance_out(each.file_id, each.rows or 0) for each in deliveries]
    balances.record(lakehouse, gone, run_id)
    return gone


def _fault(records: Sequence[Record]) -> str | None:
    """Why a delivery is refused as a whole, or None."""
    if too_many := refusal_of(_count_unusable(records), len(records)):
        return too_many
    try:
        check_quotes(quote for each in records for quote in each.reading.quotes)
    except FileRejected as error:
        return error.reason
    return None


def _count_unusable(records: Sequence[Record]) -> int:
    return sum(each.reading.problem is not None for each in records)


def _unusable(records: Records, deliveries: Iterable[Delivery], run_id: str) -> list[Row]:
    """The rows of `silver.records` of the unusable records of some deliveries."""
    return [
        quarantine_row(
            EXCHANGE_RATES,
            (each.file_id, record.row["_row"]),
            raw=record.row["_raw"] or _as_delivered(record.row),
            reasons=[record.reading.problem],
            runs=(run_id, run_id),
        )
        for each in deliveries
        for record in records[each.file_id]
        if record.reading.problem is not None
    ]


def _as_delivered(row: Row) -> str:
    declared = {name: value for name, value in row.items() if not name.startswith("_")}
    return json.dumps(declared | json.loads(row["_extra"] or "{}"), ensure_ascii=False)


def _quarantine(lakehouse: Lakehouse, file_ids: Iterable[int], rows: list[Row]) -> None:
    lakehouse.put(RECORDS, among("_file_id", file_ids), rows)


def _balance(file_id: int, records: Sequence[Record]) -> Balance:
    bad = _count_unusable(records)
    return balance_in_rows(file_id, EXCHANGE_RATES, len(records), quarantined=bad)


def _balance_out(file_id: int, rows: int) -> Balance:
    return balance_in_rows(file_id, EXCHANGE_RATES, rows, quarantined=None)


def _moved(delivery: Delivery, state: State, records: Records, run_id: str) -> Delivery:
    if delivery.file_id not in records:
        return delivery.moved_to(state)
    return delivery.moved_to(state, rows=len(records[delivery.file_id]), run_id=run_id)
