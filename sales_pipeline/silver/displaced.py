"""Counts sales that a different sale of the same key displaced: reused ticket numbers.

`silver.set_aside` keeps, beside each of them, the day and the amount of the sale that is in force
instead, so that a run and later queries read it without a session. A later file may say the same
sale in other words, so that only another day or amount is counted. Within one file any difference
is, such as the products of an order: there the key does not tell the sales apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.lakehouse.arrow_types import totals_by
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.silver.balance import Balance

_SET_ASIDE = "silver.set_aside"
_DISPLACED = "displaced"
_COMPARED = ("sold_on", "amount", "currency")
_COLUMNS = [
    "feed", "store", "sale_id", "status", "_file_id", "winner_file_id", "winner_row",
    *_COMPARED, *(f"winner_{name}" for name in _COMPARED),
]  # fmt: skip


@dataclass
class DisplacedSales:
    """Sales of one feed that other records displaced, and that are not the same.

    Attributes:
        feed: The feed.
        store: Their store, if the feed has several.
        sales: How many.
        before: Currency -> their amounts added up.
        after: Currency -> the amounts of the sales that are in force instead.
        in_one_file: True if a record of their own file displaced them.
        order: The rule by which one of two files that were found together is the later one; None
            if the later one came in another run.
        example: The number of one of the sales, if they have one.
    """

    feed: str
    store: str | None
    sales: int = 0
    before: dict[str, Decimal] = field(default_factory=dict)
    after: dict[str, Decimal] = field(default_factory=dict)
    order: str | None = None
    in_one_file: bool = False
    example: str | None = field(default=None, compare=False)


def displaced_sales(
    lakehouse: Lakehouse,
    balances: Iterable[Balance],
    *,
    judged: Collection[int] | None = None,
    runs: Mapping[int, datetime] | None = None,
) -> list[DisplacedSales]:
    """Counts the sales that other records displaced, and that are not the same, with their money.

    A correction of the same name is none of these: what it replaces is superseded as a whole. Nor
    is a cancellation, because no other sale is in force then.

    Args:
        lakehouse: `silver.set_aside` is read, if any of the balances counts displaced records.
        balances: The balances of the deliveries whose records are read.
        judged: Only sales that one of these deliveries lost or displaced; None for all.
        runs: File id -> when it was claimed; files that were found together share the time.

    Returns:
        The sales that later files displaced, then the sales that their own file displaced.
    """
    files = {balance.file_id for balance in balances if balance.rows(_DISPLACED)}
    if not files:
        return []
    rows = _other_sales(lakehouse, files, judged)
    is_own = pc.equal(rows["_file_id"], rows["winner_file_id"])
    return [
        *_counted(lakehouse, rows.filter(pc.invert(is_own)), runs or {}, in_one_file=False),
        *_counted(lakehouse, rows.filter(is_own), {}, in_one_file=True),
    ]


def displaced_in_own_file(lakehouse: Lakehouse, file_ids: Collection[int]) -> Counter[int]:
    """File id -> how many sales a record of their own file displaced that is not equal to them."""
    if not file_ids:
        return Counter()
    rows = _other_sales(lakehouse, file_ids, None)
    own = rows.filter(pc.equal(rows["_file_id"], rows["winner_file_id"]))
    return Counter(own["_file_id"].to_pylist())


def _other_sales(
    lakehouse: Lakehouse, file_ids: Collection[int], judged: Collection[int] | None
) -> pa.Table:
    """The displaced sales of some deliveries that are not equal to the sale in force instead."""
    rows = lakehouse.read(_SET_ASIDE, columns=_COLUMNS, file_ids=file_ids)
    is_own = pc.equal(rows["_file_id"], rows["winner_file_id"])
    differs = [pc.not_equal(rows[name], rows[f"winner_{name}"]) for name in _COMPARED]
    conditions = [
        pc.equal(rows["status"], _DISPLACED),
        # Null if no sale is in force instead.
        pc.is_valid(rows["winner_sold_on"]),
        reduce(pc.or_kleene, [is_own, *differs]),
    ]
    if judged is not None:
        ids = pa.array(sorted(judged), pa.int64())
        sides = [pc.is_in(rows[name], value_set=ids) for name in ("_file_id", "winner_file_id")]
        conditions.append(reduce(pc.or_, sides))
    return rows.filter(reduce(pc.and_kleene, conditions))


def _counted(
    lakehouse: Lakehouse, rows: pa.Table, runs: Mapping[int, datetime], *, in_one_file: bool
) -> list[DisplacedSales]:
    feeds = lakehouse.declaration.feeds
    by_store: dict[tuple[str, str], DisplacedSales] = {}

    def of(feed: str, store: str) -> DisplacedSales:
        shown = store if feeds[feed].stores else None
        return by_store.setdefault(
            (feed, store), DisplacedSales(feed, shown, in_one_file=in_one_file)
        )

    before = [rows[name] for name in ("feed", "store", "currency")]
    for (feed, store, currency), count, amount in totals_by(before, rows["amount"]):
        of(feed, store).sales += count
        of(feed, store).before[currency] = amount or Decimal(0)
    for feed, store, sale_id in zip(
        *(rows[name].to_pylist() for name in ("feed", "store", "sale_id")), strict=True
    ):
        if sale_id:
            displaced = of(feed, store)
            displaced.example = min(displaced.example or sale_id, sale_id)
    winners = _each_winner_once(rows)
    after = [winners[name] for name in ("feed", "store", "winner_currency")]
    for (feed, store, currency), _, amount in totals_by(after, winners["winner_amount"]):
        of(feed, store).after[currency] = amount or Decimal(0)
    for place in by_store.keys() & _found_together(rows, runs):
        by_store[place].order = lakehouse.declaration.order_of(place[0]).rule
    order = list(feeds)
    return [
        by_store[key] for key in sorted(by_store, key=lambda key: (order.index(key[0]), key[1]))
    ]


def _found_together(rows: pa.Table, runs: Mapping[int, datetime]) -> set[tuple[str, str]]:
    """Feed and store of sales whose deliveries were claimed together, so their order decided."""
    names = ["feed", "store", "_file_id", "winner_file_id"]
    pairs = rows.select(names).group_by(names).aggregate([]).to_pylist()
    return {
        (pair["feed"], pair["store"])
        for pair in pairs
        if pair["_file_id"] in runs and runs[pair["_file_id"]] == runs.get(pair["winner_file_id"])
    }


def _each_winner_once(rows: pa.Table) -> pa.Table:
    """One row for each sale in force, even if it displaced several."""
    winners = zip(rows["winner_file_id"].to_pylist(), rows["winner_row"].to_pylist(), strict=True)
    place_of = {winner: place for place, winner in enumerate(winners)}
    return rows.take(pa.array(place_of.values(), pa.int64()))
