"""Bronze: landed bytes become one table a feed, untouched.

`ingest_data` reads landing files through the one landing reader and writes them with
`_file_id` and `_row`, so that doing it twice changes nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame

from sales_pipeline.bronze.feed_files import shape_of
from sales_pipeline.bronze.holding import held_back
from sales_pipeline.bronze.keeping import Folders
from sales_pipeline.errors import FileChanged
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.mends import touched_by
from sales_pipeline.landing.data_source import LandingSource
from sales_pipeline.landing.discovery import sha256_of
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
    correction that would remove too much; or to `abandoned` where its file changed or vanished
    since it was claimed, and the next run takes it as it is then.

    Args:
        lakehouse: The tables; `bronze.*` are written.
        ledger: The deliveries; changed and committed.
        deliveries: Deliveries in the state `claimed`.
        landing: The landing folder.
        on_read: Called with the bytes of each feed's files once they are in bronze.

    Returns:
        The deliveries that were abandoned.
    """
    lakehouse.engine.spark().dataSource.register(LandingSource)

    def ingest(feed: str, of_feed: list[Delivery]) -> list[Delivery]:
        changed = _ingest_feed(lakehouse, feed, of_feed, landing)
        on_read(sum(each.bytes for each in of_feed))
        return changed

    feeds = [partial(ingest, feed, of_feed) for feed, of_feed in _by_feed(deliveries)]
    abandoned = [each for changed in together(feeds, at_once=_FEEDS_AT_ONCE) for each in changed]
    read = [each for each in deliveries if each not in abandoned]
    gone = [
        each.moved_to(State.ABANDONED, reason="changed or vanished while it was read")
        for each in abandoned
    ]
    staying = _relinked(read, gone)
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
    """The deliveries, each correcting what is there: not one whose file was abandoned."""
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
    lakehouse: Lakehouse, feed: str, deliveries: list[Delivery], landing: Path
) -> list[Delivery]:
    """Writes files of one feed; returns those whose bytes are not the claimed ones."""
    folders = Folders(landing, Path(lakehouse.declaration.lakehouse))
    table = f"bronze.{feed}"
    condition = among("_file_id", (each.file_id for each in deliveries))
    abandoned: list[Delivery] = []
    while True:
        staying = [each for each in deliveries if each not in abandoned]
        if staying:
            rows = landing_records(lakehouse, staying, folders)
        else:
            rows = lakehouse.local([], table)
        try:
            lakehouse.replace(table, condition, rows)
        except Exception as error:
            changed = [each for each in staying if _is_changed(each, folders)]
            if not changed:
                raise
            logger.warning("%s", FileChanged(changed[0].path), exc_info=error)
            abandoned += changed
        else:
            return abandoned


def landing_records(
    lakehouse: Lakehouse, deliveries: Sequence[Delivery], folders: Folders
) -> DataFrame:
    """The records of claimed files of one feed and dialect, in the columns of its bronze table."""
    files = [_as_option(each, folders) for each in deliveries]
    slots = min(lakehouse.engine.capabilities.task_slots, len(files))
    reader = lakehouse.engine.spark().read.format(LandingSource.name())
    shape = json.dumps(shape_of(lakehouse.declaration, deliveries[0]).to_dict())
    reader = reader.option("files", json.dumps(files)).option("shape", shape)
    return reader.option("partitions", str(slots)).load()


def _as_option(delivery: Delivery, folders: Folders) -> dict[str, Any]:
    return {
        "path": str(folders.source(delivery).absolute()),
        "file_id": delivery.file_id,
        "sha256": delivery.sha256,
        "bytes": delivery.bytes,
    }


def _is_changed(delivery: Delivery, folders: Folders) -> bool:
    return sha256_of(folders.source(delivery)) != delivery.sha256
