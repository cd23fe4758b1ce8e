"""The outcome of cleaning deliveries of sales, of the catalogue and of rates."""

from __future__ import annotations

from dataclasses import dataclass, field

from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.silver.balance import Balance
from sales_pipeline.silver.feed_warnings import FeedWarning
from sales_pipeline.silver.reference.learning import Learnt
from sales_pipeline.silver.validation.rule_results import RuleResult


@dataclass
class Cleaned:
    """The outcome of cleaning some deliveries.

    Attributes:
        balances: The balance of every delivery that was validated or changed.
        rejected: Deliveries that were refused as a whole, with the reason recorded.
        failed: Deliveries that did not balance and were taken out again.
        released: Records of earlier deliveries that left quarantine (P9).
        learnt: What the catalogue learnt.
        sent_back: File ids of deliveries of sales to validate again, because of the catalogue.
        rules: The results of the rules of the feeds.
        warnings: Warnings about feeds whose records were validated but look suspicious.
    """

    balances: list[Balance] = field(default_factory=list)
    rejected: list[Delivery] = field(default_factory=list)
    failed: list[Delivery] = field(default_factory=list)
    released: int = 0
    learnt: Learnt = field(default_factory=Learnt)
    sent_back: set[int] = field(default_factory=set)
    rules: list[RuleResult] = field(default_factory=list)
    warnings: list[FeedWarning] = field(default_factory=list)

    def add(self, reference: Cleaned) -> None:
        """Adds the outcome of deliveries of the catalogue or of rates."""
        self.balances += reference.balances
        self.rejected += reference.rejected
        self.released += reference.released
        self.learnt += reference.learnt
        self.sent_back |= reference.sent_back
        self.warnings += reference.warnings
