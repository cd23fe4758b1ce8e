"""Landing files that grow or are replaced while a run reads them.

The functions that open files are replaced meanwhile. A change happens just before one of the
openings in the landing folder: of the file itself, or of any other.

A hook of Python's for the opening of files cannot be removed, and as long as one is there, a new
thread can fail to be traced by coverage.
"""

from __future__ import annotations

import builtins
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from io import BufferedWriter
from pathlib import Path
from threading import RLock
from typing import Any
from unittest.mock import patch


class How(StrEnum):
    """How a file changes."""

    GROWN = "another process writes more"
    REPLACED = "another file takes its place"
    SLOW = "it is still being written when the run begins"


@dataclass(frozen=True)
class Change:
    """A change of a landing file during a run.

    Attributes:
        how: How it changes.
        data: All of its bytes afterwards.
        opening: At which opening it begins, counted from 1.
        of_any_file: Whether the openings of all files count, and not only its own.
        lasts: During how many further openings the file stays open for writing.
    """

    how: How
    data: bytes
    opening: int
    of_any_file: bool = False
    lasts: int = 0


@contextmanager
def changed_while_read(landing: Path, changes: Mapping[str, Change]) -> Iterator[set[str]]:
    """Changes landing files during the block; what was not due by its end happens then.

    Args:
        landing: The folder.
        changes: Path below it, with `/` -> its change.

    Yields:
        The paths at which the first bytes still lay when they changed; those are gone for good.
    """
    uploads = _Uploads(
        landing, [_Upload(landing / path, change) for path, change in changes.items()]
    )
    try:
        with (
            patch.object(builtins, "open", uploads.hearing(builtins.open)),
            patch.object(io, "open", uploads.hearing(io.open)),
            patch.object(os, "open", uploads.hearing(os.open)),
        ):
            yield uploads.overwritten
    finally:
        uploads.finish()


@dataclass
class _Upload:
    """One change on its way; `end` is the opening of any file at which it is complete."""

    path: Path
    change: Change
    file: BufferedWriter | None = None
    end: int | None = None

    def __post_init__(self) -> None:
        if self.change.how is How.SLOW:
            size = len(self.change.data)
            self.path.write_bytes(self.change.data[: size // 2])
            self.file = self.path.open("ab")

    def begin(self) -> None:
        if self.change.how is How.GROWN and self.path.exists():
            self.file = self.path.open("ab")

    def complete(self) -> None:
        """Writes the rest, or puts the whole file into its place."""
        if self.file is not None:
            with self.file:
                self.file.write(self.change.data[os.fstat(self.file.fileno()).st_size :])
            return
        beside = self.path.parents[1].with_name(f"upload {self.path.name}")
        beside.write_bytes(self.change.data)
        self.path.parent.mkdir(exist_ok=True)
        beside.replace(self.path)


@dataclass
class _Uploads:
    """The changes of one run, from its openings of landing files."""

    landing: Path
    uploads: list[_Upload]
    overwritten: set[str] = field(default_factory=set)
    _counts: Counter[Path] = field(default_factory=Counter)
    _lock: RLock = field(default_factory=RLock)
    _is_at_work: bool = False

    def hearing(self, opens: Callable[..., Any]) -> Callable[..., Any]:
        """A function that opens files, which first does what is due at that opening."""

        def heard(file: Any, *arguments: Any, **options: Any) -> Any:
            if isinstance(file, (str, os.PathLike)):
                self.opened(Path(file))
            return opens(file, *arguments, **options)

        return heard

    def opened(self, path: Path) -> None:
        """Counts an opening and does what is due; what this opens itself does not count."""
        with self._lock:
            if self._is_at_work or self.landing not in path.parents:
                return
            self._is_at_work = True
            self._counts.update([path, self.landing])
            for upload in list(self.uploads):
                self._go_on(upload)
            self._is_at_work = False

    def _go_on(self, upload: _Upload) -> None:
        counted, change = self._counts[self.landing], upload.change
        own = counted if change.of_any_file else self._counts[upload.path]
        if upload.end is None and own >= change.opening:
            upload.begin()
            upload.end = counted + change.lasts
        if upload.end is not None and counted >= upload.end:
            self._complete(upload)
            self.uploads.remove(upload)

    def finish(self) -> None:
        """Completes what is not complete yet."""
        for upload in self.uploads:
            self._complete(upload)

    def _complete(self, upload: _Upload) -> None:
        if upload.path.exists():
            self.overwritten.add(upload.path.relative_to(self.landing).as_posix())
        upload.complete()
