"""Brings deliveries of the catalogue into `silver.products` and `silver.list_prices` (P9).

`clean_catalogue` reads every record that the catalogue ever delivered, learns from them in
plain Python, sends back the sales whose meaning changes, and only then writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
from pyspark.sql import functions as F

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State, relinked
from sales_pipeline.lakehouse.mends import mended_rows
from sales_pipeline.lakehouse.tables import CATALOGUE, RECORDS
from sales_pipeline.profile import fetched
from sales_pipeline.silver.cleaned import Cleaned
from sales_pipeline.silver.fine_amounts import fine_prices
from sales_pipeline.silver.reference.catalogue_records import (
    catalogue_balances,
    catalogue_records,
    keep_quarantine,
    record_changed,
)
from sales_pipeline.silver.reference.catalogue_verdict import judge_catalogue, teaching
from sales_pipeline.silver.reference.learning import (
    Knowledge,
    learn,
    learnt_between,
    renamed_keys,
    touched_days,
)
from sales_pipeline.silver.reference.products import LIST_PRICES, PRODUCTS
from sales_pipeline.silver.reference.reference_balance import ReferenceVerdict


def clean_catalogue(
    lakehouse: Lakehouse, ledger: Ledger, deliveries: Sequence[Delivery], *, run_id: str
) -> Cleaned:
    """Updates silver to the state that all deliveries of the catalogue teach.

    Deliveries of sales whose meaning changes go back to `in_bronze` in the
    ledger, before the products change, so that no kill can leave them behind. Deliveries of the
    catalogue leave `in_bronze`: to `in_silver`; to `rejected`; or to `held` if they would rename
    many products. The deliveries that they correct become `superseded`.

    Args:
        lakehouse: The tables.
        ledger: The deliveries; changed and committed.
        deliveries: Deliveries of the catalogue in the state `in_bronze`.
        run_id: The run.
    """
    taught_before = teaching(ledger)
    records = catalogue_records(lakehouse, taught_before)
    verdict = judge_catalogue(lakehouse, ledger, records, deliveries)
    kept_out = {*verdict.refused, *verdict.held}
    accepted = relinked((file for file in deliveries if file not in kept_out), kept_out)
    teaching_now = [file for file in taught_before if file not in kept_out]
    in_force = _ids_in_force(ledger, teaching_now)
    taught = learn(records.entries(file.file_id for file in teaching_now))
    before = Knowledge.of(lakehouse)
    sent_back = _write(lakehouse, ledger, before, taught.knowledge)
    set_aside = list(records.set_aside(in_force, taught.waiting))
    of_catalogue = [file.file_id for file in ledger if file.feed == CATALOGUE]
    keep_quarantine(lakehouse, of_catalogue, set_aside, run_id=run_id)
    counted = [*teaching_now, *kept_out]
    counts = {file.file_id: len(records[file.file_id]) for file in counted}
    all_balances = catalogue_balances(counts, in_force, set_aside)
    judged = [file.file_id for file in deliveries]
    balances, released = record_changed(lakehouse, all_balances, judged=judged, run_id=run_id)
    rejected = _record(ledger, accepted, verdict, in_force, counts=counts, run_id=run_id)
    paths = {delivery.file_id: delivery.path for delivery in accepted}
    warnings = fine_prices(records.entries(paths), lakehouse.declaration.catalogue.csv, paths)
    changed = learnt_between(before, taught.knowledge)
    return Cleaned(
        balances=balances,
        rejected=rejected,
        released=released,
        learnt=changed,
        sent_back=sent_back,
        warnings=list(warnings),
    )


def forget_products(
    lakehouse: Lakehouse, ledger: Ledger, deliveries: Sequence[Delivery], *, run_id: str
) -> Cleaned:
    """Removes from silver the names and prices that only withdrawn catalogue deliveries taught.

    A run calls it before it validates sales, when its ledger has them as withdrawn: the deliveries
    of sales that used these names are in bronze afterwards. Safe to do twice.

    Args:
        lakehouse: The tables.
        ledger: The deliveries; changed and committed.
        deliveries: The deliveries that are being withdrawn; they balance as superseded.
        run_id: The run.
    """
    cleaned = clean_catalogue(lakehouse, ledger, [], run_id=run_id)
    superseded = catalogue_balances(
        {delivery.file_id: delivery.rows or 0 for delivery in deliveries}, [], []
    )
    changed, _ = record_changed(lakehouse, superseded, judged=(), run_id=run_id)
    cleaned.balances += changed
    return cleaned


def _ids_in_force(ledger: Ledger, teaching: Sequence[Delivery]) -> list[int]:
    """The file ids of the deliveries that no other replaced, so that their records count."""
    superseded = ledger.superseded_by(teaching)
    return [
        delivery.file_id
        for delivery in teaching
        if delivery.file_id not in superseded and delivery.state is not State.SUPERSEDED
    ]


def _write(lakehouse: Lakehouse, ledger: Ledger, before: Knowledge, after: Knowledge) -> set[int]:
    """Sends touched sales deliveries back, then writes the names and prices that changed."""
    touched = set()
    if before != after:
        touched = _Change(lakehouse, before, after).files()
        touched |= _mended_at_list_prices(lakehouse, ledger)
    judged = [delivery for delivery in ledger.in_force() if delivery.rows is not None]
    sent_back = [delivery for delivery in judged if delivery.file_id in touched]
    ledger.record(delivery.moved_to(State.IN_BRONZE) for delivery in sent_back)
    if after.products != before.products:
        rows = [after.products[key].as_row() for key in sorted(after.products)]
        lakehouse.put(PRODUCTS, "true", rows)
    if after.prices != before.prices:
        rows = [price.as_row(key) for key in sorted(after.prices) for price in after.prices[key]]
        lakehouse.put(LIST_PRICES, "true", rows)
    return {delivery.file_id for delivery in sent_back}


def _mended_at_list_prices(lakehouse: Lakehouse, ledger: Ledger) -> set[int]:
    """File ids of deliveries with mended records, in feeds that take the catalogue's prices.

    The value of such a record is in no table of silver, only in the balance.
    """
    feeds = lakehouse.declaration.feeds
    mended = {file_id for file_id, _ in mended_rows(ledger)}
    return {file_id for file_id in mended if feeds[ledger[file_id].feed].price_from == "catalogue"}


def _record(
    ledger: Ledger,
    accepted: Iterable[Delivery],
    verdict: ReferenceVerdict,
    in_force: Sequence[int],
    *,
    counts: Mapping[int, int],
    run_id: str,
) -> list[Delivery]:
    """Writes the new states of the deliveries; returns the refused ones."""
    taken = [
        file.moved_to(State.IN_SILVER, rows=counts[file.file_id], run_id=run_id)
        for file in accepted
        if file.file_id in in_force
    ]
    fingerprint = ledger.lakehouse.declaration.verdict_of(CATALOGUE)
    rejected = [
        file.moved_to(
            State.REJECTED,
            reason=reason,
            rows=counts[file.file_id],
            fingerprint=fingerprint,
            run_id=run_id,
        )
        for file, reason in verdict.refused.items()
    ]
    # A delivery that a later file of its name corrects has nothing to wait for.
    overtaken = ledger.superseded_by(ledger[file.file_id] for file in taken)
    held = [
        file.moved_to(
            State.SUPERSEDED if file.file_id in overtaken else State.HELD,
            reason=reason,
            rows=counts[file.file_id],
            fingerprint=fingerprint,
            run_id=run_id,
        )
        for file, reason in verdict.held.items()
    ]
    kept_out = [file.file_id for file in (*held, *rejected)]
    replaced = [
        ledger[file_id].moved_to(State.SUPERSEDED, rows=counts[file_id])
        for file_id in counts.keys() - {*in_force, *kept_out}
        if ledger[file_id].state is not State.SUPERSEDED
    ]
    changed = [*taken, *replaced, *rejected, *held]
    ledger.record([*changed, *ledger.overtaken_by([*taken, *held])])
    return rejected


_TOUCHED = pa.schema(
    [("feed", pa.string()), ("source_product", pa.string()),
     ("first_day", pa.date32()), ("last_day", pa.date32())]
)  # fmt: skip


@dataclass(frozen=True)
class _Change:
    """A change of the catalogue's knowledge, and the sales whose meaning or price it touches.

    Only the distinct products as delivered are read, and compared in plain Python; the sales
    themselves are read only for list prices, which change for some days.
    """

    lakehouse: Lakehouse
    before: Knowledge
    after: Knowledge

    @property
    def _touches_only_quarantine(self) -> bool:
        """True if only quarantined records can be touched, which wait for a new name.

        False if a feed takes unknown names as they are, or a name in other capitals.
        """
        feeds = self.lakehouse.declaration.feeds.values()
        before, after = self.before.products, self.after.products
        is_repriced = self.before.prices != self.after.prices
        return not (
            any(feed.unknown_products == "pass" or feed.ignore_case for feed in feeds)
            or (is_repriced and any(feed.price_from == "catalogue" for feed in feeds))
            or before.keys() - after.keys()
            or renamed_keys(before, after)
        )

    def files(self) -> set[int]:
        """File ids of the deliveries with a record in silver that the change touches."""
        table = "silver.quarantine" if self._touches_only_quarantine else RECORDS
        by = ["feed", "source_product"]
        delivered = self.lakehouse.totals(table, by=by, of="amount").select(by).to_pylist()
        touched = pa.Table.from_pylist(list(self._touched(delivered)), schema=_TOUCHED)
        if not touched.num_rows:
            return set()
        rows, small = self.lakehouse.table(table), self.lakehouse.frame(touched)
        waits = F.col("reasons").isNotNull().alias("waits")
        records = rows.select("feed", "source_product", "_file_id", "sold_on", waits)
        day = F.col("sold_on")
        # The product of a quarantined record decides by itself, and an excluded record may have
        # no readable day and bears a name all the same.
        is_meant = day.isNull() | day.between(F.col("first_day"), F.col("last_day"))
        touched_records = records.join(small, ["feed", "source_product"]).where(
            F.col("waits") | is_meant
        )
        files = touched_records.select("_file_id").distinct()
        return set(fetched("find the sales that names touch", files).column(0).to_pylist())

    def _touched(self, delivered: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The products as delivered, with the first and last of the days that are touched."""
        for row in delivered:
            feed, product = self.lakehouse.declaration.feeds.get(row["feed"]), row["source_product"]
            if feed is not None and product is not None:
                for first, until in touched_days(feed, product, self.before, self.after):
                    last = date.max if until is None else until - timedelta(days=1)
                    yield {**row, "first_day": first, "last_day": last}
