"""Brings delivered files to where they stay, once their records are safe (P4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.landing.archive import keep, kept_path, sync, write_reason

ARCHIVE = "archive"
REJECTED = "rejected"


@dataclass(frozen=True)
class Folders:
    """Where files lie: before they are taken in, and afterwards.

    Attributes:
        landing: The landing folder.
        lakehouse: The lakehouse folder, with `archive/` and `rejected/` in it.
    """

    landing: Path
    lakehouse: Path

    def source(self, delivery: Delivery) -> Path:
        """The landing file of a delivery."""
        return self.landing / delivery.path

    def archived(self, delivery: Delivery) -> Path:
        """Its place in the archive."""
        folder = self.lakehouse / ARCHIVE
        return kept_path(folder, delivery.feed, delivery.sha256, delivery.name)

    def rejected(self, delivery: Delivery) -> Path:
        """Its place among the rejected files."""
        folder = self.lakehouse / REJECTED
        return kept_path(folder, delivery.feed, delivery.sha256, delivery.name)


def archive_files(lakehouse: Lakehouse, ledger: Ledger, folders: Folders, *, since: float) -> None:
    """Archives the files of all deliveries that gold counts; they become `archived`.

    Args:
        lakehouse: The tables; what was written to them is synced to the disk first.
        ledger: The deliveries; changed and committed.
        folders: Where the files lie.
        since: When the run began, in seconds of the file system's clock.
    """
    waiting = ledger.in_state(State.IN_GOLD)
    if not waiting:
        return
    sync([*lakehouse.engine.new_files(since)])
    archive_copies(waiting, folders)
    ledger.record(each.moved_to(State.ARCHIVED) for each in waiting)


def archive_copies(deliveries: Iterable[Delivery], folders: Folders) -> None:
    """Moves landing files to the archive; one that holds other bytes by now is left."""
    for each in deliveries:
        keep(folders.source(each), folders.archived(each), each.sha256)


def reject_files(deliveries: Iterable[Delivery], folders: Folders) -> None:
    """Moves landing files to `rejected/`, with the reason beside them."""
    for each in deliveries:
        if keep(folders.source(each), folders.rejected(each), each.sha256):
            write_reason(folders.rejected(each), each.reason or "")
