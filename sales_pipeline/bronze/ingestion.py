"""Bronze: landed bytes become one table a feed, untouched.

`ingest_data` reads landing files through the declared reader and writes them with
`_file_id` and `_row`, so that doing it twice changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from sales_pipeline.bronze.holding import held_back
from sales_pipeline.bronze.keeping import Folders
from sales_pipeline.bronze.reading import LandingFiles, Unread, changed_files, landing_files
from sales_pipeline.errors import FileRejected
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.mends import touched_by
from sales_pipeline.together import together

logger = logging.getLogger(__name__)
_FEEDS_AT_ONCE = 2
"""One is read while another is written; more would only cost memory."""


def ingest_data(
    lakehouse: Lakehouse,
    ledger: Ledger,
    deliveries: Sequence[Delivery],
    *,
    landing: Path,
    on_read: Callable[[int], None] = lambda _: None,
) -> list[Delivery]:
    """Reads claimed files into bronze.

    Every delivery leaves the state `claimed`: to `in_bronze`; to `held`, where it is a
    correction that would remove too much; to `abandoned` where its file changed or vanished
    since it was claimed, and the next run takes it as it is then; or to `rejected` where the
    declared reader cannot read it.

    Args:
        lakehouse: The tables; `bronze.*` are written.
        ledger: The deliveries; changed and committed.
        deliveries: Deliveries in the state `claimed`.
        landing: The landing folder.
        on_read: Called with the bytes of each feed's files once they are in bronze.

    Returns:
        The deliveries that were abandoned or rejected.
    """
    folders = Folders(landing, Path(lakehouse.declaration.lakehouse))
    files = landing_files(lakehouse, folders)

    def ingest(feed: str, of_feed: list[Delivery]) -> list[Delivery]:
        gone = _ingest_feed(lakehouse, feed, deliveries=of_feed, files=files, folders=folders)
        on_read(sum(each.bytes for each in of_feed))
        return gone

    feeds = [partial(ingest, feed, of_feed) for feed, of_feed in _by_feed(deliveries)]
    gone = [each for of_feed in together(feeds, at_once=_FEEDS_AT_ONCE) for each in of_feed]
    left = {each.file_id for each in gone}
    staying = _relinked([each for each in deliveries if each.file_id not in left], gone)
    # Held or not is decided in the commit that says that the records are in bronze: so
    # whatever is in bronze has passed, or was accepted since.
    reasons = held_back(lakehouse, ledger, staying)
    held = [
        each.moved_to(State.HELD, reason=reasons[each.file_id])
        for each in staying
        if each.file_id in reasons
    ]
    taken = [each.moved_to(State.IN_BRONZE) for each in staying if each.file_id not in reasons]
    lost = touched_by(ledger, (each.file_id for each in gone if each.mends))
    again = [ledger[each].moved_to(State.IN_BRONZE) for each in lost]
    ledger.record([*taken, *held, *ledger.overtaken_by(held), *gone, *again])
    return gone


def _relinked(deliveries: Sequence[Delivery], gone: Sequence[Delivery]) -> list[Delivery]:
    """The deliveries, each correcting what is there: not one whose file is not taken."""
    instead = {each.file_id: each.supersedes for each in gone}
    found = []
    for each in deliveries:
        earlier = each.supersedes
        while earlier in instead:
            earlier = instead[earlier]
        found.append(replace(each, supersedes=earlier))
    return found


def _by_feed(deliveries: Sequence[Delivery]) -> Iterator[tuple[str, list[Delivery]]]:
    """The deliveries of each feed, its replays apart: they are read in another dialect."""
    kinds = {(each.feed, bool(each.mends)): None for each in deliveries}
    for feed, is_replay in kinds:
        yield (
            feed,
            [each for each in deliveries if (each.feed, bool(each.mends)) == (feed, is_replay)],
        )


def _ingest_feed(
    lakehouse: Lakehouse,
    feed: str,
    *,
    deliveries: list[Delivery],
    files: LandingFiles,
    folders: Folders,
) -> list[Delivery]:
    """Writes files of one feed; returns the deliveries whose records are not taken."""
    table = f"bronze.{feed}"
    condition = among("_file_id", (each.file_id for each in deliveries))
    gone: dict[int, Delivery] = _given_up(deliveries, files.look_at(deliveries))
    while True:
        staying = [each for each in deliveries if each.file_id not in gone]
        rows = files.records(staying) if staying else lakehouse.local([], table)
        try:
            lakehouse.replace(table, condition, rows)
        except Exception as error:
            unread = changed_files(staying, folders)
            if not unread:
                raise
            logger.warning("%s", next(iter(unread.values())), exc_info=error)
        else:
            unread = files.compare(staying)
            if not unread:
                return list(gone.values())
        gone |= _given_up(staying, unread)


def _given_up(deliveries: Sequence[Delivery], unread: Unread) -> dict[int, Delivery]:
    """The deliveries that cannot be read, as the ledger is to have them."""
    found = {}
    for each in deliveries:
        why = unread.get(each.file_id)
        if isinstance(why, FileRejected):
            found[each.file_id] = each.moved_to(State.REJECTED, reason=why.reason)
        elif why is not None:
            reason = "changed or vanished while it was read"
            found[each.file_id] = each.moved_to(State.ABANDONED, reason=reason)
    return found
