"""Finds the files in the landing folder and the feeds that they belong to."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

from sales_pipeline.config.files import Arrival
from sales_pipeline.landing.file_names import (
    is_lock_file,
    is_temporary,
    name_in_feed,
    natural_order,
    path_regex,
)
from sales_pipeline.landing.regular_files import (
    digest_of,
    is_being_written,
    open_regular,
    signature_of,
    special_kind,
)
from sales_pipeline.visible_text import visible_form

_HASHED_AT_ONCE = 2
_ANY_TIME = Arrival(settle_seconds=0)


@dataclass(frozen=True)
class FoundFile:
    """A file in the landing folder that a feed claims.

    Attributes:
        feed: The feed whose pattern matches.
        name: The path below the feed's own landing folder.
        path: The path below the landing folder, with `/`.
        bytes: The size.
        sha256: The digest of the bytes, or empty if they were not read.
        seen: Size, time of change and inode, by which an untouched file is recognised.
    """

    feed: str
    name: str
    path: str
    bytes: int
    sha256: str = ""
    seen: str = ""

    @property
    def changed_at(self) -> int:
        """The time of its last change, in nanoseconds."""
        return int(self.seen.split()[1]) if self.seen else 0


@dataclass
class Discovery:
    """The result of one search of the landing folder; all paths are below it, with `/`.

    Attributes:
        files: Files of feeds, in the order in which they are to be claimed.
        disputed: Files that two or more feeds claim -> those feeds.
        unclaimed: Files that no feed claims, or whose names are no UTF-8 text, so that no record
            can name them; they are left where they are.
        unready: Temporary files; left for the next run.
        left: Files that are left where they are for another reason -> that reason: they are still
            being written, or are no regular files.
        links: Symbolic links; they are not followed.
        unreadable: Files and folders that cannot be read -> why, in the system's words.
    """

    files: list[FoundFile] = field(default_factory=list)
    disputed: dict[str, list[str]] = field(default_factory=dict)
    unclaimed: list[str] = field(default_factory=list)
    unready: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


def discover(
    landing: Path,
    patterns: Mapping[str, str],
    *,
    arrivals: Mapping[str, Arrival] | None = None,
    hashed: Mapping[tuple[str, str], str] | None = None,
    on_hashed: Callable[[int], None] = lambda _: None,
) -> Discovery:
    """Lists the landing folder once, and hashes every file that a feed claims.

    A file that a process has open for writing is left. If the system cannot tell, a file is
    left until it is complete by what its feed declares.

    Args:
        landing: The folder; if it does not exist, nothing is found.
        patterns: Feed -> its landing pattern, in the order of the declaration.
        arrivals: Feed -> how its files arrive; a feed without one has no time to wait.
        hashed: Path and `seen` of files that were hashed before -> their sha256.
        on_hashed: Called with the bytes of each file once it is hashed.
    """
    discovery = Discovery()
    compiled = {feed: path_regex(pattern) for feed, pattern in patterns.items()}
    looks = _Looks(landing, arrivals or {}, hashed or {})
    markers = {arrival.marker for arrival in (arrivals or {}).values() if arrival.by == "marker"}
    claimed: list[tuple[FoundFile, list[str]]] = []
    for path, status in _walk(landing, discovery):
        shown = visible_form(path)
        feeds = [feed for feed, regex in compiled.items() if regex.fullmatch(shown)]
        if not feeds and path.endswith(tuple(markers)):
            continue
        if not feeds or not _is_text(path):
            discovery.unclaimed.append(path)
        else:
            name = name_in_feed(path, patterns[feeds[0]])
            file = FoundFile(feeds[0], name, path, status.st_size, seen=signature_of(status))
            claimed.append((file, feeds))
    order = {feed: place for place, feed in enumerate(patterns)}
    claimed.sort(key=lambda pair: (order[pair[0].feed], natural_order(pair[0].name)))
    with ThreadPoolExecutor(_HASHED_AT_ONCE) as threads:
        outcomes = threads.map(looks.look_at, (file for file, _ in claimed))
        for (file, feeds), outcome in zip(claimed, outcomes, strict=True):
            if isinstance(outcome, str):
                discovery.left[file.path] = outcome
            elif isinstance(outcome, OSError):
                discovery.unreadable[file.path] = _why(outcome)
            elif len(feeds) > 1:
                discovery.disputed[file.path] = feeds
            else:
                discovery.files.append(outcome)
            on_hashed(file.bytes)
    return discovery


@dataclass(frozen=True)
class _Looks:
    """Reads the files of one discovery, each of them unchanged from the first byte to the last."""

    landing: Path
    arrivals: Mapping[str, Arrival]
    hashed: Mapping[tuple[str, str], str]

    def look_at(self, claimed: FoundFile) -> FoundFile | OSError | str:
        """The file with its hash, the error of reading it, or why it is left for the next run."""
        path = self.landing / claimed.path
        try:
            with open_regular(path) as file:
                before = os.fstat(file.fileno())
                if reason := self._unfinished(claimed, file):
                    return reason
                seen = signature_of(before)
                digest = self.hashed.get((claimed.path, seen)) or digest_of(file)
            after = seen_of(path)
        except FileNotFoundError:
            return "it vanished while it was read"
        except OSError as error:
            return error
        if seen != after:
            return "still being written: it changed while it was read"
        return FoundFile(claimed.feed, claimed.name, claimed.path, before.st_size, digest, seen)

    def _unfinished(self, claimed: FoundFile, file: FileIO) -> str | None:
        """Returns why a file is not complete yet, or None if it is."""
        arrival = self.arrivals.get(claimed.feed, _ANY_TIME)
        status, is_written = os.fstat(file.fileno()), is_being_written(file)
        if is_written:
            return "still being written: another process has it open"
        if arrival.by == "marker" and not self._has_marker(claimed.path, arrival.marker, status):
            return f"still being written: no marker {arrival.marker} beside it, or an older one"
        age = time.time() - status.st_mtime
        if arrival.by == "write" and is_written is None and age < arrival.settle_seconds:
            return (
                f"maybe still being written: changed less than {arrival.settle_seconds} seconds "
                "ago (arrival.settle_seconds)"
            )
        return None

    def _has_marker(self, path: str, marker: str, status: os.stat_result) -> bool:
        file = self.landing / path
        for name in (f"{file.name}{marker}", f"{file.stem}{marker}"):
            try:
                if file.with_name(name).lstat().st_mtime_ns >= status.st_mtime_ns:
                    return True
            except OSError:
                continue
        return False


def _why(error: OSError) -> str:
    return error.strerror or str(error)


def seen_of(path: Path) -> str:
    """Size, time of change and inode of a file as one text; empty if it does not exist."""
    try:
        return signature_of(path.lstat())
    except OSError:
        return ""


def sha256_of(path: Path) -> str | None:
    """The sha256 of a file's bytes, or None if it cannot be read."""
    try:
        with open_regular(path) as file:
            return digest_of(file)
    except OSError:
        return None


def _walk(landing: Path, discovery: Discovery) -> Iterator[tuple[str, os.stat_result]]:
    """Yields each regular file that may be a delivery; notes all others in the discovery."""

    def unlisted(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            path = _below(landing, os.fsdecode(error.filename), "")
            discovery.unreadable[f"{path}/"] = _why(error)

    for folder, folders, names in os.walk(landing, onerror=unlisted):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        linked = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        discovery.links += [_below(landing, folder, name) for name in linked]
        for name in sorted(names):
            path = _below(landing, folder, name)
            try:
                status = os.lstat(os.path.join(folder, name))
            except OSError:  # It vanished just now.
                continue
            if is_lock_file(name):
                continue
            if stat.S_ISLNK(status.st_mode):
                discovery.links.append(path)
            elif kind := special_kind(status):
                discovery.left[path] = f"{kind}, which is never opened; deliver a regular file"
            elif is_temporary(name):
                discovery.unready.append(path)
            else:
                yield path, status


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _below(landing: Path, folder: str, name: str) -> str:
    return (Path(folder) / name).relative_to(landing).as_posix()
