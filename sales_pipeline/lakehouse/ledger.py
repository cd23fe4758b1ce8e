"""The ledger: every delivery, and its state.

A delivery goes claimed -> in_bronze -> in_silver -> in_gold -> archived. Each step is
safe to do twice, so a run that finds a delivery half-way goes on from its state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ops_tables import DELIVERIES
from sales_pipeline.lakehouse.tables import NOT_SALES
from sales_pipeline.visible_text import visible_form


class State(StrEnum):
    """The state of a delivery."""

    CLAIMED = "claimed"
    IN_BRONZE = "in_bronze"
    IN_SILVER = "in_silver"
    IN_GOLD = "in_gold"
    ARCHIVED = "archived"
    SUPERSEDED = "superseded"
    HELD = "held"
    WITHDRAWING = "withdrawing"
    WITHDRAWN = "withdrawn"
    REPEATED = "repeated"
    REJECTED = "rejected"
    FAILED = "failed"
    ABANDONED = "abandoned"

    @property
    def meaning(self) -> str:
        """The state in a sentence."""
        return _MEANINGS[self]


_MEANINGS: Mapping[State, str] = {
    State.CLAIMED: "The file has its number; its records are not in bronze yet.",
    State.IN_BRONZE: "The records are in bronze and wait to be judged, or to be judged again.",
    State.IN_SILVER: "The records are judged and balanced; gold is not made yet.",
    State.IN_GOLD: (
        "Gold counts the records; the file waits for the archive, also where the system does not "
        "let it be moved."
    ),
    State.ARCHIVED: "Done: the records count, the file lies in the archive.",
    State.SUPERSEDED: "A corrected file of the same name took its place; its records do not count.",
    State.HELD: (
        "A doubtful file, until `accept`: a correction that would remove too much or has none of "
        "the days of its original, which stays in force; one in which a key stands for many sales; "
        "the same bytes as a file of another feed, or its path; rates far from their neighbours; a "
        "catalogue that would rename many products; one that a changed declaration would reject. "
        "Or rolled back, until `release`. Its records are in bronze."
    ),
    State.WITHDRAWING: "A person withdrew it; its records are being removed.",
    State.WITHDRAWN: "A person withdrew it; neither its records nor its earlier versions count.",
    State.REPEATED: "The same bytes are in force already; the file is archived and not counted.",
    State.REJECTED: (
        "The file does not fit its feed's declaration. The reason is in rejected/, with the file, "
        "unless it is in the archive already or stays in the landing folder."
    ),
    State.FAILED: "The records did not balance and were taken out again.",
    State.ABANDONED: "The file changed or vanished before its records were in bronze.",
}

ACCEPTED = "accepted on purpose"
"""The reason of a delivery that a person accepted; no check of doubtful files holds it again."""
NO_SHARED_DAY = "it shares no day with delivery"
"""The beginning of the reason of a held file that may be another day's under a name used again."""

_ON_THE_WAY = frozenset({State.CLAIMED, State.IN_BRONZE, State.IN_SILVER, State.IN_GOLD})
UNFINISHED = _ON_THE_WAY | {State.WITHDRAWING}
IN_FORCE = _ON_THE_WAY | {State.ARCHIVED}


@dataclass(frozen=True)
class Delivery:
    """One landed file in the ledger; see `ops.deliveries` for the fields."""

    file_id: int
    feed: str
    name: str
    path: str
    sha256: str
    bytes: int
    state: State
    fingerprint: str
    claimed_at: datetime
    run_id: str
    reason: str | None = None
    supersedes: int | None = None
    months: tuple[date, ...] = ()
    rows: int | None = None
    seen: str | None = None
    mends: str | None = None
    rolled_back_by: str | None = None
    headers: str | None = None

    @property
    def known_as(self) -> tuple[str, str]:
        """Feed and name, in the form in which two files have the same name."""
        return self.feed, visible_form(self.name)

    @property
    def delivered_on(self) -> date:
        """The day, in UTC, on which a run took the file; a rebuild does not change it."""
        return self.claimed_at.astimezone(UTC).date()

    @property
    def is_of_other_days(self) -> bool:
        """True if it is held because it shares no day with the delivery it would replace."""
        return self.state is State.HELD and (self.reason or "").startswith(NO_SHARED_DAY)

    @property
    def is_settled(self) -> bool:
        """True if a person looked at its records: a replay, or a file that was accepted."""
        return bool(self.mends) or self.reason == ACCEPTED

    @property
    def may_have_sales_in_silver(self) -> bool:
        """True if silver may hold sales of it: `rows` is committed before the first of them."""
        may_hold = self.state in IN_FORCE or self.state is State.WITHDRAWING
        return self.rows is not None and may_hold and self.feed not in NOT_SALES

    def moved_to(self, state: State, **changes: Any) -> Delivery:
        """The same delivery in another state, with further changes."""
        return replace(self, state=state, **changes)


def delivery_of(row: Mapping[str, Any]) -> Delivery:
    """The delivery in a row of `ops.deliveries`, also of an earlier version of that table."""
    fields = {("file_id" if key == "_file_id" else key): value for key, value in row.items()}
    fields["state"] = State(fields["state"])
    fields["months"] = tuple(fields["months"])
    return Delivery(**fields)


