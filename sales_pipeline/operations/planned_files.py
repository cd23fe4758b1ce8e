"""Describes files of the landing folder and of the ledger, as a plan shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sales_pipeline.bronze.claiming import Claims
from sales_pipeline.bronze.file_moves import Folders
from sales_pipeline.lakehouse.ledger import Delivery, Ledger
from sales_pipeline.landing.discovery import Discovery
from sales_pipeline.run_report import unreadable
from sales_pipeline.silver.validation.reasons import Unusable

UNFINISHED = "unfinished"
REJUDGED = "rejudged"
ABANDONED = "abandoned"
KNOWN = "known"
NOT_READY = "not_ready"
UNREADABLE = "unreadable"
UNCLAIMED = "unclaimed"
LINK = "link"
CHANGED = "changed"


@dataclass(frozen=True)
class PlannedFile:
    """A file, and its state after a run.

    Attributes:
        path: Its path below the landing folder.
        feed: Its feed; None if no feed claims it or it was not read.
        bytes: Its size.
        becomes: `new`, `correction`, `repeat`, `rejected`; `held`: a correction that would wait
            until somebody accepts it; `unfinished`: one that an interrupted run left; `rejudged`:
            one whose records are judged again; `abandoned`: an unfinished one whose file
            changed or vanished since; `known`: it stays in the landing folder and is not new;
            `not_ready`, `unreadable`, `unclaimed`, `link`: it is left where it is; `changed`:
            it was written to after a run had moved it, and is taken again, mostly as a correction.
        reason: Why, if there is a reason to show.
        delivery: The delivery that it corrects or repeats, or that it is.
        delivery_rows: The records of that delivery, if it is known.
        records: Its records; None if the file was not read.
        months: The months of its sales, and of sales that it would replace; None if they are
            not known before the run.
        unusable: Its records that are quarantined, by reason, the commonest first.
    """

    path: str
    feed: str | None
    bytes: int
    becomes: str
    reason: str | None = None
    delivery: int | None = None
    delivery_rows: int | None = None
    records: int | None = None
    months: tuple[date, ...] | None = ()
    unusable: tuple[Unusable, ...] = ()


def changed_file(delivery: Delivery) -> PlannedFile:
    """A delivery whose kept file was written to since; its records are not known before the run."""
    reason = "it was written to after a run had moved it; a run names it and takes it again"
    return PlannedFile(
        delivery.path,
        delivery.feed,
        delivery.bytes,
        CHANGED,
        reason=reason,
        delivery=delivery.file_id,
        delivery_rows=delivery.rows,
        months=None,
    )


def left_files(
    discovery: Discovery, claims: Claims, ledger: Ledger, folders: Folders
) -> Iterator[PlannedFile]:
    """Yields the files of the landing folder that a run with these claims leaves where they are."""
    claimed = {delivery.path for delivery in claims.deliveries}
    unfinished = {delivery.path for delivery in ledger.unfinished()}
    latest = {delivery.path: delivery for delivery in ledger}
    for path in [*discovery.disputed, *(file.path for file in discovery.files)]:
        if path not in claimed | unfinished:
            yield _known(latest[path])
    for note in unreadable(discovery.unreadable):
        size = _size(folders, note.path)
        yield PlannedFile(note.path, None, size, UNREADABLE, reason=note.reason)
    for path, why in discovery.left.items():
        yield PlannedFile(path, None, _size(folders, path), NOT_READY, reason=why)
    for becomes, paths in (
        (NOT_READY, discovery.unready),
        (UNCLAIMED, discovery.unclaimed),
        (LINK, discovery.links),
    ):
        for path in paths:
            yield PlannedFile(path, None, _size(folders, path), becomes)


def _known(delivery: Delivery) -> PlannedFile:
    return PlannedFile(
        delivery.path,
        delivery.feed,
        delivery.bytes,
        KNOWN,
        reason=f"{delivery.state}: {delivery.reason}" if delivery.reason else delivery.state,
        delivery=delivery.file_id,
        delivery_rows=delivery.rows,
    )


def _size(folders: Folders, path: str) -> int:
    try:
        return (folders.landing / path).lstat().st_size
    except OSError:
        return 0
