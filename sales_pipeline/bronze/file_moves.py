"""Moves delivered files to the archive or to `rejected/`, once their records are safe (P4)."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sales_pipeline.commit_points import together
from sales_pipeline.config.locations import nested_folders
from sales_pipeline.errors import UsageError
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.runs import is_recorded
from sales_pipeline.landing.archive import (
    is_keepable,
    is_kept,
    keep,
    kept_path,
    move_back,
    sync,
    write_reason,
)
from sales_pipeline.landing.discovery import sha256_of
from sales_pipeline.landing.regular_files import is_being_written, open_regular

ARCHIVE = "archive"
REJECTED = "rejected"
_MOVED_AT_ONCE = 4
_CHANGES_WITHIN = timedelta(days=7)
_KEPT = frozenset(
    {State.IN_GOLD, State.ARCHIVED, State.HELD, State.REPEATED, State.REJECTED, State.FAILED}
)
_NOT_ALLOWED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.ETXTBSY})
"""Error numbers of files that a user may not move, or nobody may at present."""
_NO_PLACE = frozenset({errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG})
"""Error numbers of files whose place cannot be made: another file lies there, or it is too long."""


@dataclass(frozen=True)
class Folders:
    """The folders of files: before they are taken in, and afterwards.

    Attributes:
        landing: The landing folder.
        lakehouse: The lakehouse folder, with `archive/` and `rejected/` in it.
        left: Feeds whose files stay in the landing folder in every state.
    """

    landing: Path
    lakehouse: Path
    left: frozenset[str] = frozenset()

    def source(self, delivery: Delivery) -> Path:
        """The landing file of a delivery; the file of a replay has always been in the archive."""
        return self.archived(delivery) if delivery.mends else self.landing / delivery.path

    def archived(self, delivery: Delivery) -> Path:
        """Its place in the archive."""
        folder = self.lakehouse / ARCHIVE
        return kept_path(folder, delivery.feed, delivery.sha256, delivery.name)

    def rejected(self, delivery: Delivery) -> Path:
        """Its place among the rejected files."""
        folder = self.lakehouse / REJECTED
        return kept_path(folder, delivery.feed, delivery.sha256, delivery.name)

    def kept(self, delivery: Delivery) -> Path:
        """Its place by its state: in the archive, or among the rejected files."""
        is_refused = delivery.state in (State.REJECTED, State.FAILED)
        return self.rejected(delivery) if is_refused else self.archived(delivery)

    def place_of(self, delivery: Delivery) -> str:
        """Returns the place of a refused delivery's file: `rejected`, `archive` or `landing`."""
        if is_kept(self.rejected(delivery)):
            return REJECTED
        return ARCHIVE if is_kept(self.archived(delivery)) else "landing"

    def named(self, reason: str, delivery: Delivery) -> str:
        """Replaces the place of a file at the beginning of a reason by the path of its delivery."""
        source = self.source(delivery)
        for place in (source, source.absolute()):
            if reason.startswith(f"{place}: "):
                return f"{delivery.path}{reason.removeprefix(str(place))}"
        return reason

    def waits_for_archive(self, delivery: Delivery) -> bool:
        """Returns True if a file to archive still lies in the landing folder only."""
        in_archive = delivery.feed in self.left or is_kept(self.archived(delivery))
        return not in_archive and self.source(delivery).exists()

    def waits_for_rejected(self, delivery: Delivery) -> bool:
        """Returns whether a refused file has still to be moved to `rejected/`."""
        stays = delivery.feed in self.left and not delivery.mends
        is_there = self.source(delivery).exists()
        return is_there and not stays and not is_kept(self.rejected(delivery))


def left_behind(ledger: Ledger, folders: Folders) -> list[Delivery]:
    """Repeats and refused files that a run recorded and did not move.

    Either it was killed, or the system did not let it move them; then they have `seen`. Another
    file was put back by somebody after a run had ended, and is delivered anew.
    """
    waiting = [
        delivery
        for delivery in ledger.latest().values()
        if (delivery.state is State.REPEATED and folders.waits_for_archive(delivery))
        or (
            delivery.state in (State.REJECTED, State.FAILED)
            and folders.waits_for_rejected(delivery)
        )
    ]
    if not waiting or not is_recorded(ledger.lakehouse):
        return waiting
    return [delivery for delivery in waiting if delivery.seen and delivery.feed not in folders.left]


