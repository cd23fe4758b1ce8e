"""What a run claims of the files that it found."""

from __future__ import annotations

from dataclasses import dataclass, field

from sales_pipeline.lakehouse.ledger import Delivery, State


@dataclass
class Claims:
    """What is to be recorded for the files of one discovery.

    Attributes:
        deliveries: The claims, in ledger order.
        changed: Earlier deliveries that the files found change.
        behind: Repeats and refused files that a killed run claimed, and did not move.
        warnings: Path of a file that waits to be taken in -> its feed, and a sentence about it.
    """

    deliveries: list[Delivery] = field(default_factory=list)
    changed: list[Delivery] = field(default_factory=list)
    behind: list[Delivery] = field(default_factory=list)
    warnings: dict[str, tuple[str, str]] = field(default_factory=dict)

    def in_state(self, *states: State) -> list[Delivery]:
        """The claims of some states, with those that were left behind."""
        return [each for each in (*self.behind, *self.deliveries) if each.state in states]