def relinked(deliveries: Iterable[Delivery], dropped: Iterable[Delivery]) -> list[Delivery]:
    """Returns deliveries whose corrections point past dropped ones, to the delivery that counts.

    Args:
        deliveries: The deliveries.
        dropped: Deliveries that never counted; the ones that they would have corrected stay.
    """
    instead = {delivery.file_id: delivery.supersedes for delivery in dropped}
    linked = []
    for delivery in deliveries:
        earlier = delivery.supersedes
        while earlier in instead:
            earlier = instead[earlier]
        linked.append(replace(delivery, supersedes=earlier))
    return linked


def deliveries_by_id(deliveries: Iterable[Delivery]) -> dict[int, Delivery]:
    """Returns file id -> delivery; of one given twice, the last."""
    return {delivery.file_id: delivery for delivery in deliveries}


def claim_times(deliveries: Iterable[Delivery]) -> dict[int, datetime]:
    """Returns file id -> the time when it was claimed; files that were found together share it."""
    return {delivery.file_id: delivery.claimed_at for delivery in deliveries}


def _to_row(delivery: Delivery) -> dict[str, Any]:
    row = asdict(delivery)
    row["_file_id"] = row.pop("file_id")
    return row


class Ledger:
    """The deliveries of one lakehouse in memory, and their commits to `ops.deliveries`."""

    def __init__(self, lakehouse: Lakehouse) -> None:
        self.lakehouse = lakehouse
        self.read_again()

    def read_again(self) -> None:
        """Reads the table anew, in place of the deliveries in memory."""
        rows = self.lakehouse.rows(DELIVERIES.name)
        self._deliveries = dict(sorted(deliveries_by_id(map(delivery_of, rows)).items()))

    def with_further(self, deliveries: Iterable[Delivery]) -> Ledger:
        """A copy of the ledger with further deliveries, in memory only, for predictions."""
        ledger = copy(self)
        ledger._deliveries = self._deliveries | deliveries_by_id(deliveries)
        return ledger

    def __iter__(self) -> Any:
        return iter(list(self._deliveries.values()))

    def __getitem__(self, file_id: int) -> Delivery:
        return self._deliveries[file_id]

    def __len__(self) -> int:
        return len(self._deliveries)

    @property
    def next_file_id(self) -> int:
        """The next free number; numbers are never used twice."""
        return max(self._deliveries, default=0) + 1

    def unfinished(self) -> list[Delivery]:
        """Deliveries that no run has finished, in ledger order."""
        return [delivery for delivery in self._deliveries.values() if delivery.state in UNFINISHED]

    def in_state(self, *states: State) -> list[Delivery]:
        """Deliveries in one of some states, in ledger order."""
        return [delivery for delivery in self._deliveries.values() if delivery.state in states]

    def in_force(self, feed: str | None = None) -> list[Delivery]:
        """Deliveries whose records count, in ledger order; an unfinished correction counts too.

        Args:
            feed: Only deliveries of this feed.
        """
        superseded = {
            delivery.supersedes
            for delivery in self._deliveries.values()
            if delivery.state in IN_FORCE and delivery.supersedes is not None
        }
        return [
            delivery
            for delivery in self._deliveries.values()
            if delivery.state in IN_FORCE
            and delivery.file_id not in superseded
            and (feed is None or delivery.feed == feed)
        ]

    def superseded_by(self, deliveries: Iterable[Delivery]) -> set[int]:
        """Ids of all earlier deliveries that some deliveries correct, in any state.

        Earlier ones beyond a refused correction are among them.
        """
        superseded: set[int] = set()
        for delivery in deliveries:
            earlier = delivery.supersedes
            while earlier is not None and earlier not in superseded:
                superseded.add(earlier)
                earlier = self[earlier].supersedes
        return superseded

    def latest(self) -> dict[tuple[str, str], Delivery]:
        """Feed and path below the landing folder -> the last delivery of a file there."""
        return {(delivery.feed, delivery.path): delivery for delivery in self}

    def overtaken_by(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Held corrections that later deliveries of their names make pointless, as superseded.

        A file that may be another day's stays: it is no earlier form of a later file.
        """
        latest = {delivery.known_as: delivery.file_id for delivery in deliveries}
        return [
            delivery.moved_to(State.SUPERSEDED)
            for delivery in self.in_state(State.HELD)
            if latest.get(delivery.known_as, 0) > delivery.file_id
            and self.corrects(delivery.feed)
            and not delivery.is_of_other_days
        ]

    def corrects(self, feed: str) -> bool:
        """Returns whether a file of a feed takes the place of an earlier one of its name."""
        return self.lakehouse.declaration.corrects(feed)

    def record(self, deliveries: Iterable[Delivery]) -> None:
        """Writes deliveries as they are given, in one commit; of one given twice, the last."""
        changed = deliveries_by_id(deliveries)
        if not changed:
            return
        condition = among("_file_id", changed)
        self.lakehouse.put(DELIVERIES.name, condition, map(_to_row, changed.values()))
        self._deliveries.update(changed)
        self._deliveries = dict(sorted(self._deliveries.items()))