def archive_files(
    lakehouse: Lakehouse, ledger: Ledger, folders: Folders, *, since: float
) -> dict[int, str]:
    """Archives the files of all deliveries that are complete.

    A delivery that gold counts becomes `archived`, one being withdrawn `withdrawn`; a held
    correction stays held. A delivery whose file cannot be moved stays as it is.

    Args:
        lakehouse: The tables; their new files are synced to the disk first.
        ledger: The deliveries; changed and committed.
        folders: Where the files lie.
        since: When the run began, in seconds of the file system's clock.

    Returns:
        Id of each delivery whose file was not moved -> why, and what to do.
    """
    counted, leaving = ledger.in_state(State.IN_GOLD), ledger.in_state(State.WITHDRAWING)
    left_over = [*ledger.in_state(State.HELD), *leaving]
    waiting = [
        *counted,
        *(delivery for delivery in left_over if folders.waits_for_archive(delivery)),
    ]
    unmoved: dict[int, str] = {}
    if waiting:
        # Also the files of an earlier run that was killed before it could sync.
        claimed = [
            delivery.claimed_at for delivery in waiting if folders.waits_for_archive(delivery)
        ]
        sync([*lakehouse.engine.new_files(min([since, *(at.timestamp() for at in claimed)]))])
        unmoved = archive_copies(waiting, folders)
    # A file that is gone cannot be waited for.
    staying = {id_ for id_ in unmoved if folders.source(ledger[id_]).exists()}
    ledger.record(
        delivery.moved_to(
            State.ARCHIVED if delivery.state is State.IN_GOLD else State.WITHDRAWN,
            reason=unmoved.get(delivery.file_id, delivery.reason),
        )
        for delivery in (*counted, *leaving)
        if delivery.file_id not in staying
    )
    return unmoved


def archive_copies(deliveries: Iterable[Delivery], folders: Folders) -> dict[int, str]:
    """Moves landing files to the archive, and says why one could not be moved.

    Returns:
        Id of each delivery whose file was not moved -> why, and what to do.
    """
    root = folders.lakehouse / ARCHIVE

    def archive(delivery: Delivery) -> tuple[int, str | None]:
        if delivery.mends or delivery.feed in folders.left:
            return delivery.file_id, None
        target = folders.archived(delivery)
        # A file that another declaration had rejected lies in `rejected/`.
        places = (folders.source(delivery), folders.rejected(delivery))
        source = next((place for place in places if is_kept(place)), places[0])
        if not source.exists() and is_kept(target) and target.stat().st_size == delivery.bytes:
            return delivery.file_id, None
        return delivery.file_id, _why_not_kept(source, target, delivery, root=root)

    results = together(
        (partial(archive, delivery) for delivery in deliveries), at_once=_MOVED_AT_ONCE
    )
    return {file_id: reason for file_id, reason in results if reason is not None}


def _why_not_kept(source: Path, target: Path, delivery: Delivery, *, root: Path) -> str | None:
    """Keeps a file below `root`; returns None, or why it was not moved and what to do."""
    try:
        if keep(source, target, delivery.sha256):
            return None
    except OSError as error:
        return _why_not_moved(error, source, root)
    if not source.exists():
        return "vanished before it was moved; its records are safe. Do: put it back if it is needed"
    if sha256_of(source) == delivery.sha256:
        return "another process has it open for writing; the next run moves it once it is closed"
    return "holds other bytes than were read; the next run takes it as it is then"


