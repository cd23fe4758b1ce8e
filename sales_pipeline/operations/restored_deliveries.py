"""Finds the deliveries of a lost ledger in bronze, in silver, and among the files on the disk."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from sales_pipeline.bronze.archived_files import kept_files
from sales_pipeline.bronze.feed_files import file_shape, landing_patterns
from sales_pipeline.bronze.file_moves import ARCHIVE, REJECTED, Folders
from sales_pipeline.bronze.fingerprints import fingerprint
from sales_pipeline.bronze.matching import first_texts, headers_in_bronze, records_of
from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, State
from sales_pipeline.lakehouse.mends import names_text
from sales_pipeline.lakehouse.runs import utc_now
from sales_pipeline.lakehouse.tables import BRONZE_SALES, BRONZE_TABLES, NOT_SALES, bronze_table_of
from sales_pipeline.landing.archive import reason_path
from sales_pipeline.landing.discovery import discover, sha256_of
from sales_pipeline.landing.shape import FileShape

_WAS_NOT_COUNTED = (
    "restored: silver has none of its records, so it was held, withdrawn or not validated yet. "
    "Do: sales-pipeline accept {path}, or withdraw it"
)
_IS_NAMELESS = (
    "restored: its records are in bronze, but no archived file has them, so nothing tells whether "
    "it counts. Do: sales-pipeline accept {path}, or withdraw it"
)


@dataclass(frozen=True)
class _File:
    """A file on the disk that may be a delivery."""

    place: Path
    feed: str
    name: str
    path: str
    sha256: str
    seen: str | None = None
    is_replay: bool = False
    is_rejected: bool = False


@dataclass(frozen=True)
class RestoredDeliveries:
    """Finds the deliveries of a lost ledger.

    Attributes:
        lakehouse: The tables; bronze is read.
        folders: Where the files lie.
        in_silver: Numbers of the deliveries that have records in silver, so that they are in
            force; None if silver cannot be read.
        superseded: Numbers of the deliveries that balance as superseded: they are held, or
            another one replaced them.
    """

    lakehouse: Lakehouse
    folders: Folders
    in_silver: frozenset[int] | None
    superseded: frozenset[int] = frozenset()

    @cached_property
    def deliveries(self) -> list[Delivery]:
        """The deliveries in ledger order: from bronze, repeats, and files without records."""
        of_bronze = [self._delivery(number) for number in sorted(self._counts)]
        linked = self._linked(of_bronze)
        return [*linked, *self._others(linked)]

    @property
    def nameless(self) -> tuple[int, ...]:
        """Numbers of the deliveries in bronze whose file was not found."""
        return tuple(sorted(set(self._counts) - set(self._matched)))

    @property
    def unknown(self) -> tuple[str, ...]:
        """The archived files whose records are not in bronze, as paths."""
        places = {self.folders.archived(delivery) for delivery in self.deliveries}
        return tuple(str(file.place) for file in self._archived if file.place not in places)

    @cached_property
    def _counts(self) -> dict[int, tuple[str, int]]:
        """Number of a delivery in bronze -> its feed and its records."""
        counts: dict[int, tuple[str, int]] = {}
        for table in BRONZE_TABLES:
            by = ["feed", "_file_id"] if table == BRONZE_SALES else ["_file_id"]
            for row in self.lakehouse.totals(table, by=by, of="_row").to_pylist():
                feed = row.get("feed", table.removeprefix("bronze."))
                counts[row["_file_id"]] = (feed, row["records"])
        return counts

    @cached_property
    def _feeds(self) -> dict[str, str]:
        """Declared feed -> its landing pattern."""
        return landing_patterns(self.lakehouse.declaration)

    @cached_property
    def _archived(self) -> list[_File]:
        return self._kept(ARCHIVE)

    def _kept(self, folder: str) -> list[_File]:
        archived = kept_files(self.folders, self.lakehouse.declaration, below=(folder,))
        files = [
            _File(
                kept.place,
                kept.feed,
                kept.name,
                kept.path,
                sha256_of(kept.place) or "",
                is_replay=kept.is_replay,
                is_rejected=folder == REJECTED,
            )
            for kept in archived
        ]
        # The file that was archived first was claimed first, if two have the same records.
        return sorted(files, key=lambda file: file.place.stat().st_ctime_ns)

    @cached_property
    def _landed(self) -> list[_File]:
        """Files in the landing folder: they stay there, or wait to be archived."""
        landing = self.folders.landing
        discovery = discover(landing, self._feeds)
        return [
            _File(
                landing / landed.path,
                landed.feed,
                landed.name,
                landed.path,
                landed.sha256,
                seen=landed.seen if landed.feed in self.folders.left else None,
            )
            for landed in discovery.files
        ]

    @cached_property
    def _matched(self) -> dict[int, tuple[_File, str]]:
        """Number of a delivery in bronze -> its file, and the headers of the file in bronze."""
        matched: dict[int, tuple[_File, str]] = {}
        kept: list[tuple[_File, tuple[str, int]]] = []
        for file in [*self._archived, *self._kept(REJECTED), *self._landed]:
            if file.feed not in self._feeds:
                continue
            for number, headers in self._with_records_of(file, matched):
                matched[number] = (file, headers)
                kept.append((file, self._counts[number]))
                break
        spare = {self._counts[number] for number in self._counts.keys() - matched.keys()}
        shared: dict[int, list[tuple[_File, str]]] = defaultdict(list)
        for file, counted in kept:
            if counted in spare:
                for number, headers in self._with_records_of(file, matched):
                    shared[number].append((file, headers))
        # Bytes that came again lie in the archive once. Under two names, nothing tells which.
        named_once = {
            number: files[0]
            for number, files in shared.items()
            if len({file.name for file, _ in files}) == 1
        }
        return matched | named_once

    def _with_records_of(
        self, file: _File, matched: Mapping[int, object]
    ) -> Iterator[tuple[int, str]]:
        """The deliveries without a file that have the records of one, with its headers there."""
        rows = self._records(file)
        if rows is None or not rows.num_rows:
            return
        texts = first_texts(rows)
        for number, counted in sorted(self._counts.items()):
            is_free = number not in matched and counted == (file.feed, rows.num_rows)
            # Only deliveries with as many records, and the same first one, are compared as a whole.
            if is_free and self._first_texts.get(number) == texts:
                headers = headers_in_bronze(file.place, self._shape(file), self._rows(number))
                if headers is not None:
                    yield number, headers

    def _records(self, file: _File) -> pa.Table | None:
        """The records of a file, or None if the declared feed cannot read it."""
        declared = self._shape(file)
        # A file may lack columns that were declared since.
        for shape in (declared, replace(declared, columns=())):
            with suppress(FileRejected, FileChanged):
                return records_of(file.place, shape)
        return None

    def _shape(self, file: _File) -> FileShape:
        shape = file_shape(self.lakehouse.declaration, file.feed)
        return shape.plain if file.is_replay else replace(shape, is_trusted=True)

    @cached_property
    def _first_texts(self) -> dict[int, list[str]]:
        """Number of a delivery in bronze -> the texts of its first record."""
        first: dict[int, list[str]] = {}
        for table in BRONZE_TABLES:
            rows = self.lakehouse.engine.read(table, where="_row = 1")
            for place, number in enumerate(rows["_file_id"].to_pylist()):
                first[number] = first_texts(rows.slice(place, 1))
        return first

    def _rows(self, number: int) -> pa.Table:
        feed, _ = self._counts[number]
        return self.lakehouse.engine.read(bronze_table_of(feed), file_ids=[number])

    def _delivery(self, number: int) -> Delivery:
        feed, rows = self._counts[number]
        if number not in self._matched:
            name = f"unknown-{number}"
            nameless = _File(Path(), feed, name, f"{feed}/{name}", "")
            return self._made(number, nameless, State.IN_BRONZE, rows)
        file, headers = self._matched[number]
        if file.is_rejected:
            rejected = self._made(number, file, State.REJECTED, rows)
            return replace(rejected, headers=headers, reason=_reason(file.place))
        delivery = self._made(number, file, State.IN_BRONZE, rows)
        mends = self._mends(number) if file.is_replay else None
        return replace(delivery, headers=headers, mends=mends)

    def _mends(self, number: int) -> str:
        """The records that a replay names, from its own columns for names."""
        extra = self._rows(number).sort_by("_row")["_extra"].to_pylist()
        named = [json.loads(text) for text in extra]
        return names_text([(int(name["_file_id"]), int(name["_row"])) for name in named])

    def _made(self, number: int, file: _File, state: State, rows: int | None) -> Delivery:
        stat = file.place.stat() if file.place.is_file() else None
        return Delivery(
            file_id=number,
            feed=file.feed,
            name=file.name,
            path=file.path,
            sha256=file.sha256,
            bytes=stat.st_size if stat else 0,
            state=state,
            fingerprint=fingerprint(self.lakehouse.declaration, file.feed),
            # A file is moved to its place soon after its delivery.
            claimed_at=datetime.fromtimestamp(stat.st_ctime, UTC) if stat else utc_now(),
            run_id="",
            rows=rows,
            seen=file.seen,
        )

    def _linked(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """The deliveries with their states: in force, superseded by a later one, or held."""
        by_name: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            by_name[delivery.feed, delivery.name].append(delivery)
        linked = [delivery for same in by_name.values() for delivery in self._of_a_name(same)]
        return sorted(linked, key=lambda delivery: delivery.file_id)

    def _of_a_name(self, same: Sequence[Delivery]) -> Iterator[Delivery]:
        """The deliveries of one feed and name, each with the earlier one that it corrects."""
        corrects = self.lakehouse.declaration.corrects(same[0].feed)
        rejected = [delivery for delivery in same if delivery.state is State.REJECTED]
        yield from rejected
        same = [delivery for delivery in same if delivery not in rejected]
        able = [file for file in same if file.file_id not in self.superseded]
        in_force = [file.file_id for file in able if self._is_in_force(file, able[-1])]
        earlier: int | None = None
        for delivery in same:
            linked = replace(delivery, supersedes=earlier if corrects else None)
            if delivery.file_id in in_force:
                yield linked
            elif corrects and in_force and in_force[-1] > delivery.file_id:
                yield replace(linked, state=State.SUPERSEDED)
            else:
                why = _WAS_NOT_COUNTED if delivery.sha256 else _IS_NAMELESS
                reason = why.format(path=delivery.path)
                yield replace(linked, state=State.HELD, reason=reason, rows=None)
                continue
            earlier = delivery.file_id

    def _is_in_force(self, delivery: Delivery, last: Delivery) -> bool:
        if delivery.feed not in NOT_SALES and self.in_silver is not None:
            return delivery.file_id in self.in_silver
        if not delivery.sha256:
            return False
        return delivery is last or not self.lakehouse.declaration.corrects(delivery.feed)

    def _others(self, linked: Sequence[Delivery]) -> Iterator[Delivery]:
        """Archived files that have no records in bronze: repeats, and files without a record."""
        number = max((delivery.file_id for delivery in linked), default=0)
        places = {self.folders.archived(delivery) for delivery in linked}
        counted = {(delivery.feed, delivery.sha256): delivery for delivery in linked}
        names = {(delivery.feed, delivery.name) for delivery in linked}
        for file in self._archived:
            if file.place in places or file.feed not in self._feeds:
                continue
            same = counted.get((file.feed, file.sha256))
            rows = self._records(file)
            if same is not None:
                number += 1
                reason = f"the same bytes as {same.name}, which is in force"
                yield replace(self._made(number, file, State.REPEATED, None), reason=reason)
            elif rows is not None and not rows.num_rows:
                number += 1
                is_alone = (file.feed, file.name) not in names
                state = State.IN_BRONZE if is_alone else State.SUPERSEDED
                yield self._made(number, file, state, 0)


def _reason(place: Path) -> str:
    """Returns the reason beside a rejected file."""
    beside = reason_path(place)
    return beside.read_text(encoding="utf-8").strip() if beside.exists() else ""
