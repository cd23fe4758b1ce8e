"""Brings delivered files to where they stay, once their records are safe (P4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.runs import is_recorded
from sales_pipeline.landing.archive import (
    is_keepable,
    keep,
    kept_path,
    sync,
    write_reason,
)
from sales_pipeline.together import together

ARCHIVE = "archive"
REJECTED = "rejected"
_MOVED_AT_ONCE = 4


@dataclass(frozen=True)
class Folders:
    """Where files lie: before they are taken in, and afterwards.

    Attributes:
        landing: The landing folder.
        lakehouse: The lakehouse folder, with `archive/` and `rejected/` in it.
        left: Feeds whose files stay in the landing folder, whatever becomes of them.
    """

    landing: Path
    lakehouse: Path
    left: frozenset[str] = frozenset()

    def source(self, delivery: Delivery) -> Path:
        """The landing file of a delivery; that of a replay never lay elsewhere than archived."""
        return self.archived(delivery) if delivery.mends else self.landing / delivery.path

    def archived(self, delivery: Delivery) -> Path:
        """Its place in the archive."""
        folder = self.lakehouse / ARCHIVE
        return kept_path(folder, delivery.feed, delivery.sha256, delivery.name)

    def rejected(self, delivery: Delivery) -> Path:
        """Its place among the rejected files."""
        folder = self.lakehouse / REJECTED
        return kept_path(folder, delivery.feed, delivery.sha256, delivery.name)

    def waits_for_archive(self, delivery: Delivery) -> bool:
        """Says whether a file that is to be archived still lies in the landing folder only."""
        in_archive = delivery.feed in self.left or self.archived(delivery).exists()
        return not in_archive and self.source(delivery).exists()

    def waits_for_rejected(self, delivery: Delivery) -> bool:
        """Says whether a file that was refused has still to leave its place for `rejected/`."""
        stays = delivery.feed in self.left and not delivery.mends
        is_there = self.source(delivery).exists()
        return is_there and not stays and not self.rejected(delivery).exists()


def left_behind(ledger: Ledger, folders: Folders) -> list[Delivery]:
    """What a killed run recorded as a repeat or refused, and did not come to move.

    After a run that came to its end, such a file was put back by somebody: it is delivered anew.
    """
    waiting = [
        each
        for each in ledger.latest().values()
        if (each.state is State.REPEATED and folders.waits_for_archive(each))
        or (each.state in (State.REJECTED, State.FAILED) and folders.waits_for_rejected(each))
    ]
    return [] if waiting and is_recorded(ledger.lakehouse) else waiting


def archive_files(lakehouse: Lakehouse, ledger: Ledger, folders: Folders, *, since: float) -> None:
    """Archives the files of all deliveries that have come to their end.

    What gold counts becomes `archived`, what was on its way out becomes `withdrawn`; a held
    correction stays held.

    Args:
        lakehouse: The tables; what was written to them is synced to the disk first.
        ledger: The deliveries; changed and committed.
        folders: Where the files lie.
        since: When the run began, in seconds of the file system's clock.
    """
    counted, leaving = ledger.in_state(State.IN_GOLD), ledger.in_state(State.WITHDRAWING)
    left_over = [*ledger.in_state(State.HELD), *leaving]
    waiting = [*counted, *(each for each in left_over if folders.waits_for_archive(each))]
    if waiting:
        # Also what an earlier run wrote, which was killed before it could sync.
        claimed = [each.claimed_at for each in waiting if folders.waits_for_archive(each)]
        sync([*lakehouse.engine.new_files(min([since, *(at.timestamp() for at in claimed)]))])
        archive_copies(waiting, folders)
    ledger.record(
        [
            *(each.moved_to(State.ARCHIVED) for each in counted),
            *(each.moved_to(State.WITHDRAWN) for each in leaving),
        ]
    )


def archive_copies(deliveries: Iterable[Delivery], folders: Folders) -> None:
    """Moves landing files to the archive; one that holds other bytes by now is left."""

    def archive(delivery: Delivery) -> None:
        is_there = delivery.mends or delivery.feed in folders.left
        # A file that another declaration had rejected lies where it was put then.
        for place in (folders.source(delivery), folders.rejected(delivery)):
            if not is_there and place.exists():
                keep(place, folders.archived(delivery), delivery.sha256)

    together((partial(archive, each) for each in deliveries), at_once=_MOVED_AT_ONCE)


def reject_files(deliveries: Iterable[Delivery], folders: Folders) -> None:
    """Moves landing files to `rejected/`, with the reason beside them.

    Of a file that stays in the landing folder, only the reason is written there.
    """
    for each in deliveries:
        source, target = folders.source(each), folders.rejected(each)
        stays = each.feed in folders.left and not each.mends
        # The reason first: a file in rejected/ says that all of this is done.
        if stays or is_keepable(source, target, each.sha256):
            write_reason(target, each.reason or "")
        if not stays:
            keep(source, target, each.sha256)
