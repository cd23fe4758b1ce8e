"""Sales that a later delivery displaced by another day or amount: reused ticket numbers.

`silver.set_aside` keeps, beside each of them, the day and the amount of the sale that is in force
instead, so that a run and anybody later can ask without a session.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.lakehouse.groups import totals_by
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.silver.balance import Balance
from sales_pipeline.silver.displaced import DisplacedSales

_SET_ASIDE = "silver.set_aside"
_DISPLACED = "displaced"
_COMPARED = ("sold_on", "amount", "currency")
_COLUMNS = [
    "feed", "store", "status", "_file_id", "winner_file_id", "winner_row",
    *_COMPARED, *(f"winner_{name}" for name in _COMPARED),
]  # fmt: skip


def displaced_sales(
    lakehouse: Lakehouse,
    balances: Iterable[Balance],
    *,
    judged: Collection[int] | None = None,
    runs: Mapping[int, datetime] | None = None,
) -> list[DisplacedSales]:
    """Counts what later deliveries displaced by another day or amount, with its money.

    A correction of the same name is none of these: what it replaces is superseded as a whole. Nor
    is a cancellation, for no other sale is in force then.

    Args:
        lakehouse: `silver.set_aside` is read, where any of the balances counts displaced records.
        balances: The balances of the deliveries whose records are looked at.
        judged: Only where one of these deliveries displaces, or is displaced; None for all.
        runs: Id of each delivery -> when it was claimed, by which files found together are known.
    """
    files = {each.file_id for each in balances if each.rows(_DISPLACED)}
    if not files:
        return []
    rows = lakehouse.read(_SET_ASIDE, columns=_COLUMNS, file_ids=files)
    return _counted(lakehouse, rows.filter(_is_other_sale(rows, judged)), runs or {})


def _is_other_sale(rows: pa.Table, judged: Collection[int] | None) -> pa.ChunkedArray:
    differs = [pc.not_equal(rows[name], rows[f"winner_{name}"]) for name in _COMPARED]
    conditions = [
        pc.equal(rows["status"], _DISPLACED),
        pc.not_equal(rows["_file_id"], rows["winner_file_id"]),
        # Null where no sale is in force instead.
        pc.is_valid(rows["winner_sold_on"]),
        reduce(pc.or_kleene, differs),
    ]
    if judged is not None:
        ids = pa.array(sorted(judged), pa.int64())
        sides = [pc.is_in(rows[name], value_set=ids) for name in ("_file_id", "winner_file_id")]
        conditions.append(reduce(pc.or_, sides))
    return reduce(pc.and_kleene, conditions)


def _counted(
    lakehouse: Lakehouse, rows: pa.Table, runs: Mapping[int, datetime]
) -> list[DisplacedSales]:
    feeds = lakehouse.declaration.feeds
    together = _found_together(rows, runs)
    found: dict[tuple[str, str], DisplacedSales] = {}

    def of(feed: str, store: str) -> DisplacedSales:
        shown = store if feeds[feed].stores else None
        return found.setdefault((feed, store), DisplacedSales(feed, shown))

    before = [rows[name] for name in ("feed", "store", "currency")]
    for (feed, store, currency), count, amount in totals_by(before, rows["amount"]):
        of(feed, store).sales += count
        of(feed, store).before[currency] = amount or Decimal(0)
    winners = _each_winner_once(rows)
    after = [winners[name] for name in ("feed", "store", "winner_currency")]
    for (feed, store, currency), _, amount in totals_by(after, winners["winner_amount"]):
        of(feed, store).after[currency] = amount or Decimal(0)
    for key in found.keys() & together:
        found[key].order = lakehouse.declaration.order_of(key[0]).rule
    order = list(feeds)
    return [found[key] for key in sorted(found, key=lambda key: (order.index(key[0]), key[1]))]


def _found_together(rows: pa.Table, runs: Mapping[int, datetime]) -> set[tuple[str, str]]:
    """Feed and store of sales whose deliveries were claimed at once, so that an order decided."""
    names = ("feed", "store", "_file_id", "winner_file_id")
    pairs = rows.select(names).group_by(list(names)).aggregate([]).to_pylist()
    return {
        (pair["feed"], pair["store"])
        for pair in pairs
        if pair["_file_id"] in runs and runs[pair["_file_id"]] == runs.get(pair["winner_file_id"])
    }


def _each_winner_once(rows: pa.Table) -> pa.Table:
    """One row for each sale in force, however many it displaced."""
    winners = zip(rows["winner_file_id"].to_pylist(), rows["winner_row"].to_pylist(), strict=True)
    place_of = {winner: place for place, winner in enumerate(winners)}
    return rows.take(pa.array(place_of.values(), pa.int64()))
