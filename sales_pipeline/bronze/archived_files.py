"""Finds delivered files in `archive/` and `rejected/` on the disk, whatever the ledger knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sales_pipeline.bronze.feed_files import landing_patterns
from sales_pipeline.bronze.file_moves import ARCHIVE, REJECTED, Folders
from sales_pipeline.config.model import Declaration
from sales_pipeline.config.values import landing_root
from sales_pipeline.errors import UsageError, counted, examples
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.landing.archive import partial_files
from sales_pipeline.landing.discovery import sha256_of

_DIGEST = re.compile("[0-9a-f]{12}")
_REPLAY = re.compile("replay-([0-9a-f]{12})[.]csv")


@dataclass(frozen=True)
class KeptFile:
    """A delivered file that was moved to the archive or to the rejected files.

    Attributes:
        place: Where it lies.
        feed: Its feed.
        name: Its path below the landing folder of its feed.
        path: Its path below the landing folder, under which it is delivered again.
    """

    place: Path
    feed: str
    name: str
    path: str

    @property
    def is_replay(self) -> bool:
        """True if `quarantine replay` wrote it; it was never delivered."""
        match = _REPLAY.fullmatch(self.name)
        return match is not None and self.place.parent.name == match[1]


def kept_files(
    folders: Folders, declaration: Declaration, *, below: tuple[str, ...] = (ARCHIVE, REJECTED)
) -> Iterator[KeptFile]:
    """Yields the files at `<feed>/<12 hex>/<name>` in some folders of the lakehouse, in path order.

    The landing folder of a feed that is no longer declared is taken to have the feed's name.
    """
    patterns = landing_patterns(declaration)
    for root in (folders.lakehouse / name for name in below):
        partial = set(partial_files(root))
        for place in sorted(root.glob("*/*/**/*")):
            feed, digest, *parts = place.relative_to(root).parts
            is_kept = _DIGEST.fullmatch(digest) and place.is_file() and place not in partial
            if not parts or not is_kept or _is_reason(place, digest):
                continue
            name = "/".join(parts)
            folder = landing_root(patterns[feed]) if feed in patterns else feed
            yield KeptFile(place, feed, name, f"{folder}/{name}" if folder else name)


def _is_reason(place: Path, digest: str) -> bool:
    """Returns whether a file is the reason of a rejected file: its own hash is not in its path."""
    is_named_so = place.name == "reason.txt" or place.name.endswith(".reason.txt")
    return is_named_so and not (sha256_of(place) or "").startswith(digest)


def unknown_files(ledger: Ledger, folders: Folders, declaration: Declaration) -> list[KeptFile]:
    """Returns the archived files of which the ledger has no delivery."""
    known = {folders.archived(delivery) for delivery in ledger}
    archived = kept_files(folders, declaration, below=(ARCHIVE,))
    return [file for file in archived if file.place not in known]


def check_archive(lakehouse: Lakehouse, folders: Folders) -> None:
    """Checks that a lakehouse which was never made has no archived files (P12).

    A file that a reset left in the archive does not count: another lies in its place.

    Raises:
        UsageError: It has, so its tables are lost.
    """
    if lakehouse.exists() or any(map(lakehouse.engine.exists, lakehouse.tables)):
        return
    lost = [
        file.path
        for file in kept_files(folders, lakehouse.declaration)
        if not (folders.landing / file.path).exists()
    ]
    if lost:
        raise UsageError(
            f"lakehouse: no table is at {lakehouse.declaration.tables_place}, but "
            f"{counted(len(lost), 'file')} of earlier runs are in the archive: {examples(lost)}. "
            "Do: sales-pipeline reset, which moves them back to the landing folder, and run again."
        )
