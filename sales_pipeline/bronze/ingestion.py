"""Writes the records of landed files to bronze, untouched.

`ingest_data` reads landing files through the declared reader and writes them with
`_file_id` and `_row`, so that doing it twice changes nothing. All feeds of sales share a table
and a commit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sales_pipeline.bronze.corrections import reasons_to_hold
from sales_pipeline.bronze.file_moves import Folders
from sales_pipeline.bronze.readers import LandingFiles, Unread, changed_files, landing_files
from sales_pipeline.errors import FileRejected
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State, relinked
from sales_pipeline.lakehouse.mends import touched_by
from sales_pipeline.lakehouse.tables import bronze_table_of

logger = logging.getLogger(__name__)


def ingest_data(
    lakehouse: Lakehouse,
    ledger: Ledger,
    deliveries: Sequence[Delivery],
    *,
    landing: Path,
    on_read: Callable[[int, int], None] = lambda _bytes, _records: None,
) -> list[Delivery]:
    """Reads claimed files into bronze.

    Every delivery leaves the state `claimed`: to `in_bronze`; to `held`, if it is a
    correction that would remove too much, or equal to a file of another feed; to
    `abandoned` if its file changed or vanished
    since it was claimed, and the next run takes it as it is then; or to `rejected` if the
    declared reader cannot read it.

    Args:
        lakehouse: The tables; `bronze.*` are written.
        ledger: The deliveries; changed and committed.
        deliveries: Deliveries in the state `claimed`.
        landing: The landing folder.
        on_read: Called with the bytes and records of files that were read; 0 records if Spark's
            workers read them.

    Returns:
        The deliveries that were abandoned or rejected.
    """
    folders = Folders(landing, Path(lakehouse.declaration.lakehouse))
    files = landing_files(lakehouse, folders)
    given_up = [
        delivery
        for table, of_table in by_bronze_table(deliveries).items()
        for delivery in _Ingestion(lakehouse, table, files, folders, on_read).ingest(of_table)
    ]
    given_up_ids = {delivery.file_id for delivery in given_up}
    staying = relinked(
        [delivery for delivery in deliveries if delivery.file_id not in given_up_ids], given_up
    )
    # Held or not is decided in the commit that says that the records are in bronze: so
    # every delivery in bronze has passed, or was accepted since.
    reasons = reasons_to_hold(lakehouse, ledger, staying)
    held = [
        delivery.moved_to(State.HELD, reason=reasons[delivery.file_id])
        for delivery in staying
        if delivery.file_id in reasons
    ]
    corrections = [delivery for delivery in held if not delivery.is_of_other_days]
    taken = [
        delivery.moved_to(State.IN_BRONZE)
        for delivery in staying
        if delivery.file_id not in reasons
    ]
    touched = touched_by(ledger, (delivery.file_id for delivery in given_up if delivery.mends))
    rejudged = [ledger[file_id].moved_to(State.IN_BRONZE) for file_id in touched]
    ledger.record([*taken, *held, *ledger.overtaken_by(corrections), *given_up, *rejudged])
    return given_up


def by_bronze_table(deliveries: Iterable[Delivery]) -> dict[str, list[Delivery]]:
    """Returns bronze table -> the deliveries whose records are there."""
    tables: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        tables.setdefault(bronze_table_of(delivery.feed), []).append(delivery)
    return tables


@dataclass(frozen=True)
class _Ingestion:
    """Writes the files of one bronze table."""

    lakehouse: Lakehouse
    table: str
    files: LandingFiles
    folders: Folders
    on_read: Callable[[int, int], None]

    def ingest(self, deliveries: list[Delivery]) -> list[Delivery]:
        """Writes the records in one commit; returns the deliveries whose records are not taken."""
        condition = among("_file_id", (delivery.file_id for delivery in deliveries))
        given_up: dict[int, Delivery] = _given_up(
            deliveries, self.files.look_at(deliveries), self.folders
        )
        while True:
            staying = [delivery for delivery in deliveries if delivery.file_id not in given_up]
            unread = self._write(condition, staying)
            if not unread:
                return list(given_up.values())
            given_up |= _given_up(staying, unread, self.folders)

    def _write(self, condition: str, deliveries: list[Delivery]) -> Unread:
        if not deliveries:
            nothing = self.lakehouse.local([], self.table)
            self.lakehouse.replace(self.table, condition, nothing)
            return {}
        try:
            unread = self.files.write(self.table, condition, deliveries, self.on_read)
        except Exception as error:
            unread = changed_files(deliveries, self.folders)
            if not unread:
                raise
            logger.warning("%s", next(iter(unread.values())), exc_info=error)
        return unread or self.files.compare(self.table, deliveries)


def _given_up(
    deliveries: Sequence[Delivery], unread: Unread, folders: Folders
) -> dict[int, Delivery]:
    """The deliveries that cannot be read, in the state that the ledger shall record.

    Args:
        deliveries: The deliveries to read.
        unread: File id of a delivery that was not read -> why.
        folders: Where their files lie.
    """
    given_up = {}
    for delivery in deliveries:
        why = unread.get(delivery.file_id)
        if isinstance(why, FileRejected):
            reason = folders.named(why.reason, delivery)
            given_up[delivery.file_id] = delivery.moved_to(State.REJECTED, reason=reason)
        elif why is not None:
            reason = "changed or vanished while it was read"
            given_up[delivery.file_id] = delivery.moved_to(State.ABANDONED, reason=reason)
    return given_up
