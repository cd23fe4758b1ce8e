"""Silver: records in bronze become the sales in force, and everything else finds its place.

`clean_data` reads, calls the pure transformations of this layer, and writes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.silver import balance as balances
from sales_pipeline.silver.balance import Balance
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.catalogue import known_products, learn_products
from sales_pipeline.silver.placing import Placement
from sales_pipeline.silver.survey import Survey, overly_quarantined, survey

logger = logging.getLogger(__name__)

CATALOGUE = "catalogue"
Delivered = dict[tuple[int, str], tuple[int, Decimal]]


@dataclass
class Cleaned:
    """What one call of `clean_data` did.

    Attributes:
        balances: The balance of every delivery that was judged or touched.
        rejected: Deliveries that were refused as a whole, with the reason recorded.
        failed: Deliveries that did not balance and were taken out again.
    """

    balances: list[Balance] = field(default_factory=list)
    rejected: list[Delivery] = field(default_factory=list)
    failed: list[Delivery] = field(default_factory=list)


def clean_data(
    lakehouse: Lakehouse, ledger: Ledger, deliveries: Sequence[Delivery], *, run_id: str
) -> Cleaned:
    """Judges deliveries that wait in bronze and puts their records into silver.

    Every delivery leaves the state `in_bronze`: to `in_silver` when its records are placed
    and balance, to `rejected` or `failed` otherwise. What it corrects becomes `superseded`.
    Deliveries that a new catalogue touches are judged again with them.

    Args:
        lakehouse: The tables; `bronze.*` are read, `silver.*` and `ops.balance` written.
        ledger: The deliveries; changed and committed.
        deliveries: Deliveries in the state `in_bronze`.
        run_id: The run.
    """
    cleaned = Cleaned()
    ids = {each.file_id for each in deliveries}
    if any(each.feed == CATALOGUE for each in deliveries):
        ids |= _clean_catalogue(lakehouse, ledger, deliveries, cleaned)
    waiting = [
        each
        for each in ledger.in_state(State.IN_BRONZE)
        if each.feed != CATALOGUE and each.file_id in ids
    ]
    if waiting:
        _Cleaning(lakehouse, ledger, run_id, cleaned).clean(waiting)
    return cleaned


def _clean_catalogue(
    lakehouse: Lakehouse, ledger: Ledger, deliveries: Sequence[Delivery], cleaned: Cleaned
) -> set[int]:
    """Learns from the catalogue's deliveries; returns the sales deliveries it sends back."""
    own = [each for each in deliveries if each.feed == CATALOGUE]
    waiting_before = {each.file_id for each in ledger.in_state(State.IN_BRONZE)}
    refused = learn_products(lakehouse, ledger, own)
    sent_back = {each.file_id for each in ledger.in_state(State.IN_BRONZE)} - waiting_before
    changed = [
        each.moved_to(State.REJECTED, reason=refused[each])
        if each in refused
        else each.moved_to(State.IN_SILVER)
        for each in own
    ]
    superseded = [
        ledger[each.supersedes].moved_to(State.SUPERSEDED)
        for each in changed
        if each.state is State.IN_SILVER and each.supersedes is not None
    ]
    ledger.record([*changed, *superseded])
    cleaned.rejected += [each for each in changed if each.state is State.REJECTED]
    return sent_back


