"""Reads and writes `silver.exchange_rates`, the rates that the policy chooses from (P8).

They are the declared rates under `fixed`, and the published rates otherwise. Which of them a
sale takes is decided in gold, by `gold.rate_book`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.column_sources import by_header
from sales_pipeline.lakehouse.declared_tables import rate_columns
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State, deliveries_by_id
from sales_pipeline.lakehouse.tables import EXCHANGE_RATES
from sales_pipeline.silver.reference.rate_quotes import (
    RATE_STEP,
    Quote,
    QuoteReader,
    Reading,
    base_rates,
)

Row = dict[str, Any]
_TABLE = "silver.exchange_rates"
_ALWAYS = date(1, 1, 1)
_FIXED, _BASE = "fixed", "base currency"
LEARNT = (State.IN_SILVER, State.IN_GOLD, State.ARCHIVED)
"""The states of deliveries whose rates are in the table."""


def declared_rates(declaration: Declaration) -> list[Row]:
    """The rows of `silver.exchange_rates` that the declaration itself makes.

    Under another policy than `fixed` there are none.
    """
    rates, base = declaration.rates, declaration.base_currency
    if rates.chosen_policy != "fixed":
        return []
    rows = [_declared(base, Decimal(1), None, _BASE)]
    rows += [
        _declared(currency, rate, since, _FIXED)
        for currency in rates.fixed
        if currency != base
        for since, rate in rates.fixed_rates(currency)
    ]
    return sorted(rows, key=_in_order)


def _declared(currency: str, rate: Decimal, since: date | None, source: str) -> Row:
    rounded = rate.quantize(RATE_STEP, rounding=ROUND_HALF_UP)
    return {"date": since or _ALWAYS, "currency": currency, "rate": rounded, "source": source}


def _in_order(row: Row) -> tuple[Any, ...]:
    return row["currency"], row["date"]


def rates_changed(lakehouse: Lakehouse, ledger: Ledger) -> bool:
    """Returns whether `silver.exchange_rates` differs from the declaration and the ledger.

    That is so when rates were declared otherwise, or a delivery was taken out of force.
    Deliveries that wait in bronze are still to be learnt from, and not looked at.
    """
    declared = declared_rates(lakehouse.declaration)
    if not lakehouse.engine.exists(_TABLE):
        return bool(declared)
    counted = lakehouse.engine.totals(_TABLE, by=["source"], of="rate")
    sources = set(counted["source"].to_pylist())
    if declared:
        # Then there must be no published rate, so these are few.
        is_other = not sources <= {_FIXED, _BASE}
        columns = list(declared[0])
        return (
            is_other or sorted(lakehouse.rows(_TABLE, columns=columns), key=_in_order) != declared
        )
    paths = {delivery.path for delivery in ledger.in_force(EXCHANGE_RATES)}
    return not sources <= paths


def keep_rates(lakehouse: Lakehouse, ledger: Ledger) -> None:
    """Writes `silver.exchange_rates` anew, from the declaration and the learnt deliveries."""
    learnt = [file for file in ledger.in_force(EXCHANGE_RATES) if file.state in LEARNT]
    write_rates(lakehouse, ledger, read_records(lakehouse, learnt))


RateRecords = dict[int, list[Reading]]
"""File id -> its records, in their order."""


def quotes_of(records: Iterable[Reading]) -> list[Quote]:
    """The rates in some records, in their order."""
    return [quote for record in records for quote in record.quotes]


def read_records(lakehouse: Lakehouse, deliveries: Iterable[Delivery]) -> RateRecords:
    """Reads the rows of some deliveries from `bronze.exchange_rates`."""
    by_id = deliveries_by_id(deliveries)
    records: RateRecords = {file_id: [] for file_id in sorted(by_id)}
    if not records:
        return records
    rows = lakehouse.read(f"bronze.{EXCHANGE_RATES}", file_ids=by_id).to_pylist()
    reader = QuoteReader(lakehouse.declaration.rates)
    named_rows = by_header(rows, rate_columns(lakehouse.declaration), by_id.values())
    for row in sorted(named_rows, key=lambda row: int(row["_row"])):
        records[row["_file_id"]].append(reader.read(row))
    return records


def write_rates(lakehouse: Lakehouse, ledger: Ledger, records: RateRecords) -> None:
    """Writes `silver.exchange_rates` anew, from the declaration and these records."""
    declaration = lakehouse.declaration
    rows = declared_rates(declaration)
    if declaration.rates.chosen_policy != "fixed":
        quotes = (quote for of_file in records.values() for quote in quotes_of(of_file))
        rows += [
            {
                "date": rate.day,
                "currency": rate.currency,
                "rate": rate.rate,
                "source": ledger[rate.file_id].path,
            }
            for rate in base_rates(quotes, declaration.rates, base=declaration.base_currency)
            if rate.fits
        ]
    lakehouse.put(_TABLE, "true", rows)
