"""How the first records of landing files would be understood, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sales_pipeline.bronze.landed import REJECTED
from sales_pipeline.run_report import FileNote
from sales_pipeline.silver.feed_warnings import FeedWarning


@dataclass(frozen=True)
class RecordPreview:
    """One record as it would be understood; a figure that cannot be read is None.

    Attributes:
        row: Its number in the file, from 1.
        verdict: `fit`, `quarantined` or `excluded`.
        reasons: The codes of all reasons for which it would be quarantined.
        sold_on: The day.
        source_product: The product as delivered.
        product: The product in the language of the declaration.
        quantity: Units.
        amount: What was paid.
        currency: In which currency; None where that cannot be told.
    """

    row: int
    verdict: str
    reasons: tuple[str, ...]
    sold_on: date | None
    source_product: str | None
    product: str | None
    quantity: Decimal | None
    amount: Decimal | None
    currency: str | None


@dataclass(frozen=True)
class FilePreview:
    """One landing file.

    Attributes:
        path: Its path below the landing folder.
        feed: Its feed.
        becomes: What the next run would make of it; see `landed.LandedFile`.
        reason: Why, where it is a repeat or would be rejected.
        records: Its first records; none for the catalogue and for a rejected file.
    """

    path: str
    feed: str
    becomes: str
    reason: str | None
    records: tuple[RecordPreview, ...] = ()

    @property
    def needs_a_look(self) -> bool:
        """Whether it would be rejected, or a record of it would not be counted."""
        return self.becomes == REJECTED or any(each.verdict != "fit" for each in self.records)


@dataclass(frozen=True)
class Check:
    """A declaration that is valid, and how it understands what lies in the landing folder.

    Attributes:
        source: Where the declaration comes from.
        feeds: Feed -> its landing pattern, the catalogue first.
        base_currency: The currency of the answers.
        files: The files that a feed claims.
        names: Number of product names that the catalogue and its files here know.
        unclaimed: Files that no feed claims.
        left: Files that a run leaves: still being written, or no regular files; each with why.
        warnings: What is to be told of the texts in the first records.
    """

    source: str
    feeds: dict[str, str]
    base_currency: str
    files: tuple[FilePreview, ...]
    names: int
    unclaimed: tuple[str, ...]
    left: tuple[FileNote, ...] = ()
    warnings: tuple[FeedWarning, ...] = ()

    @property
    def exit_code(self) -> int:
        """0, or 1 where a file would be rejected."""
        return 1 if any(each.becomes == REJECTED for each in self.files) else 0
