"""Checks of the landing folder, the lakehouse folder, and a landing file on its way between them.

The landing file is our own: a few records in the shape of the retailer's first feed.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from sales_pipeline.bronze.feed_files import check_reader, file_shape, landing_patterns
from sales_pipeline.bronze.file_moves import Folders
from sales_pipeline.bronze.readers import landing_files
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import FileChanged, counted, examples
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, State
from sales_pipeline.lakehouse.lock import hold
from sales_pipeline.lakehouse.runs import utc_now
from sales_pipeline.lakehouse.tables import BRONZE_SALES
from sales_pipeline.landing.archive import move, sync
from sales_pipeline.landing.discovery import sha256_of
from sales_pipeline.landing.shape import FileShape
from sales_pipeline.proofs.diagnosis import CheckFailed, error_summary
from sales_pipeline.proofs.workbench import Workbench

PROBE_RECORDS = 3
_FILE_ID = 1
_FILES_STAY = "files stay in the landing folder (archive: leave)"
_BUILTIN_REMEDY = (
    "let the engine see the landing folder under the same path; docs/engines.md lists what "
    "reader: builtin cannot read"
)


def landing(bench: Workbench) -> str:
    """Checks that the landing folder and all folders in it can be listed, and the files read."""
    folder = bench.landing
    if not folder.is_dir():
        problem = "a file, and has to be a folder" if folder.exists() else "no such folder"
        raise CheckFailed(f"{folder}: {problem}", "make the folder, or declare another: landing")
    errors: list[OSError] = []
    unreadable: list[str] = []
    count = 0
    for path, folders, names in os.walk(folder, onerror=errors.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files = [os.path.join(path, name) for name in names if not name.startswith(".")]
        count += len(files)
        unreadable += [file for file in files if not os.access(file, os.R_OK)]
    unreadable += [os.fsdecode(error.filename) for error in errors]
    if unreadable:
        listed = examples(sorted(unreadable))
        raise CheckFailed(f"cannot be read: {listed}", "let this user read them")
    return f"{folder}: {counted(count, 'file')}, all to be read"


def landing_file(bench: Workbench) -> str:
    """Writes our landing file: into the landing folder, if files are ever moved out of it."""
    may_write = _archives(bench.declaration)
    folder = bench.scratch_folder(bench.landing if may_write else bench.lakehouse)
    folder.mkdir(parents=True, exist_ok=True)
    bench.probe = folder / "probe.csv"
    bench.probe.write_bytes(probe_bytes(bench.declaration))
    sync([bench.probe])
    return "a file can be made there" if may_write else f"nothing is made there: {_FILES_STAY}"


def lakehouse(bench: Workbench) -> str:
    """Checks that a folder and a file can be made in the lakehouse folder."""
    folder = bench.scratch_folder(bench.lakehouse)
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "written"
    written.write_bytes(b"written")
    sync([written, folder])
    return str(bench.lakehouse)


def lock(bench: Workbench) -> str:
    """Checks that a lock can be taken, in our own folder: the lock of a real run stays free."""
    if not bench.engine.capabilities.has_folder:
        return "not needed: the tables are in a catalog"
    with hold(bench.scratch_folder(bench.lakehouse)):
        return "it can be taken"


def archive(bench: Workbench) -> str:
    """Moves our landing file in the same way as a run moves one into the archive."""
    if not _archives(bench.declaration) or bench.probe is None:
        return f"nothing is moved: {_FILES_STAY}"
    source = bench.probe
    bench.probe = bench.scratch_folder(bench.lakehouse) / "archive" / source.name
    bench.probe.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.rename(source, bench.probe)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        move(source, bench.probe)
        return "by a copy: the lakehouse is on another file system than the landing folder"
    return "by renaming: both folders are on one file system"


def reader(bench: Workbench) -> str:
    """Reads our landing file in the same way as a run does, with the reader that is declared."""
    if bench.probe is None:
        raise CheckFailed("there is no file to read")
    path, feed = bench.probe, _first_feed(bench.declaration)
    check_reader(bench.declaration, bench.engine)
    deliveries = [_delivery(path, feed)]
    files = landing_files(
        Lakehouse(bench.declaration, bench.engine), Folders(path.parent, bench.lakehouse)
    )
    if unread := files.look_at(deliveries):
        raise CheckFailed(f"{path}: {unread[_FILE_ID]}", _BUILTIN_REMEDY)
    frame = files.records(BRONZE_SALES, deliveries)
    columns = list(bench.declaration.feeds[feed].columns)
    try:
        rows = sorted(tuple(row) for row in frame.select("_row", *columns).collect())
    except Exception as error:
        # The engine passes on only the text of this error, whose class the tasks raised.
        if FileChanged.__name__ in str(error):
            problem = f"{path}: where the tasks run it is not there, or another file"
            remedy = "let them see the landing folder under the same path"
            raise CheckFailed(problem, remedy) from error
        if bench.declaration.reader == "builtin":
            raise CheckFailed(error_summary(error), _BUILTIN_REMEDY) from error
        raise
    expected = [(row, *(str(row) for _ in columns)) for row in range(1, PROBE_RECORDS + 1)]
    records = counted(PROBE_RECORDS, "record")
    if rows != expected:
        raise CheckFailed(f"{records} in {path} are read otherwise, got {rows[:1]}")
    return f"{records} in the shape of {feed}, read where the tasks run"


def probe_bytes(declaration: Declaration) -> bytes:
    """Returns a landing file of the first feed; every value of record number n is n."""
    shape = file_shape(declaration, _first_feed(declaration))
    headers = shape.headers
    if not shape.header:
        headers = tuple(str(column) for column in range(1, max(map(int, headers)) + 1))
    records = [headers] if shape.header else []
    records += [(str(row),) * len(headers) for row in range(1, PROBE_RECORDS + 1)]
    lines = [_no_data(shape.skip_like)] * shape.skip_lines
    lines += [_line(record, shape) for record in records]
    lines += [_no_data(shape.footer_like)] * shape.footer_lines
    return "".join(f"{line}\n" for line in lines).encode(shape.encoding)


def _no_data(pattern: str) -> str:
    """A line that matches the declared pattern, so that it is no record."""
    return pattern.replace("*", "x").replace("?", "x") or "no data"


def _line(values: tuple[str, ...], shape: FileShape) -> str:
    quote = shape.quote
    return shape.delimiter.join(
        f"{quote}{value.replace(quote, quote * 2)}{quote}" for value in values
    )


def _delivery(path: Path, feed: str) -> Delivery:
    return Delivery(
        file_id=_FILE_ID,
        feed=feed,
        name=path.name,
        path=path.name,
        sha256=sha256_of(path) or "",
        bytes=path.stat().st_size,
        state=State.CLAIMED,
        fingerprint="",
        claimed_at=utc_now(),
        run_id="",
    )


def _first_feed(declaration: Declaration) -> str:
    return next(iter(declaration.feeds))


def _archives(declaration: Declaration) -> bool:
    """Returns whether files of any feed are moved from the landing folder to the archive."""
    return any(declaration.archives(feed) for feed in landing_patterns(declaration))
