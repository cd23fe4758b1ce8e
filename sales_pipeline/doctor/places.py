"""Checks of the folders: the landing folder, the lakehouse, the way from one to the other."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from sales_pipeline.bronze.feed_files import landing_patterns
from sales_pipeline.doctor.bench import Bench
from sales_pipeline.doctor.findings import Wrong
from sales_pipeline.doctor.probe import probe_bytes
from sales_pipeline.errors import counted, examples
from sales_pipeline.lakehouse.lock import hold
from sales_pipeline.landing.archive import move, sync

_STAYS = "files stay in the landing folder (archive: leave)"


def landing(bench: Bench) -> str:
    """Lists the landing folder and all folders in it."""
    folder = bench.landing
    if not folder.is_dir():
        what = "a file, and has to be a folder" if folder.exists() else "no such folder"
        raise Wrong(f"{folder}: {what}", "make the folder, or declare another: landing")
    unlisted: list[OSError] = []
    refused: list[str] = []
    found = 0
    for path, folders, names in os.walk(folder, onerror=unlisted.append):
        folders[:] = [each for each in folders if not each.startswith(".")]
        files = [os.path.join(path, name) for name in names if not name.startswith(".")]
        found += len(files)
        refused += [each for each in files if not os.access(each, os.R_OK)]
    refused += [os.fsdecode(each.filename) for each in unlisted]
    if refused:
        raise Wrong(f"cannot be read: {examples(sorted(refused))}", "let this user read them")
    return f"{folder}: {counted(found, 'file')}, all to be read"


def landing_file(bench: Bench) -> str:
    """Puts a file of our own into the landing folder, unless that is never changed."""
    is_changed = _is_archiving(bench)
    folder = bench.own_folder(bench.landing if is_changed else bench.lakehouse)
    folder.mkdir(parents=True, exist_ok=True)
    bench.probe = folder / "probe.csv"
    bench.probe.write_bytes(probe_bytes(bench.declaration))
    sync([bench.probe])
    return "a file can be made there" if is_changed else f"nothing is made there: {_STAYS}"


def lakehouse(bench: Bench) -> str:
    """Makes a folder and a file in the lakehouse folder."""
    folder = bench.own_folder(bench.lakehouse)
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "written"
    written.write_bytes(b"written")
    sync([written, folder])
    return str(bench.lakehouse)


def archive(bench: Bench) -> str:
    """Moves our landing file as a run moves one into the archive."""
    if not _is_archiving(bench) or bench.probe is None:
        return f"nothing is moved: {_STAYS}"
    kept = bench.own_folder(bench.lakehouse) / "archive" / bench.probe.name
    moved = _move(bench.probe, kept)
    bench.probe = kept
    return moved


def lock(bench: Bench) -> str:
    """Takes the lock of a run, in a folder of our own: a run at work is not in its way."""
    if not bench.engine.capabilities.has_folder:
        return "not needed: the tables are in a catalog"
    with hold(bench.own_folder(bench.lakehouse)):
        return "it can be taken"


def _is_archiving(bench: Bench) -> bool:
    feeds = landing_patterns(bench.declaration)
    return any(bench.declaration.archives(feed) for feed in feeds)


def _move(source: Path, target: Path) -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        move(source, target)
        return "by a copy: the lakehouse is on another file system than the landing folder"
    return "by renaming: both folders are on one file system"
