"""Every delivery balances, in rows and in money (P2).

delivered = accepted + quarantined + duplicate + displaced + excluded, and for a delivery
that is no longer in force, delivered = superseded. What was delivered is counted from
bronze, the classes from the silver tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ops_tables import BALANCE

CLASSES = ("accepted", "quarantined", "duplicate", "displaced", "excluded", "superseded")
NO_CURRENCY = "XXX"
"""ISO 4217 for no currency: what is counted of records whose amount is no money."""
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Balance:
    """One delivery's rows and readable amounts in one currency, by class."""

    file_id: int
    feed: str
    currency: str
    delivered: tuple[int, Decimal]
    classes: Mapping[str, tuple[int, Decimal]]

    @property
    def balances(self) -> bool:
        """Says whether the classes add up to what was delivered."""
        rows = sum(rows for rows, _ in self.classes.values())
        amount = sum((amount for _, amount in self.classes.values()), _ZERO)
        return (rows, amount) == self.delivered

    def rows(self, name: str) -> int:
        """Rows of a class."""
        return self.classes.get(name, (0, _ZERO))[0]

    def sentence(self) -> str:
        """The balance in words, for a message."""
        rows, amount = self.delivered
        parts = [
            f"{name} {count:,} rows {money}"
            for name, (count, money) in self.classes.items()
            if count or money
        ]
        accounted = ", ".join(parts) or "nothing"
        return f"delivered {rows:,} rows {amount} {self.currency}, found {accounted}"

    def as_row(self, run_id: str) -> dict[str, Any]:
        """The row of `ops.balance`."""
        row: dict[str, Any] = {
            "_file_id": self.file_id,
            "feed": self.feed,
            "currency": self.currency,
            "delivered_rows": self.delivered[0],
            "delivered_amount": self.delivered[1],
            "run_id": run_id,
        }
        for name in CLASSES:
            row[f"{name}_rows"], row[f"{name}_amount"] = self.classes.get(name, (0, _ZERO))
        return row


def balance_from(row: Mapping[str, Any]) -> Balance:
    """The balance that a row of `ops.balance` holds."""
    classes = {name: (row[f"{name}_rows"], row[f"{name}_amount"]) for name in CLASSES}
    delivered = (row["delivered_rows"], row["delivered_amount"])
    return Balance(row["_file_id"], row["feed"], row["currency"], delivered, classes)


def record(lakehouse: Lakehouse, balances: Iterable[Balance], run_id: str) -> None:
    """Commits balances to `ops.balance`, in one commit."""
    rows = [balance.as_row(run_id) for balance in balances]
    if rows:
        condition = among("_file_id", (row["_file_id"] for row in rows))
        lakehouse.put(BALANCE.name, condition, rows)


def recorded(lakehouse: Lakehouse) -> list[Balance]:
    """All balances that were ever recorded, in ledger order."""
    rows = lakehouse.rows(BALANCE.name)
    return sorted(map(balance_from, rows), key=lambda balance: (balance.file_id, balance.currency))
