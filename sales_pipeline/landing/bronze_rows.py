"""Landing files as rows of a bronze table: each file's columns among those of all feeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event

import pyarrow as pa

from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.landing.shape import FileShape

_FEED = "feed"
_WAITING_BATCHES = 8
_LOOK_EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class LandingFile:
    """A file to read.

    Attributes:
        path: Where it is, for every worker.
        file_id: The delivery's number.
        sha256: The hex digest that its bytes must have, or None.
        bytes: Its size.
        feed: Its feed.
        shape: The place of its shape among those that are given.
    """

    path: str
    file_id: int
    sha256: str | None
    bytes: int
    feed: str
    shape: int = 0


def bronze_batches(
    file: LandingFile, shape: FileShape, names: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Reads a landing file as batches of a bronze table.

    Args:
        file: The file.
        shape: How it is written.
        names: The columns of the table, in order; one that the file's feed does not declare is
            null, and `feed` is the feed's name.

    Raises:
        FileChanged: The bytes are not those that were claimed, or the file is gone.
        FileRejected: The file is not as its shape says.
    """
    for batch in read_batches(file.path, shape, file.file_id, sha256=file.sha256):
        columns = {name: batch.column(place) for place, name in enumerate(batch.schema.names)}
        if _FEED in names:
            columns[_FEED] = pa.repeat(pa.scalar(file.feed), batch.num_rows)
        none = pa.nulls(batch.num_rows, pa.string())
        arrays = [columns.get(name, none) for name in names]
        yield pa.RecordBatch.from_arrays(arrays, names=list(names))


class BronzeStream:
    """Reads landing files in threads of this process, as one stream of batches.

    Args:
        files: The files, in the order in which they are read.
        shapes: The shapes of the files.
        schema: The columns of the table.
        threads: How many files are read at the same time.
        on_read: Called with the bytes of each file once it is read.
    """

    def __init__(
        self,
        files: Sequence[LandingFile],
        shapes: Sequence[FileShape],
        schema: pa.Schema,
        *,
        threads: int,
        on_read: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._files, self._shapes, self._schema = files, shapes, schema
        self._threads = max(1, min(threads, len(files)))
        self._on_read = on_read
        self.failures: dict[int, FileChanged | FileRejected] = {}
        """Number of a delivery that could not be read -> why."""

    def reader(self) -> pa.RecordBatchReader:
        """The batches; reading them raises where a file could not be read."""
        return pa.RecordBatchReader.from_batches(self._schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        queue: Queue[pa.RecordBatch | BaseException | None] = Queue(_WAITING_BATCHES)
        stop = Event()
        waiting = iter(self._files)

        def put(item: pa.RecordBatch | BaseException | None) -> None:
            while not stop.is_set():
                with suppress(Full):
                    queue.put(item, timeout=_LOOK_EVERY_SECONDS)
                    return

        def read() -> None:
            try:
                # Taking the next item of an iterator is one step of the interpreter.
                for file in waiting:
                    self._read(file, put, stop)
                    if stop.is_set():
                        return
            except BaseException as error:  # noqa: BLE001 -- raised again by who takes the batches
                put(error)
            finally:
                put(None)

        with ThreadPoolExecutor(self._threads) as threads:
            try:
                for _ in range(self._threads):
                    threads.submit(read)
                yield from self._taken(queue)
            finally:
                stop.set()

    def _taken(
        self, queue: Queue[pa.RecordBatch | BaseException | None]
    ) -> Iterator[pa.RecordBatch]:
        ended = 0
        while ended < self._threads:
            try:
                item = queue.get(timeout=_LOOK_EVERY_SECONDS)
            except Empty:
                continue
            if item is None:
                ended += 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item

    def _read(self, file: LandingFile, put: Callable[[pa.RecordBatch], None], stop: Event) -> None:
        try:
            for batch in bronze_batches(file, self._shapes[file.shape], self._schema.names):
                put(batch.cast(self._schema))
                if stop.is_set():
                    return
        except (FileChanged, FileRejected) as error:
            self.failures[file.file_id] = error
            raise
        self._on_read(file.bytes)