@dataclass
class _Cleaning:
    """One pass over deliveries of sales."""

    lakehouse: Lakehouse
    ledger: Ledger
    run_id: str
    cleaned: Cleaned

    def clean(self, waiting: Sequence[Delivery]) -> None:
        """Judges the deliveries, places their records, balances, and records the outcome."""
        replaced_here = {each.supersedes for each in waiting}
        judged = tuple(each for each in waiting if each.file_id not in replaced_here)
        batch = self._batch(judged)
        delivered = balances.delivered(batch)
        found = survey(batch)
        refused = overly_quarantined(batch, found)
        kept = batch.without(each.file_id for each in refused)
        gone = self._superseded_by(kept.deliveries) | {each.file_id for each in refused}
        moved = self._place(kept, found.without(refused_ids(refused)), gone)
        moved |= self._take_out_unbalanced(kept, delivered, moved)
        self._record(kept, refused, delivered, moved)

    def _batch(self, deliveries: Iterable[Delivery]) -> Batch:
        return Batch(self.lakehouse, tuple(deliveries), known_products(self.lakehouse))

    def _superseded_by(self, deliveries: Iterable[Delivery]) -> set[int]:
        """What the deliveries correct, and what that corrected before them."""
        gone: set[int] = set()
        for each in deliveries:
            earlier = each.supersedes
            while earlier is not None and earlier not in gone:
                gone.add(earlier)
                earlier = self.ledger[earlier].supersedes
        return gone

    def _place(self, batch: Batch, found: Survey, gone: set[int]) -> set[int]:
        """Places the batch; returns the earlier deliveries of which records were moved."""
        here = {*batch.file_ids, *gone}
        touched = {each.file_id for each in self.ledger if each.may_be_in_silver}
        placement = Placement(
            lakehouse=self.lakehouse,
            batch=batch if batch.deliveries else None,
            survey=found,
            gone=frozenset(gone),
            has_history=bool(touched - here),
            is_again=bool(touched & here),
            run_id=self.run_id,
        )
        moves = placement.decide()
        self._record_months(here, found, placement.leaving_months() | moves.months)
        placement.write()
        return set(moves.files)

    def _record_months(self, here: set[int], found: Survey, others: set[date]) -> None:
        """Commits the months that the writes to come will touch, before the first of them."""
        changed = []
        for file_id in sorted(here):
            delivery = self.ledger[file_id]
            months = found.months.get(file_id, set()) | set(delivery.months)
            months |= others if not changed else set()
            changed.append(replace(delivery, months=tuple(sorted(months))))
        self.ledger.record(changed)

    def _take_out_unbalanced(self, batch: Batch, delivered: Delivered, moved: set[int]) -> set[int]:
        """Takes deliveries that do not balance out again, and brings back what they corrected."""
        found = self._balances({*batch.file_ids, *moved}, delivered)
        failed = {each.file_id: each for each in found if not each.balances}
        if not failed:
            return set()
        for each in failed.values():
            logger.error("%s does not balance: %s", self.ledger[each.file_id].name, each.sentence())
        restored = self._batch(
            self.ledger[before]
            for before in (self.ledger[each].supersedes for each in failed)
            if before is not None and self.ledger[before].state is not State.SUPERSEDED
        )
        again = survey(restored) if restored.deliveries else Survey()
        touched = self._place(restored, again, set(failed))
        self.cleaned.failed += [
            self.ledger[each.file_id].moved_to(
                State.FAILED, reason=f"does not balance: {each.sentence()}", run_id=self.run_id
            )
            for each in failed.values()
        ]
        return {*touched, *restored.file_ids}

    def _balances(self, files: set[int], delivered: Delivered) -> list[Balance]:
        """The balance of some deliveries; what earlier ones delivered is on record."""
        on_record = {
            (each.file_id, each.currency): each.delivered
            for each in balances.recorded(self.lakehouse)
            if each.file_id in files
        }
        counts = balances.in_silver(self.lakehouse, files)
        return [
            Balance(file_id, self.ledger[file_id].feed, currency, amount, counts[file_id, currency])
            for (file_id, currency), amount in (on_record | delivered).items()
            if file_id in files
        ]

    def _record(
        self, batch: Batch, refused: Mapping[Delivery, str], delivered: Delivered, moved: set[int]
    ) -> None:
        """Commits the balances, then the states of all deliveries that were touched."""
        failed = {each.file_id for each in self.cleaned.failed}
        accepted = [each for each in batch.file_ids if each not in failed]
        superseded = self._superseded_by(self.ledger[each] for each in accepted)
        found = self._balances({*accepted, *moved} - failed, delivered)
        out = {*superseded, *failed, *(each.file_id for each in refused)}
        found += self._balances_of_superseded(out, delivered)
        balances.record(self.lakehouse, found, self.run_id)
        self.cleaned.balances += found
        self.cleaned.rejected += [
            self.ledger[each.file_id].moved_to(State.REJECTED, reason=reason, run_id=self.run_id)
            for each, reason in refused.items()
        ]
        rows = {each.file_id: each.delivered[0] for each in found}
        self.ledger.record(
            [
                *(
                    self.ledger[each].moved_to(
                        State.IN_SILVER, rows=rows[each], run_id=self.run_id,
                        fingerprint=self._fingerprint(each),
                    )
                    for each in accepted
                ),
                *(self.ledger[each].moved_to(State.SUPERSEDED) for each in superseded),
                *self.cleaned.failed,
                *self.cleaned.rejected,
            ]
        )

    def _balances_of_superseded(self, files: set[int], delivered: Delivered) -> list[Balance]:
        on_record = {
            (each.file_id, each.currency): each.delivered
            for each in balances.recorded(self.lakehouse)
        }
        return [
            Balance(file_id, self.ledger[file_id].feed, currency, amount, {"superseded": amount})
            for (file_id, currency), amount in (on_record | delivered).items()
            if file_id in files
        ]

    def _fingerprint(self, file_id: int) -> str:
        return self.lakehouse.declaration.feeds[self.ledger[file_id].feed].fingerprint()


def refused_ids(refused: Iterable[Delivery]) -> list[int]:
    """The file ids of refused deliveries."""
    return [each.file_id for each in refused]