def _why_not_moved(error: OSError, source: Path, root: Path, *, stays: bool = False) -> str:
    """Says why a file, or the reason of one that stays, cannot be put below `root`.

    Raises:
        OSError: The error concerns every file.
    """
    # Where the root itself is no folder, no file has a place.
    has_no_place = error.errno in _NO_PLACE and (root.is_dir() or not os.path.lexists(root))
    if error.errno not in _NOT_ALLOWED and not has_no_place:
        raise error
    do = "let the user of this run write to the landing folder and the archive"
    if error.errno == errno.ENAMETOOLONG:
        do = "give it a shorter name in the landing folder"
    elif has_no_place:
        do = "another file or folder has its place, so give it another name in the landing folder"
    where = "the archive" if root.name == ARCHIVE else f"{root.name}/"
    why = f"{where} ({error.filename or source.parent}: {error.strerror or error}). Do: {do}"
    if stays:
        return f"its reason cannot be written to {why}"
    return f"cannot be moved to {why}, or declare archive: leave; the next run moves it"


def reject_files(deliveries: Iterable[Delivery], folders: Folders) -> dict[int, str]:
    """Moves landing files to `rejected/`, with the reason beside them.

    Of a file that stays in the landing folder, only the reason is written there.

    Returns:
        Id of each delivery whose file was not moved -> why, and what to do.
    """
    unmoved: dict[int, str] = {}
    for delivery in deliveries:
        source, target = folders.source(delivery), folders.rejected(delivery)
        stays = delivery.feed in folders.left and not delivery.mends
        is_there, root = source.exists(), folders.lakehouse / REJECTED
        try:
            # The reason first: a file in rejected/ says that all of this is done.
            if stays or is_keepable(source, target, delivery.sha256):
                write_reason(target, delivery.reason or "")
            reason = None if stays else _why_not_kept(source, target, delivery, root=root)
        except OSError as error:
            reason = _why_not_moved(error, source, root, stays=stays)
        if reason is not None and is_there:
            unmoved[delivery.file_id] = reason
    return unmoved


def changed_since_kept(ledger: Ledger, folders: Folders, *, now: datetime) -> list[Delivery]:
    """Deliveries of the last days whose archived or rejected file changed after it was read.

    A process that had it open when it was moved has written to it. Its bytes are only hashed if
    its size or its time of change is another.
    """
    latest: dict[Path, Delivery] = {}
    for delivery in ledger:
        is_recent = now - delivery.claimed_at < _CHANGES_WITHIN
        is_moved = delivery.feed not in folders.left and not delivery.mends
        if is_recent and is_moved and delivery.state in _KEPT:
            latest[folders.kept(delivery)] = delivery
    return [delivery for place, delivery in latest.items() if _is_changed(place, delivery)]


def _is_changed(place: Path, delivery: Delivery) -> bool:
    try:
        status = place.lstat()
    except OSError:
        return False
    is_later = status.st_mtime > delivery.claimed_at.timestamp()
    if status.st_size == delivery.bytes and not is_later:
        return False
    return sha256_of(place) not in (delivery.sha256, None)


def send_back(delivery: Delivery, folders: Folders) -> str:
    """Moves a kept file that has changed back to the landing folder, where it is found anew.

    Returns:
        What happened to the file, for the report.
    """
    place = folders.kept(delivery)
    what = f"changed after delivery {delivery.file_id} was taken from it"
    with open_regular(place) as file:
        if is_being_written(file):
            return f"{what}, and another process still writes to it; a later run takes it"
    source = folders.landing / delivery.path
    if not move_back(place, source, delivery.sha256, delivery.bytes):
        return f"{what}, and another file lies at its place in the landing folder already"
    return f"{what}; taken again as it is now. Do: deliver files by renaming them when complete"


def check_landing(folders: Folders) -> None:
    """Checks that the landing folder is there, and apart from the lakehouse.

    Raises:
        UsageError: It is not.
    """
    if not folders.landing.is_dir():
        raise UsageError(
            f"landing: no such folder, got {str(folders.landing)!r}. "
            "Do: make it, or declare another under landing:."
        )
    # Links and --lakehouse may nest folders that are declared apart.
    if nested := nested_folders(folders.landing.resolve(), folders.lakehouse.resolve()):
        raise UsageError(
            f"lakehouse: {nested}, got {str(folders.lakehouse)!r}. "
            "Do: declare two folders of which none is in the other."
        )
