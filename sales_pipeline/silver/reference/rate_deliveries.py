"""Brings deliveries of exchange rates into silver: reads, refuses, holds, balances them (P8)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from sales_pipeline.config.model import Declaration
from sales_pipeline.config.rates import Rates
from sales_pipeline.errors import counted, examples
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import IN_FORCE, Delivery, Ledger, State
from sales_pipeline.lakehouse.tables import EXCHANGE_RATES, RECORDS
from sales_pipeline.silver import balance as balances
from sales_pipeline.silver.balance import Balance
from sales_pipeline.silver.cleaned import Cleaned
from sales_pipeline.silver.feed_warnings import FeedWarning
from sales_pipeline.silver.reference.doubtful_rates import QuotedRates, RateHistory
from sales_pipeline.silver.reference.exchange_rates import (
    LEARNT,
    RateRecords,
    Row,
    quotes_of,
    read_records,
    write_rates,
)
from sales_pipeline.silver.reference.rate_quotes import (
    Quote,
    Reading,
    base_rates,
    check_quotes,
    unfit_rates,
)
from sales_pipeline.silver.reference.reference_balance import (
    Fault,
    ReferenceVerdict,
    balance_in_rows,
    quarantine_row,
    refusal_of,
)


def learn_rates(
    lakehouse: Lakehouse, ledger: Ledger, deliveries: Sequence[Delivery], *, run_id: str
) -> Cleaned:
    """Updates `silver.exchange_rates` to all deliveries of rates in force.

    Every delivery leaves the state `in_bronze`: to `in_silver`; to `rejected` if too many of
    its records are unusable or two of them disagree; or to `held` if a rate looks mistaken.
    The delivery that it corrects becomes `superseded`, and its rates leave.

    Args:
        lakehouse: The tables.
        ledger: The deliveries; changed and committed.
        deliveries: Deliveries of rates that wait in bronze.
        run_id: The run.
    """
    records = read_records(lakehouse, [*_learnt(ledger), *deliveries])
    verdict = judge_rates(lakehouse.declaration, ledger, records, deliveries)
    refused, held = verdict.refused, verdict.held
    accepted = [file for file in deliveries if file not in refused and file not in held]
    kept_out = {delivery.file_id for delivery in (*refused, *held)}
    corrected = ledger.superseded_by(accepted)
    superseded = {
        file_id
        for file_id in corrected - {delivery.file_id for delivery in refused}
        if ledger[file_id].state in IN_FORCE
    }
    left_out = superseded | kept_out
    staying = {id_: of_file for id_, of_file in records.items() if id_ not in left_out}
    write_rates(lakehouse, ledger, staying)
    learnt_now = [delivery for delivery in accepted if delivery.file_id not in left_out]
    touched = {*left_out, *(delivery.file_id for delivery in deliveries)}
    lakehouse.put(RECORDS, among("_file_id", touched), _unusable(records, learnt_now, run_id))
    waiting = {delivery.file_id for delivery in held} - superseded
    new_balances = [_balance(file.file_id, records[file.file_id]) for file in learnt_now]
    new_balances += [
        _balance_out(file_id, len(of_file))
        for file_id, of_file in records.items()
        if file_id in left_out
    ]
    balances.record(lakehouse, new_balances, run_id)
    fingerprint = lakehouse.declaration.verdict_of(EXCHANGE_RATES)
    rejected = [
        _moved(delivery, State.REJECTED, records, run_id).moved_to(
            State.REJECTED, reason=reason, fingerprint=fingerprint
        )
        for delivery, reason in refused.items()
    ]
    states = dict.fromkeys(superseded, State.SUPERSEDED) | {
        delivery.file_id: State.IN_SILVER for delivery in learnt_now
    }
    moved = [_moved(ledger[file_id], state, records, run_id) for file_id, state in states.items()]
    waits = [
        _moved(delivery, State.HELD, records, run_id).moved_to(
            State.HELD, reason=reason, fingerprint=fingerprint
        )
        for delivery, reason in held.items()
        if delivery.file_id in waiting
    ]
    ledger.record([*moved, *waits, *rejected, *ledger.overtaken_by([*learnt_now, *waits])])
    warnings = _warnings(records, learnt_now)
    return Cleaned(balances=new_balances, rejected=rejected, warnings=warnings)


def _learnt(ledger: Ledger) -> list[Delivery]:
    return [delivery for delivery in ledger.in_state(*LEARNT) if delivery.feed == EXCHANGE_RATES]


def judge_rates(
    declaration: Declaration, ledger: Ledger, records: RateRecords, deliveries: Sequence[Delivery]
) -> ReferenceVerdict:
    """Judges deliveries of rates as wholes; reads and writes no table.

    Args:
        declaration: What the retailer declares.
        ledger: The deliveries that were learnt before.
        records: The records of all of them; faults of rates that do not fit are added.
        deliveries: The deliveries to judge, in ledger order.
    """
    _mark_unfit(declaration, ledger, records, deliveries)

    def refusal(of_file: Sequence[Reading]) -> str | None:
        faults = [fault for record in of_file for fault in record.faults]
        return refusal_of(faults, len(of_file), check=partial(check_quotes, quotes_of(of_file)))

    refused = {
        delivery: reason
        for delivery in deliveries
        if (reason := refusal(records[delivery.file_id]))
    }
    passed = [delivery for delivery in deliveries if delivery not in refused]
    return ReferenceVerdict(refused, _doubtful(declaration.rates, ledger, records, passed))


def _mark_unfit(
    declaration: Declaration, ledger: Ledger, records: RateRecords, deliveries: Iterable[Delivery]
) -> None:
    """Adds faults to records of deliveries that lead to rates which the table cannot hold."""
    if declaration.rates.chosen_policy == "fixed":
        return
    by_day: dict[date, list[Quote]] = {}
    for file_id in sorted(records):
        for quote in quotes_of(records[file_id]):
            by_day.setdefault(quote.day, []).append(quote)
    for delivery in deliveries:
        corrected = ledger.superseded_by([delivery])
        days = sorted({quote.day for quote in quotes_of(records[delivery.file_id])})
        quotes = [
            quote
            for day in days
            for quote in by_day[day]
            if quote.file_id <= delivery.file_id and quote.file_id not in corrected
        ]
        base = declaration.base_currency
        rates = base_rates(quotes, declaration.rates, base=base)
        faults: dict[int, list[Fault]] = {}
        for fault in unfit_rates(rates, delivery.file_id, base=base):
            faults.setdefault(fault.row, []).append(fault)
        if faults:
            records[delivery.file_id] = [
                replace(record, faults=(*record.faults, *faults.get(record.row["_row"], ())))
                for record in records[delivery.file_id]
            ]


def _doubtful(
    rates: Rates, ledger: Ledger, records: RateRecords, passed: Sequence[Delivery]
) -> dict[Delivery, str]:
    """The deliveries to hold because one of their rates looks mistaken -> why.

    A delivery that was judged before has `rows`: it passed then, or was accepted since.
    """
    new = {delivery.file_id: delivery for delivery in passed if delivery.rows is None}
    if not new or rates.chosen_policy == "fixed":
        return {}
    judged = [file for file in (*_learnt(ledger), *passed) if file.file_id not in new]
    corrected = ledger.superseded_by(new.values())
    known = {delivery.file_id: quotes_of(records[delivery.file_id]) for delivery in judged}
    replaced = QuotedRates()
    replaced.add(quote for file_id in sorted(known) for quote in known[file_id])
    staying = [
        quote for file_id in sorted(known) if file_id not in corrected for quote in known[file_id]
    ]
    history = RateHistory(staying, replaced, rates.max_change)
    doubts = history.doubts({file_id: quotes_of(records[file_id]) for file_id in new})
    return {
        new[id_]: f"{counted(len(doubtful), 'doubtful rate')}: {examples(doubtful)}; no rate of "
        f"the file counts. Do: sales-pipeline accept {new[id_].path}, if they are right"
        for id_, doubtful in doubts.items()
    }


def forget_rates(
    lakehouse: Lakehouse, deliveries: Sequence[Delivery], *, run_id: str
) -> list[Balance]:
    """Takes withdrawn deliveries of rates out of quarantine; they balance as superseded.

    Their rates left silver before: `silver.exchange_rates` holds only rates in force.

    Args:
        lakehouse: The tables.
        deliveries: The deliveries that are being withdrawn.
        run_id: The run.
    """
    ids = [delivery.file_id for delivery in deliveries]
    lakehouse.put(RECORDS, among("_file_id", ids), [])
    superseded = [_balance_out(delivery.file_id, delivery.rows or 0) for delivery in deliveries]
    balances.record(lakehouse, superseded, run_id)
    return superseded


def _warnings(records: RateRecords, deliveries: Iterable[Delivery]) -> list[FeedWarning]:
    """Names the cells and records of deliveries that could not be used."""
    warnings = []
    for delivery in deliveries:
        faults = [str(fault) for record in records[delivery.file_id] for fault in record.faults]
        if faults:
            sentence = f"{delivery.path}: not used: {examples(faults)}"
            warnings.append(FeedWarning(EXCHANGE_RATES, sentence))
    return warnings


def _unusable(records: RateRecords, deliveries: Iterable[Delivery], run_id: str) -> list[Row]:
    """The rows of `silver.records` for faulty records of some deliveries."""
    return [
        quarantine_row(
            EXCHANGE_RATES,
            (delivery.file_id, record.row["_row"]),
            raw=record.row["_raw"] or _as_delivered(record.row),
            reasons=list(dict.fromkeys(fault.reason for fault in record.faults)),
            runs=(run_id, run_id),
        )
        for delivery in deliveries
        for record in records[delivery.file_id]
        if record.faults
    ]


def _as_delivered(row: Mapping[str, Any]) -> str:
    declared = {name: value for name, value in row.items() if not name.startswith("_")}
    return json.dumps(declared | json.loads(row["_extra"] or "{}"), ensure_ascii=False)


def _balance(file_id: int, records: Sequence[Reading]) -> Balance:
    unusable = sum(bool(record.faults) for record in records)
    return balance_in_rows(file_id, EXCHANGE_RATES, len(records), quarantined=unusable)


def _balance_out(file_id: int, rows: int) -> Balance:
    return balance_in_rows(file_id, EXCHANGE_RATES, rows, quarantined=None)


def _moved(delivery: Delivery, state: State, records: RateRecords, run_id: str) -> Delivery:
    if delivery.file_id not in records:
        return delivery.moved_to(state)
    return delivery.moved_to(state, rows=len(records[delivery.file_id]), run_id=run_id)
