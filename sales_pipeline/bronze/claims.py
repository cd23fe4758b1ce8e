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
    """

    deliveries: list[Delivery] = field(default_factory=list)
    changed: list[Delivery] = field(default_factory=list)

    def in_state(self, state: State) -> list[Delivery]:
        """The claims of one state."""
        return [each for each in self.deliveries if each.state is state]
