"""Decisions about deliveries that were committed before, by the same command.

A command that was killed, or ran out of disk, after the commit of its decision left the rest
undone; the same command then finishes it, and decides nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from sales_pipeline.errors import VersionGone
from sales_pipeline.lakehouse.ledger import ACCEPTED, IN_FORCE, Delivery, Ledger, State
from sales_pipeline.lakehouse.rollback_steps import deliveries_then
from sales_pipeline.lakehouse.runs import finished_runs, is_recorded

_REFUSED = (State.REJECTED, State.FAILED)
_LEFT = (State.WITHDRAWING, State.WITHDRAWN)


class UnfinishedDecisions:
    """The decisions that no finished run has recorded yet; none if the last run finished."""

    def __init__(self, ledger: Ledger) -> None:
        is_finished = is_recorded(ledger.lakehouse)
        self._before: Mapping[int, Delivery] = {} if is_finished else _at_last_run(ledger)
        self._changed = [
            delivery
            for delivery in ([] if is_finished else ledger)
            if delivery != self._before.get(delivery.file_id)
        ]

    def accepted(self) -> list[Delivery]:
        """Deliveries that were held and are taken up, by `accept` or `release`."""
        return [
            delivery
            for delivery in self._changed
            if (delivery.reason == ACCEPTED and delivery.state in IN_FORCE)
            or (self._was_held(delivery) and delivery.state in (*IN_FORCE, *_REFUSED))
        ]

    def released(self) -> list[Delivery]:
        """Deliveries that a rollback held and that are taken up."""
        return [
            delivery
            for delivery in self.accepted()
            if self._was_held(delivery) and self._before[delivery.file_id].rolled_back_by
        ]

    def withdrawn(self) -> list[Delivery]:
        """Deliveries that were withdrawn."""
        return [
            delivery
            for delivery in self._changed
            if delivery.state in _LEFT and self._state_before(delivery) is not State.WITHDRAWN
        ]

    def _was_held(self, delivery: Delivery) -> bool:
        return self._state_before(delivery) is State.HELD

    def _state_before(self, delivery: Delivery) -> State | None:
        before = self._before.get(delivery.file_id)
        return None if before is None else before.state


def _at_last_run(ledger: Ledger) -> Mapping[int, Delivery]:
    """The ledger as the last finished run left it, by file id; empty if that is not known."""
    runs = finished_runs(ledger.lakehouse)
    with suppress(VersionGone):
        return deliveries_then(ledger.lakehouse, runs[-1]) if runs else {}
    return {}


def fate_of(delivery: Delivery) -> str:
    """What became of a delivery about which there is nothing to decide, as words after "it"."""
    if delivery.state in _LEFT:
        return "was withdrawn already"
    if delivery.state in IN_FORCE:
        return "was accepted already" if delivery.reason == ACCEPTED else "is in force already"
    return f"is {delivery.state}"
