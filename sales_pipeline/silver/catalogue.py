"""Brings deliveries of the catalogue into `silver.products` (P9)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from pyspark.sql import functions as F

from sales_pipeline.errors import FileRejected
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import IN_FORCE, Delivery, Ledger, State
from sales_pipeline.lakehouse.tables import CATALOGUE
from sales_pipeline.silver.balance import Balance, record, recorded
from sales_pipeline.silver.products import (
    Known,
    Product,
    changed,
    check_delivery,
    learn,
    normalised,
    problem_of,
)
from sales_pipeline.silver.reasons import PRODUCT_UNKNOWN

Row = dict[str, Any]
NO_CURRENCY = "XXX"
"""ISO 4217 for no currency at all: records of the catalogue carry no amount."""
MAX_UNUSABLE = Decimal("0.20")
_TAUGHT = IN_FORCE | {State.SUPERSEDED}
"""The catalogue only learns: what a corrected delivery taught stays known."""


def known_products(lakehouse: Lakehouse) -> dict[tuple[str, str], Product]:
    """(language, normalised name) -> what `silver.products` says of it."""
    rows = lakehouse.rows("silver.products")
    products = map(Product.from_row, rows)
    return {(each.language, each.source): each for each in products}


@dataclass
class Lesson:
    """What deliveries of the catalogue brought.

    Attributes:
        refused: Deliveries that are refused, and why.
        balances: The balance of each delivery that was taken.
    """

    refused: dict[Delivery, str] = field(default_factory=dict)
    balances: list[Balance] = field(default_factory=list)


def learn_products(
    lakehouse: Lakehouse, ledger: Ledger, deliveries: Sequence[Delivery], *, run_id: str
) -> Lesson:
    """Makes `silver.products` say what all deliveries of the catalogue in force teach.

    Deliveries of sales that it makes mean something else go back to `in_bronze` in the
    ledger, before the products change, so that no kill can leave them behind.

    Args:
        lakehouse: The tables.
        ledger: The deliveries.
        deliveries: Deliveries of the catalogue that wait in bronze.
        run_id: The run.
    """
    declaration = lakehouse.declaration
    languages, into = list(declaration.catalogue.languages), declaration.language
    taught = [each.file_id for each in ledger if each.feed == CATALOGUE and each.state in _TAUGHT]
    rows = _bronze_rows(lakehouse, taught)
    lesson = Lesson()
    unusable: list[Row] = []
    for each in deliveries:
        own = [row for row in rows if row["_file_id"] == each.file_id]
        bad = [row for row in own if problem_of(row, into)]
        try:
            check_delivery(own, languages, into=into)
            if own and Decimal(len(bad)) / len(own) > MAX_UNUSABLE:
                raise FileRejected("unusable", f"{len(bad):,} of {len(own):,} records are unusable")
        except FileRejected as error:
            lesson.refused[each] = error.reason
            continue
        unusable += bad
        lesson.balances.append(_balance(each, len(own), len(bad)))
    refused = {each.file_id for each in lesson.refused}
    after = learn((row for row in rows if row["_file_id"] not in refused), languages, into=into)
    _write(lakehouse, ledger, after)
    _quarantine(lakehouse, deliveries, [_quarantined(row, into, run_id) for row in unusable])
    return lesson


def forget_products(
    lakehouse: Lakehouse, ledger: Ledger, deliveries: Sequence[Delivery], *, run_id: str
) -> None:
    """Makes `silver.products` forget what only withdrawn deliveries of the catalogue taught.

    Deliveries of sales that it makes mean something else go back to `in_bronze`.

    Args:
        lakehouse: The tables.
        ledger: The deliveries.
        deliveries: Those that are on their way out; they teach nothing any more.
        run_id: The run.
    """
    learn_products(lakehouse, ledger, [], run_id=run_id)
    _quarantine(lakehouse, deliveries, [])
    superseded = [
        replace(each, classes={"superseded": each.delivered})
        for each in recorded(lakehouse)
        if each.file_id in {delivery.file_id for delivery in deliveries}
    ]
    record(lakehouse, superseded, run_id)


def _bronze_rows(lakehouse: Lakehouse, file_ids: Sequence[int]) -> list[Row]:
    rows = lakehouse.table("bronze.catalogue").where(among("_file_id", file_ids))
    found: list[Row] = rows.toArrow().to_pylist()
    return sorted(found, key=lambda row: (row["_file_id"], row["_row"]))


def _balance(delivery: Delivery, rows: int, bad: int) -> Balance:
    nothing = Decimal(0)
    classes = {"accepted": (rows - bad, nothing), "quarantined": (bad, nothing)}
    return Balance(delivery.file_id, CATALOGUE, NO_CURRENCY, (rows, nothing), classes)


def _quarantined(row: Row, into: str, run_id: str) -> Row:
    delivered = {name: value for name, value in row.items() if not name.startswith("_")}
    return {
        "feed": CATALOGUE,
        "store": "",
        "_file_id": row["_file_id"],
        "_row": row["_row"],
        "raw": row["_raw"] or json.dumps(delivered, ensure_ascii=False),
        "reasons": [problem_of(row, into)],
        "first_run": run_id,
        "last_run": run_id,
    }


def _quarantine(lakehouse: Lakehouse, deliveries: Sequence[Delivery], rows: list[Row]) -> None:
    name = "silver.quarantine"
    if deliveries:
        ids = among("_file_id", (each.file_id for each in deliveries))
        lakehouse.replace(name, ids, lakehouse.local(rows, name))


def _write(lakehouse: Lakehouse, ledger: Ledger, after: Known) -> None:
    before = known_products(lakehouse)
    if after != before:
        _send_back(lakehouse, ledger, before, after)
        rows = [after[key].as_row() for key in sorted(after)]
        lakehouse.replace("silver.products", "true", lakehouse.local(rows, "silver.products"))


def _send_back(lakehouse: Lakehouse, ledger: Ledger, before: Known, after: Known) -> None:
    """Sends the sales deliveries that a change of the catalogue touches back to be judged."""
    learnt, other = changed(before, after)
    forgotten = {key for key in before if key not in after}
    touched = _files_with(lakehouse, "silver.quarantine", learnt, waiting=True)
    for table in ("silver.sales", "silver.set_aside"):
        touched |= _files_with(lakehouse, table, other | forgotten, waiting=False)
    judged = [each for each in ledger.in_force() if each.rows is not None]
    ledger.record(each.moved_to(State.IN_BRONZE) for each in judged if each.file_id in touched)


def _files_with(
    lakehouse: Lakehouse, table: str, names: set[tuple[str, str]], *, waiting: bool
) -> set[int]:
    """File ids in a silver table of which a product as delivered is among some names."""
    if not names:
        return set()
    feeds = lakehouse.declaration.feeds
    rows = lakehouse.table(table)
    if waiting:
        rows = rows.where(F.array_contains("reasons", PRODUCT_UNKNOWN))
    found = rows.select("feed", "source_product", "_file_id").distinct().toArrow().to_pylist()
    return {
        row["_file_id"]
        for row in found
        if row["feed"] in feeds
        and (feeds[row["feed"]].language, normalised(row["source_product"] or "")) in names
    }
