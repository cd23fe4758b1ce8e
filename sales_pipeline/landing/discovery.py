"""Finds what lies in the landing folder and says which feed it belongs to."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sales_pipeline.config.values import landing_root

_TEMPORARY_ENDINGS = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", "~")
_HASH_BLOCK = 1 << 20
_HASHED_AT_ONCE = 2


@dataclass(frozen=True)
class FoundFile:
    """A file in the landing folder that a feed claims.

    Attributes:
        feed: The feed whose pattern matches.
        name: The path below the feed's own landing folder.
        path: The path below the landing folder, with `/`.
        bytes: The size.
        sha256: Of the bytes, or empty where it was not asked for.
        seen: Size, time of change and inode, by which an untouched file is known again.
    """

    feed: str
    name: str
    path: str
    bytes: int
    sha256: str = ""
    seen: str = ""


@dataclass
class Discovery:
    """What one look at the landing folder found; all paths are below it, with `/`.

    Attributes:
        files: Files of feeds, in the order in which they are to be claimed.
        disputed: Files that two or more feeds claim -> those feeds.
        unclaimed: Files that no feed claims, or whose names are no UTF-8 text, so that no record
            can name them; they are left where they are.
        unready: Temporary files and files that are still growing; left for the next run.
        links: Symbolic links; they are not followed.
        unreadable: Files and folders that cannot be read -> why, in the system's words.
    """

    files: list[FoundFile] = field(default_factory=list)
    disputed: dict[str, list[str]] = field(default_factory=dict)
    unclaimed: list[str] = field(default_factory=list)
    unready: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


def discover(
    landing: Path,
    patterns: Mapping[str, str],
    *,
    hashed: Mapping[tuple[str, str], str] | None = None,
    on_hashed: Callable[[int], None] = lambda _: None,
) -> Discovery:
    """Looks at the landing folder once and reads the hash of every file that a feed claims.

    Args:
        landing: The folder; where it is not there, nothing is found.
        patterns: Feed -> its landing pattern, in the order of the declaration.
        hashed: Path and `seen` of files that were hashed before -> their sha256.
        on_hashed: Called with the bytes of each file once it is hashed.
    """
    discovery = Discovery()
    compiled = {feed: _regex(pattern) for feed, pattern in patterns.items()}
    found: list[FoundFile] = []
    for path in _walk(landing, discovery):
        feeds = [feed for feed, regex in compiled.items() if regex.fullmatch(path)]
        if not feeds or not _is_text(path):
            discovery.unclaimed.append(path)
        elif len(feeds) > 1:
            discovery.disputed[path] = feeds
        else:
            name = name_in_feed(path, patterns[feeds[0]])
            found.append(FoundFile(feeds[0], name, path, _size(landing / path)))
    order = {feed: place for place, feed in enumerate(patterns)}
    ordered = sorted(found, key=lambda file: (order[file.feed], natural_order(file.name)))
    with ThreadPoolExecutor(_HASHED_AT_ONCE) as threads:
        looked_at = threads.map(lambda file: _hashed(landing, file, hashed or {}), ordered)
        for each, whole in zip(ordered, looked_at, strict=True):
            if whole is None:
                discovery.unready.append(each.path)
            elif isinstance(whole, OSError):
                discovery.unreadable[each.path] = _why(whole)
            else:
                discovery.files.append(whole)
            on_hashed(each.bytes)
    return discovery


def _hashed(
    landing: Path, file: FoundFile, hashed: Mapping[tuple[str, str], str]
) -> FoundFile | OSError | None:
    """The file with its hash, or why it cannot be read; None where it vanished or changed."""
    path = landing / file.path
    size, seen = _size(path), seen_of(path)
    try:
        digest = hashed.get((file.path, seen)) or _digest(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return error
    if not seen or seen != seen_of(path):
        return None
    return FoundFile(file.feed, file.name, file.path, size, digest, seen)


def _why(error: OSError) -> str:
    return error.strerror or str(error)


def seen_of(path: Path) -> str:
    """Size, time of change and inode of a file as one text; empty where it is not there."""
    return " ".join(map(str, _signature(path) or ()))


def sha256_of(path: Path) -> str | None:
    """The sha256 of a file's bytes, or None where it cannot be read."""
    try:
        return _digest(path)
    except OSError:
        return None


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """A sort key in which numbers count as numbers.

    >>> sorted(["sales_10.csv", "sales_2.csv"], key=natural_order)
    ['sales_2.csv', 'sales_10.csv']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    key = [(0, int(part), part) if part[0] in "0123456789" else (1, 0, part) for part in parts]
    return [*key, (0, -1, name)]


def name_in_feed(path: str, pattern: str) -> str:
    """The path of a file below its feed's landing folder.

    >>> name_in_feed("paris/2025/jan.csv", "paris/**/*.csv")
    '2025/jan.csv'
    """
    root = landing_root(pattern)
    return path[len(root) + 1 :] if root else path


def _walk(landing: Path, discovery: Discovery) -> Iterator[str]:
    def unlisted(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            path = _below(landing, os.fsdecode(error.filename), "")
            discovery.unreadable[f"{path}/"] = _why(error)

    for folder, folders, names in os.walk(landing, onerror=unlisted):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        linked = [each for each in folders if os.path.islink(os.path.join(folder, each))]
        discovery.links += [_below(landing, folder, each) for each in linked]
        for name in sorted(names):
            path = _below(landing, folder, name)
            if os.path.islink(os.path.join(folder, name)):
                discovery.links.append(path)
            elif name.startswith((".", "_")) or name.lower().endswith(_TEMPORARY_ENDINGS):
                discovery.unready.append(path)
            else:
                yield path


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _below(landing: Path, folder: str, name: str) -> str:
    return (Path(folder) / name).relative_to(landing).as_posix()


def _size(path: Path) -> int:
    signature = _signature(path)
    return signature[0] if signature else 0


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


def _regex(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"(\*\*/|\*|\?)", pattern)
    translated = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    text = "".join(translated.get(piece, re.escape(piece)) for piece in pieces)
    return re.compile(text, re.DOTALL)
