"""Sums and deliveries that `close` keeps, so that later changes of a month can be explained.

`analysis/records_of_run` reads it. It holds one sum per delivery, store and day, and does
not need an earlier version of any table, so `maintain` cannot take it away.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from sales_pipeline.gold.gold_set import GoldSet
from sales_pipeline.lakehouse.arrow_types import arrow_schema
from sales_pipeline.lakehouse.lakehouse import Lakehouse, in_months
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.lakehouse.ops_tables import CLOSED_DELIVERIES, CLOSED_RATES, CLOSED_RECORDS
from sales_pipeline.lakehouse.tables import DISPLACED, DUPLICATE, NOT_SALES, RECORDS, SALE

_BY = ("month", "_file_id", "store", "currency", "sold_on", "status", "winner_file_id")
_COUNTED = f"status IN ('{SALE}', '{DUPLICATE}', '{DISPLACED}')"
"""The condition of records that count, or that lost their key to one that does."""
_OF_DELIVERY = ("feed", "name", "path", "supersedes", "fingerprint", "mends", "rolled_back_by")


def kept_records(lakehouse: Lakehouse, months: Sequence[date]) -> pa.Table:
    """Adds up the rows of `silver.records` of some months as `ops.closed_records` keeps them."""
    where = f"{in_months(months)} AND {_COUNTED}"
    sums = lakehouse.totals(RECORDS, by=_BY, of="amount", where=where)
    return sums.select(CLOSED_RECORDS.column_names).cast(arrow_schema(CLOSED_RECORDS))


def kept_rates(gold: GoldSet, months: Sequence[date]) -> pa.Table:
    """Returns the rates of all days of some months as `ops.closed_rates` keeps them.

    A day takes the rate that gold took, else the one that a sale of it would take.
    """
    taken, book, rows = gold.rates_taken(), gold.rates(), []
    currencies = sorted({currency for currency, _ in (*taken.by_day, *taken.by_month)})
    for month in months:
        for number in range(1, monthrange(month.year, month.month)[1] + 1):
            day = month.replace(day=number)
            for currency in currencies:
                rate = taken.rate(currency, day)
                known = book.rate_on(currency, day) if rate is None else None
                rate = known.rate if known else rate
                if rate is not None:
                    row = {"month": month, "sold_on": day, "currency": currency, "rate": rate}
                    rows.append(row)
    return pa.Table.from_pylist(rows, schema=arrow_schema(CLOSED_RATES))


def kept_deliveries(ledger: Ledger, records: pa.Table, months: Sequence[date]) -> pa.Table:
    """Returns the deliveries as `ops.closed_deliveries` keeps them, for each month.

    Which ones have records of a month is in `records`, the rows of `ops.closed_records`.
    """
    in_force = ledger.in_force()
    last_of_feed = {delivery.feed: delivery.file_id for delivery in in_force}
    counting = {delivery.file_id for delivery in in_force} - {*last_of_feed.values()}
    always = {delivery.file_id for delivery in ledger} - counting
    of_month: dict[date, set[int]] = {month: {*always} for month in months}
    columns = (records[name].to_pylist() for name in ("month", "_file_id", "winner_file_id"))
    for month, file_id, winner in zip(*columns, strict=True):
        of_month[month] |= {file_id} if winner is None else {file_id, winner}
    rows = [row for month, ids in of_month.items() for row in _rows(ledger, month, ids)]
    return pa.Table.from_pylist(rows, schema=arrow_schema(CLOSED_DELIVERIES))


def _rows(ledger: Ledger, month: date, file_ids: set[int]) -> Iterator[dict[str, Any]]:
    for file_id in sorted(file_ids):
        delivery = ledger[file_id]
        if delivery.feed not in NOT_SALES:
            own = {name: getattr(delivery, name) for name in _OF_DELIVERY}
            state = str(delivery.state)
            yield own | {"month": month, "_file_id": file_id, "state": state}
