"""Finds the delivery in force that a further one repeats or corrects (P1, P5)."""

from __future__ import annotations

from collections.abc import Iterable

from sales_pipeline.lakehouse.ledger import IN_FORCE, Delivery, Ledger, State
from sales_pipeline.visible_text import visible_form


class InForce:
    """The deliveries in force while further ones are added, by their bytes and by their names.

    The first ones are those of a ledger.

    Attributes:
        corrected: Feed and bytes -> a delivery that stays in force if its correction, which is
            not validated yet, does not count.
    """

    def __init__(self, ledger: Ledger) -> None:
        in_force = {delivery.file_id: delivery for delivery in ledger.in_force()}
        self.corrected = {
            (delivery.feed, delivery.sha256): delivery
            for delivery in ledger.in_state(*IN_FORCE)
            if delivery.file_id not in in_force
        }
        self._by_bytes: dict[str, list[Delivery]] = {}
        self._by_name: dict[tuple[str, str], Delivery] = {}
        for delivery in in_force.values():
            self._add(delivery)

    def add(self, delivery: Delivery) -> None:
        """Adds a delivery; the one that it corrects is not in force any more."""
        replaced = self._by_name.get(delivery.known_as)
        if replaced is not None and delivery.supersedes == replaced.file_id:
            self._by_bytes[replaced.sha256].remove(replaced)
            self.corrected[replaced.feed, replaced.sha256] = replaced
        self._add(delivery)

    def _add(self, delivery: Delivery) -> None:
        self._by_name[delivery.known_as] = delivery
        self._by_bytes.setdefault(delivery.sha256, []).append(delivery)

    def with_bytes(self, sha256: str) -> list[Delivery]:
        """The deliveries in force that have these bytes."""
        return self._by_bytes.get(sha256, [])

    def repeats(self, feed: str, sha256: str) -> str | None:
        """Returns why a file of a feed with these bytes is a repeat, or None if it is none."""
        for delivery in self.with_bytes(sha256):
            if delivery.feed == feed:
                is_validated = delivery.state is not State.IN_BRONZE
                why = "is in force" if is_validated else "is validated in its place"
                return f"the same bytes as {delivery.name}, which {why}"
        return None

    def with_name(self, feed: str, name: str) -> Delivery | None:
        """The delivery in force that a file of this feed and name would correct."""
        return self._by_name.get((feed, visible_form(name)))


def back_in_force(ledger: Ledger, returning: Iterable[Delivery], *, run_id: str) -> list[Delivery]:
    """Returns deliveries that did not count, ready to be validated in their order.

    Each corrects the delivery in force of its name, which may be one that returns before it.
    A delivery whose bytes are in force by then becomes a repeat of the run `run_id`, as if it was
    delivered now; a run reports and archives the repeats of a run without a record.
    """
    in_force = InForce(ledger)
    back = []
    for delivery in returning:
        if reason := in_force.repeats(delivery.feed, delivery.sha256):
            back.append(delivery.moved_to(State.REPEATED, reason=reason, run_id=run_id))
            continue
        corrects = ledger.corrects(delivery.feed)
        earlier = in_force.with_name(delivery.feed, delivery.name) if corrects else None
        supersedes = earlier.file_id if earlier else None
        returned = delivery.moved_to(State.IN_BRONZE, supersedes=supersedes)
        in_force.add(returned)
        back.append(returned)
    return back
