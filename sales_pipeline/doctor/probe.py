"""The landing file of our own: a few records in the shape of the retailer's first feed."""

from __future__ import annotations

from pathlib import Path

from sales_pipeline.bronze.feed_files import check_reader, file_shape
from sales_pipeline.bronze.keeping import Folders
from sales_pipeline.bronze.reading import landing_files
from sales_pipeline.config.model import Declaration
from sales_pipeline.doctor.bench import Bench
from sales_pipeline.doctor.findings import Wrong
from sales_pipeline.doctor.reasons import reason_of
from sales_pipeline.errors import FileChanged, counted
from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Delivery, State
from sales_pipeline.lakehouse.runs import utc_now
from sales_pipeline.landing.discovery import sha256_of
from sales_pipeline.landing.shape import FileShape

RECORDS = 3
_FILE_ID = 1
_DO_WITH_BUILTIN = (
    "let the engine see the landing folder under the same path; docs/engines.md lists what "
    "reader: builtin cannot read"
)


def probe_bytes(declaration: Declaration) -> bytes:
    """The bytes of a file of the first feed, in whose record number n every value is n."""
    shape = file_shape(declaration, _feed(declaration))
    headers = shape.headers
    if not shape.header:
        headers = tuple(str(at) for at in range(1, max(map(int, headers)) + 1))
    records = [headers] if shape.header else []
    records += [(str(row),) * len(headers) for row in range(1, RECORDS + 1)]
    lines = [_no_data(shape.skip_like)] * shape.skip_lines
    lines += [_line(each, shape) for each in records]
    lines += [_no_data(shape.footer_like)] * shape.footer_lines
    return "".join(f"{line}\n" for line in lines).encode(shape.encoding)


def _no_data(like: str) -> str:
    """A line that the declared pattern takes for no record."""
    return like.replace("*", "x").replace("?", "x") or "no data"


def reader(bench: Bench) -> str:
    """Reads our landing file as a run reads landing files, with the reader that is declared."""
    path, feed = _there(bench), _feed(bench.declaration)
    check_reader(bench.declaration, bench.engine)
    claimed = [_delivery(path, feed)]
    lakehouse = Lakehouse(bench.declaration, bench.engine)
    files = landing_files(lakehouse, Folders(path.parent, bench.lakehouse))
    if unread := files.look_at(claimed):
        raise Wrong(f"{path}: {unread[_FILE_ID]}", _DO_WITH_BUILTIN)
    frame = files.records(claimed)
    names = list(bench.declaration.feeds[feed].columns)
    try:
        found = sorted(tuple(row) for row in frame.select("_row", *names).collect())
    except Exception as error:
        # The only way in which the tasks say that the file is not there, or another one.
        if FileChanged.__name__ in str(error):
            what = f"{path}: where the tasks run it is not there, or another file"
            raise Wrong(what, "let them see the landing folder under the same path") from error
        if bench.declaration.reader == "builtin":
            raise Wrong(reason_of(error), _DO_WITH_BUILTIN) from error
        raise
    expected = [(row, *(str(row) for _ in names)) for row in range(1, RECORDS + 1)]
    if found != expected:
        raise Wrong(f"{counted(RECORDS, 'record')} in {path} are read otherwise, got {found[:1]}")
    return f"{counted(RECORDS, 'record')} in the shape of {feed}, read where the tasks run"


def _there(bench: Bench) -> Path:
    if bench.probe is None:
        raise Wrong("there is no file to read")
    return bench.probe


def _feed(declaration: Declaration) -> str:
    return next(iter(declaration.feeds))


def _line(values: tuple[str, ...], shape: FileShape) -> str:
    return shape.delimiter.join(_quoted(each, shape.quote) for each in values)


def _quoted(value: str, quote: str) -> str:
    return f"{quote}{value.replace(quote, quote * 2)}{quote}"


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
