"""`quarantine replay`: a mended file becomes a delivery that supersedes the records it names.

The records are written in a dialect of our own to the archive, where the feed's files end up
too; the names in them go to the ledger. An ordinary run does the rest, so a killed replay is
finished by the next one.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.bronze.feed_files import folders_of
from sales_pipeline.bronze.fingerprints import fingerprint
from sales_pipeline.config.model import Declaration
from sales_pipeline.lakehouse.ledger import Delivery, Ledger, State
from sales_pipeline.lakehouse.mends import Name, names_of, names_text, replays, touched_by
from sales_pipeline.lakehouse.runs import new_run_id, utc_now
from sales_pipeline.landing.archive import write_kept
from sales_pipeline.operations.decisions import decide
from sales_pipeline.operations.mended_file import MendedFile, read_mended, refuse
from sales_pipeline.operations.quarantine_export import FILE_ID, QUARANTINE, ROW, feed_of_sales
from sales_pipeline.run_report import FileNote, Progress, RunReport


def replay(
    declaration: Declaration,
    file: Path,
    *,
    progress: Progress | None = None,
    wait_seconds: float = 0,
) -> RunReport:
    """Takes in the records of a mended file, each in place of the one it names, and runs.

    The file is a mended export of `quarantine export`, and stays where it is.

    Raises:
        UsageError: It is no such file, or names records that do not wait; nothing was changed.
        LakehouseBusy: Another run holds the lakehouse.
    """
    mended = read_mended(file)
    repeated: list[FileNote] = []

    def replayed(ledger: Ledger) -> list[Delivery]:
        mended_file = _Replay(declaration, ledger, mended)
        if repeated_path := mended_file.repeats():
            repeated.append(
                FileNote(str(file), f"the same bytes as {repeated_path}, which is in force")
            )
            return []
        return mended_file.claim()

    report = decide(declaration, replayed, progress, wait_seconds, verb="replay")
    report.repeated += repeated
    return report


@dataclass(frozen=True)
class _Replay:
    """A mended file, checked against the ledger."""

    declaration: Declaration
    ledger: Ledger
    mended: MendedFile

    def repeats(self) -> str | None:
        """Path of an active replay with identical bytes, or None."""
        known = {delivery.sha256: delivery.path for delivery in replays(self.ledger)}
        return known.get(sha256(self._data).hexdigest())

    def claim(self) -> list[Delivery]:
        """Writes the archived file; returns the claim, and the deliveries to validate with it."""
        digest = sha256(self._data).hexdigest()
        name, now = f"replay-{digest[:12]}.csv", utc_now()
        delivery = Delivery(
            file_id=self.ledger.next_file_id,
            feed=self._feed,
            name=name,
            path=f"{self._feed}/{name}",
            sha256=digest,
            bytes=len(self._data),
            state=State.CLAIMED,
            fingerprint=fingerprint(self.declaration, self._feed),
            claimed_at=now,
            run_id=new_run_id(now),
            mends=names_text([name for name, _ in self._records]),
        )
        write_kept(folders_of(self.declaration).archived(delivery), self._data)
        files = {file_id for (file_id, _), _ in self._records}
        rejudged = (files | touched_by(self.ledger, files)) & self._in_force
        sent_back = [self.ledger[file_id].moved_to(State.IN_BRONZE) for file_id in sorted(rejudged)]
        return [*(sent for sent in sent_back if sent.rows is not None), delivery]

    @cached_property
    def _data(self) -> bytes:
        """The mended records in our own dialect, in the order of their names."""
        headers, _ = self._values
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([*headers, FILE_ID, ROW])
        writer.writerows([*values, *name] for name, values in self._records)
        return out.getvalue().encode()

    @cached_property
    def _records(self) -> list[tuple[Name, list[str]]]:
        return sorted(zip(self._names, self._values[1], strict=True), key=lambda record: record[0])

    @cached_property
    def _values(self) -> tuple[list[str], list[list[str]]]:
        return self.mended.values(feed_of_sales(self.declaration, self._feed))

    @cached_property
    def _in_force(self) -> set[int]:
        return {delivery.file_id for delivery in self.ledger.in_force()}

    @cached_property
    def _given(self) -> list[Name]:
        return self.mended.names()

    @cached_property
    def _feed(self) -> str:
        """The feed of all the deliveries that are named."""
        names = self._given
        known = {delivery.file_id for delivery in self.ledger}
        problems = self._problems(
            (number, f"no delivery has the {FILE_ID} {name[0]}")
            for number, name in enumerate(names, start=1)
            if name[0] not in known
        )
        refuse(self.mended.path, problems)
        feeds = sorted({self.ledger[file_id].feed for file_id, _ in names})
        if len(feeds) > 1:
            several = f"names records of the feeds {' and '.join(feeds)}; give a file for each"
            refuse(self.mended.path, [several])
        return feeds[0]

    @cached_property
    def _names(self) -> list[Name]:
        """The delivered record that each mended record replaces."""
        names = self._given
        waiting = self._waiting({file_id for file_id, _ in names})
        mended = {name for delivery in replays(self.ledger) for name in names_of(delivery)}
        problems: list[tuple[int, str]] = []
        first: list[Name] = []
        for number, name in enumerate(names, start=1):
            root = self._root(name)
            first.append(root)
            where = f"{self.ledger[name[0]].path} record {name[1]:,}"
            not_in_force = [
                file_id for file_id in (name[0], root[0]) if file_id not in self._in_force
            ]
            if not_in_force:
                path, state = self.ledger[not_in_force[0]].path, self.ledger[not_in_force[0]].state
                problems.append(
                    (number, f"{path} (delivery {not_in_force[0]}) is {state}, not in force")
                )
            elif name not in waiting and root not in mended:
                problems.append((number, f"{where} is not in quarantine"))
        twice = {name for name, count in Counter(first).items() if count > 1}
        problems += [
            (number, f"record {name[1]:,} of delivery {name[0]} is named twice")
            for number, name in enumerate(first, start=1)
            if name in twice
        ]
        refuse(self.mended.path, self._problems(problems))
        return first

    def _root(self, name: Name) -> Name:
        names = names_of(self.ledger[name[0]])
        return names[name[1] - 1] if 1 <= name[1] <= len(names) else name

    def _waiting(self, files: Iterable[int]) -> set[Name]:
        rows = self.ledger.lakehouse.read(QUARANTINE, columns=[FILE_ID, ROW])
        ids = pa.array(sorted(files), pa.int64())
        rows = rows.filter(pc.is_in(rows[FILE_ID], value_set=ids))
        return set(zip(rows[FILE_ID].to_pylist(), rows[ROW].to_pylist(), strict=True))

    def _problems(self, problems: Iterable[tuple[int, str]]) -> Sequence[str]:
        return [f"record {number}: {problem}" for number, problem in sorted(problems)]
