"""Why deliveries came to count, or count no longer, between two finished runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from sales_pipeline.analysis.records_of_run import RecordsLeft
from sales_pipeline.lakehouse.ledger import Delivery, State

_REFUSED = (State.REJECTED, State.FAILED)
_WITHDRAWN = (State.WITHDRAWING, State.WITHDRAWN)


class Reason(StrEnum):
    """Why figures of a month differ between two runs."""

    NEW_FILES = "new files"
    LATE_FILES = "late files"
    CORRECTIONS = "corrections"
    WITHDRAWALS = "withdrawals"
    RELEASED = "released records"
    CATALOGUE = "catalogue prices"
    DECLARATION = "declaration"
    RATES = "rates"
    ROLLBACKS = "rollbacks"
    ON_HOLD = "months on hold"


@dataclass(frozen=True)
class DeliveriesBetween:
    """The deliveries of two moments.

    Attributes:
        before: What the earlier run left, or what is kept of a closed month.
        now: What the later run left.
    """

    before: RecordsLeft
    now: RecordsLeft

    @cached_property
    def came_or_left(self) -> set[int]:
        """The deliveries that count in one of the runs only."""
        return {*(self.before.in_force ^ self.now.in_force)}

    def is_declared_otherwise(self, file_id: int) -> bool:
        """Says whether the declaration validated a delivery otherwise in the later run."""
        was, now = self.before.deliveries.get(file_id), self.now.deliveries.get(file_id)
        return bool(was and now and _meaning(was) != _meaning(now))

    def reason(self, file_id: int) -> Reason:
        """Returns why a delivery came or left."""
        if file_id not in self._reasons:
            has_come = file_id in self.now.in_force
            why = self._why_came(file_id) if has_come else self._why_left(file_id)
            self._reasons[file_id] = why
        return self._reasons[file_id]

    @cached_property
    def _reasons(self) -> dict[int, Reason]:
        return {}

    def _why_came(self, file_id: int) -> Reason:
        now, was = self.now.deliveries[file_id], self.before.deliveries.get(file_id)
        if was is not None and was.rolled_back_by:
            return Reason.ROLLBACKS
        if was is not None and was.state in (State.SUPERSEDED, *_WITHDRAWN):
            # What had taken its place, or its withdrawal, is no more.
            left = [
                successor
                for successor in self._successors.get(file_id, [])
                if successor in self.before.in_force
            ]
            return self._why_left(left[-1]) if left else Reason.ROLLBACKS
        if self.is_declared_otherwise(file_id):
            return Reason.DECLARATION
        if now.mends:
            return Reason.RELEASED
        replaced = _replaced_by(now, self.now.deliveries) & self.before.in_force
        return Reason.CORRECTIONS if replaced else Reason.NEW_FILES

    def _why_left(self, file_id: int) -> Reason:
        delivery = self.now.deliveries.get(file_id)
        if delivery is None or delivery.rolled_back_by:
            return Reason.ROLLBACKS
        if delivery.state in _WITHDRAWN:
            return Reason.WITHDRAWALS
        if delivery.state in (*_REFUSED, State.HELD) or self.is_declared_otherwise(file_id):
            return Reason.DECLARATION
        is_replaced = any(
            successor in self.now.in_force for successor in self._successors.get(file_id, [])
        )
        return Reason.CORRECTIONS if is_replaced else Reason.ROLLBACKS

    @cached_property
    def _successors(self) -> dict[int, list[int]]:
        """Delivery -> deliveries that took its place in either run, the earliest first."""
        successors: dict[int, set[int]] = {}
        for ledger in (self.before.deliveries, self.now.deliveries):
            for delivery in ledger.values():
                for earlier in _replaced_by(delivery, ledger):
                    successors.setdefault(earlier, set()).add(delivery.file_id)
        return {earlier: sorted(later) for earlier, later in successors.items()}


def _meaning(delivery: Delivery) -> str:
    """The fingerprint of what its records mean, without the limits under which it was refused."""
    return delivery.fingerprint.partition(".")[0]


def _replaced_by(delivery: Delivery, ledger: Mapping[int, Delivery]) -> set[int]:
    """All earlier deliveries that a delivery replaced, directly or through others."""
    replaced: set[int] = set()
    earlier = delivery.supersedes
    while earlier is not None and earlier not in replaced:
        replaced.add(earlier)
        earlier = ledger[earlier].supersedes
    return replaced
