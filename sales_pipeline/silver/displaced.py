"""What is told of sales that later deliveries displaced by another day or amount.

They are found in `displacement`; this much is light enough for every report.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass
class DisplacedSales:
    """Sales of one feed that later deliveries displaced by another day or amount.

    Attributes:
        feed: The feed.
        store: Their store, where the feed has several.
        sales: How many.
        before: Currency -> what they came to.
        after: Currency -> what the sales that are in force instead come to.
        order: The rule by which one of two files that were found together is the later one; None
            if the later one came in another run.
    """

    feed: str
    store: str | None
    sales: int = 0
    before: dict[str, Decimal] = field(default_factory=dict)
    after: dict[str, Decimal] = field(default_factory=dict)
    order: str | None = None
