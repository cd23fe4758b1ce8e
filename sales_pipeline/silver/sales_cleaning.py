"""Judges deliveries of sales, writes their records, and balances them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from sales_pipeline.config.feed import Feed
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import IN_FORCE, Delivery, Ledger, State
from sales_pipeline.lakehouse.mends import mended_rows, touched_by
from sales_pipeline.lakehouse.tables import (
    RECORDS,
    SALE,
)
from sales_pipeline.silver import counting
from sales_pipeline.silver.balance import Balance, record
from sales_pipeline.silver.balance_sheet import BalanceSheet
from sales_pipeline.silver.batch import Batch
from sales_pipeline.silver.cleaned import Cleaned
from sales_pipeline.silver.counting import InBronze, InSilver
from sales_pipeline.silver.displaced import displaced_in_own_file
from sales_pipeline.silver.quarantine_limit import over_the_limit, refusals
from sales_pipeline.silver.records import RecordsWriter
from sales_pipeline.silver.reference.learning import Knowledge
from sales_pipeline.silver.reference.products import known_prices, known_products
from sales_pipeline.silver.repeated_keys import repeated_keys_reason
from sales_pipeline.silver.suspicious_texts import warnings_of
from sales_pipeline.silver.unusable_records import checked_rules
from sales_pipeline.silver.validation import rule_results
from sales_pipeline.silver.validation.reasons import STORE_UNKNOWN

_ATTEMPTS = 2
"""A batch that does not balance is written once more before its deliveries are taken out."""


@dataclass
class SalesCleaning:
    """One pass over deliveries of sales; those in `going` are taken out."""

    lakehouse: Lakehouse
    ledger: Ledger
    run_id: str
    cleaned: Cleaned
    going: frozenset[int] = frozenset()
    months: dict[int, set[date]] = field(default_factory=lambda: defaultdict(set))

    def clean(self, waiting: Sequence[Delivery]) -> None:
        """Validates the deliveries, writes their records, balances, and records the outcome."""
        replaced_here = {delivery.supersedes for delivery in waiting}
        batch = self._batch(
            delivery for delivery in waiting if delivery.file_id not in replaced_here
        )
        leaving = self.ledger.superseded_by(batch.deliveries) | self.going
        moved = self._unsettled() - leaving - {*batch.file_ids}
        in_bronze = counting.in_bronze(batch)
        sheet = BalanceSheet(
            self.lakehouse, self.ledger, in_bronze.delivered, counting.mended(batch)
        )
        rows = sheet.rows
        for _ in range(_ATTEMPTS):
            moved |= self._write(self._writer(batch, leaving), rows)
            written = counting.in_silver(self.lakehouse, batch.file_ids)
            counts = written.counts | counting.classes_in_silver(self.lakehouse, moved)
            self._keep_months(batch, written)
            rejected = over_the_limit(batch.deliveries, rows, written, self._feeds)
            kept = {*batch.file_ids} - rejected
            balances = sheet.balances(kept | moved, counts)
            failed = sheet.unbalanced(balances)
            if not failed:
                break
        refused = refusals(batch, rejected, rows, written) | self._check_rules(batch)
        self._warn(batch, in_bronze, written)
        failed = {file_id: why for file_id, why in failed.items() if file_id not in refused}
        doubtful = self._doubtful(batch, rows, written)
        held = {file_id: why for file_id, why in doubtful.items() if file_id not in refused}
        held |= {
            file_id: refused.pop(file_id)
            for file_id in sorted(sheet.counted_before & refused.keys())
        }
        out = {*refused, *failed, *held}
        if out:
            moved |= self._take_out(out)
            files = ({*batch.file_ids} | moved) - out
            balances = sheet.balances(files, counting.classes_in_silver(self.lakehouse, files))
        reasons = {State.REJECTED: refused, State.FAILED: failed, State.HELD: held}
        self._record(batch, sheet, balances, reasons)

    def _doubtful(self, batch: Batch, rows: Mapping[int, int], written: InSilver) -> dict[int, str]:
        """Deliveries in which many sales share a key with another one of the file, and why."""
        displaced = {
            delivery.file_id
            for delivery in batch.deliveries
            if not delivery.is_settled and delivery.file_id in written.with_displaced
        }
        doubtful = {}
        for file_id, count in displaced_in_own_file(self.lakehouse, displaced).items():
            delivery = self.ledger[file_id]
            feed = self._feeds[delivery.feed]
            if reason := repeated_keys_reason(delivery, feed, count, rows[file_id]):
                doubtful[file_id] = reason
        return doubtful

    @property
    def _feeds(self) -> Mapping[str, Feed]:
        return self.lakehouse.declaration.feeds

    def _keep_months(self, batch: Batch, written: InSilver) -> None:
        for file_id in batch.file_ids:
            self.months[file_id] |= written.months.get(file_id, set())

    def _warn(self, batch: Batch, in_bronze: InBronze, written: InSilver) -> None:
        """Keeps the warnings about what was parsed but looks suspicious."""
        has_unknown = any(STORE_UNKNOWN in reasons for reasons in written.reasons.values())
        if batch.deliveries:
            sales = self.lakehouse.table(RECORDS).where(f"status = '{SALE}'")
            warnings = warnings_of(batch, in_bronze, sales, with_stores=has_unknown)
            self.cleaned.warnings += warnings

    def _check_rules(self, batch: Batch) -> dict[int, str]:
        """Keeps the results of rules; returns the deliveries that a rule rejects, and why."""
        results = checked_rules(batch)
        self.cleaned.rules += results
        self.cleaned.warnings += rule_results.complaints(results, self._feeds, batch.paths)
        return rule_results.refusals(results, self._feeds)

    def _batch(self, deliveries: Iterable[Delivery]) -> Batch:
        chosen = tuple(deliveries)
        ids = {delivery.file_id for delivery in chosen}
        mended = frozenset(name for name in mended_rows(self.ledger) if name[0] in ids)
        return Batch(self.lakehouse, chosen, self._knowledge if chosen else Knowledge(), mended)

    @cached_property
    def _knowledge(self) -> Knowledge:
        are_priced = any(feed.price_from == "catalogue" for feed in self._feeds.values())
        prices = known_prices(self.lakehouse) if are_priced else {}
        return Knowledge(known_products(self.lakehouse), prices)

    def _unsettled(self) -> set[int]:
        """Earlier deliveries of which a killed run may have moved records without counting them."""
        judged = (State.IN_SILVER, State.IN_GOLD, State.ARCHIVED)
        return {
            delivery.file_id
            for delivery in self.ledger.in_state(*judged)
            if delivery.months
            and delivery.may_have_sales_in_silver
            and delivery.run_id != self.run_id
        }

    def _writer(self, batch: Batch, gone: set[int]) -> RecordsWriter:
        replaced = {*batch.file_ids, *gone}
        in_silver = {
            delivery.file_id for delivery in self.ledger if delivery.may_have_sales_in_silver
        }
        return RecordsWriter(
            lakehouse=self.lakehouse,
            batch=batch,
            gone=frozenset(gone),
            has_history=bool(in_silver - replaced),
            is_again=bool(in_silver & replaced),
            run_id=self.run_id,
        )

    def _write(self, writer: RecordsWriter, rows: Mapping[int, int]) -> set[int]:
        """Writes a batch in one commit; returns the earlier deliveries of which records moved."""
        writer.find_meeting_keys()
        moves = writer.find_moves()
        replaced = set(writer.replaced)
        months = writer.leaving_months() | moves.months
        self._write_ahead(replaced, rows, months, moves.files - replaced)
        writer.write()
        return moves.files

    def _write_ahead(
        self,
        replaced: set[int],
        rows: Mapping[int, int],
        months: set[date],
        moved: Collection[int],
    ) -> None:
        """Records the affected months and row counts before silver changes.

        Recovery needs them: that silver may hold records of these deliveries (`rows`), the
        months of records that leave or move, and the earlier deliveries that they belong to.
        """
        changed: list[Delivery] = []
        for file_id in (*sorted(replaced), *sorted(moved)):
            delivery = self.ledger[file_id]
            # The first of the replaced ones keeps the months for all of them.
            further = months if not changed or file_id in moved else set()
            touched = tuple(sorted({*delivery.months, *further}))
            count = rows.get(file_id, delivery.rows)
            changed.append(replace(delivery, months=touched, rows=count))
        self.ledger.record(changed)

    def _take_out(self, out: set[int]) -> set[int]:
        """Takes deliveries out of silver again, and brings back what they corrected."""
        corrected = (self.ledger[file_id].supersedes for file_id in sorted(out))
        restored = self._batch(
            self.ledger[file_id]
            for file_id in corrected
            if file_id is not None and self.ledger[file_id].state is not State.SUPERSEDED
        )
        rows = {delivery.file_id: delivery.rows or 0 for delivery in restored.deliveries}
        moved = self._write(self._writer(restored, out), rows)
        self._keep_months(restored, counting.in_silver(self.lakehouse, restored.file_ids))
        return {*moved, *restored.file_ids}

    def _record(
        self,
        batch: Batch,
        sheet: BalanceSheet,
        balances: list[Balance],
        reasons: Mapping[State, Mapping[int, str]],
    ) -> None:
        """Commits the balances, then the states of all deliveries that were touched.

        Args:
            batch: The deliveries that were validated.
            sheet: Their balances, and those of deliveries that they touch.
            balances: The balances as they are now.
            reasons: State of deliveries of the batch that do not count -> file id -> why.
        """
        out = {
            state: [self._left_out(file_id, state, why) for file_id, why in of_state.items()]
            for state, of_state in reasons.items()
        }
        left_out = [delivery for deliveries in out.values() for delivery in deliveries]
        out_ids = {delivery.file_id for delivery in left_out}
        accepted = [file_id for file_id in batch.file_ids if file_id not in out_ids]
        superseded = {
            file_id
            for file_id in self.ledger.superseded_by(self.ledger[id_] for id_ in accepted)
            if self.ledger[file_id].state in IN_FORCE
        }
        leaving = {*superseded, *out_ids, *self.going}
        balances = [balance for balance in balances if balance.file_id not in leaving]
        self.cleaned.released += sheet.released(balances)
        balances += sheet.superseded(leaving)
        record(self.lakehouse, balances, self.run_id)
        self.cleaned.balances += balances
        self.cleaned.rejected += out[State.REJECTED]
        self.cleaned.failed += out[State.FAILED]
        validated = [self._accepted(file_id) for file_id in accepted]
        replaced = [self.ledger[file_id].moved_to(State.SUPERSEDED) for file_id in superseded]
        overtaken = self.ledger.overtaken_by(validated)
        moved = (*validated, *replaced, *overtaken, *left_out)
        changed = {delivery.file_id: delivery for delivery in moved}
        # In the same commit, so that no kill can leave them with their earlier validation.
        for file_id in touched_by(self.ledger, leaving):
            delivery = changed.get(file_id, self.ledger[file_id])
            changed[file_id] = delivery.moved_to(State.IN_BRONZE)
        self.ledger.record(changed.values())

    def _left_out(self, file_id: int, state: State, reason: str) -> Delivery:
        delivery = self.ledger[file_id].moved_to(state, reason=reason, run_id=self.run_id)
        if state is State.FAILED:
            return delivery
        # It may count once it is declared otherwise.
        return replace(delivery, fingerprint=self.lakehouse.declaration.verdict_of(delivery.feed))

    def _accepted(self, file_id: int) -> Delivery:
        delivery = self.ledger[file_id]
        return delivery.moved_to(
            State.IN_SILVER,
            months=tuple(sorted({*delivery.months, *self.months[file_id]})),
            fingerprint=self.lakehouse.declaration.meaning_of(delivery.feed),
            run_id=self.run_id,
        )
