"""What a correction would remove, and whether that is too much (P5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sales_pipeline.config.dialect import WHITE_SPACE
from sales_pipeline.config.model import Feed
from sales_pipeline.errors import counted
from sales_pipeline.lakehouse.ledger import Delivery


def compared_columns(feed: Feed) -> list[str]:
    """The columns by which records are the same: the key, and the store where that is one."""
    return [*feed.key, *(["store"] if feed.key and feed.has("store") else [])]


@dataclass(frozen=True)
class Removal:
    """What a correction would do to the records of the delivery that it replaces.

    Attributes:
        before: Records of the earlier delivery.
        after: Records of the correction.
        removed: Records of the earlier delivery that the correction does not have.
        has_keys: Whether records are compared by their keys, or only counted.
    """

    before: int
    after: int
    removed: int
    has_keys: bool

    @classmethod
    def counted(cls, before: int, after: int) -> Removal:
        """The removal where records have no key, so that only their number tells."""
        return cls(before, after, max(0, before - after), has_keys=False)

    @classmethod
    def of_keys(cls, before: Counter[tuple[str, ...]], after: Counter[tuple[str, ...]]) -> Removal:
        """The removal by the keys of the records, each with how many records have it."""
        removed = sum(count for key, count in before.items() if key not in after)
        return cls(before.total(), after.total(), removed, has_keys=True)

    def exceeds(self, allowed: Decimal | None) -> bool:
        """Says whether it removes more than a share of the records; without one, only all."""
        if not self.removed:
            return False
        if not self.after or (self.has_keys and self.removed == self.before):
            return True
        return allowed is not None and Decimal(self.removed) / self.before > allowed

    def sentence(self, earlier: Delivery) -> str:
        """The removal in words."""
        of_them = f"{self.removed:,} of the {self.before:,} records of delivery {earlier.file_id}"
        if not self.after:
            return f"it has no record and would remove {of_them}"
        shared = ", and shares no key with it" if self.has_keys and self._is_all else ""
        return f"its {counted(self.after, 'record')} would remove {of_them}{shared}"

    def reason(self, earlier: Delivery, path: str) -> str:
        """Why a correction is held, and how to accept it.

        Args:
            earlier: What it would replace.
            path: Its file, as it is accepted by.
        """
        return (
            f"{self.sentence(earlier)}; that one stays in force. Do: sales-pipeline accept {path}"
        )

    @property
    def _is_all(self) -> bool:
        return self.removed == self.before


def key_counts(columns: Sequence[Sequence[str | None]], rows: int) -> Counter[tuple[str, ...]]:
    """Counts the keys of some records, by their trimmed texts.

    Args:
        columns: The texts of each column of the key.
        rows: How many records there are, for a key without a column of the file.

    >>> key_counts([[" 1", "1", None]], 3)
    Counter({('1',): 2, ('',): 1})
    """
    if not columns:
        return Counter({(): rows} if rows else {})
    trimmed = ([(text or "").strip(WHITE_SPACE) for text in column] for column in columns)
    return Counter(zip(*trimmed, strict=True))
