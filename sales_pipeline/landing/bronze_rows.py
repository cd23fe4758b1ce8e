"""Reads landing files as rows of a bronze table: a stream in this process, or a data source.

    spark.dataSource.register(LandingSource)
    spark.read.format("sales_landing").option("files", …).option("shapes", …).load()

The options are text: `files` a JSON list of `LandingFile`s, `shapes` a JSON list of
`FileShape.to_dict()`, `columns` a JSON list of the table's columns (name and SQL type),
`partitions` a number (default 1). Nothing else reaches the reader: an engine may give it another
kind of schema than Spark does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event
from typing import Any

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.landing.shape import FileShape

_FEED = "feed"
_WAITING_BATCHES = 16
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
        shape: The index of its shape in the list of shapes.
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
    """Reads a landing file as batches of a bronze table with columns of these names.

    A column that the file's feed does not declare is null, and `feed` is the feed's name.

    Raises:
        FileChanged: The bytes are not the claimed ones, or the file is gone.
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
        on_read: Called with the bytes and the records of each file once it is read.
    """

    def __init__(
        self,
        files: Sequence[LandingFile],
        shapes: Sequence[FileShape],
        schema: pa.Schema,
        *,
        threads: int,
        on_read: Callable[[int, int], None] = lambda _bytes, _records: None,
    ) -> None:
        self._files, self._shapes, self._schema = files, shapes, schema
        self._threads = max(1, min(threads, len(files)))
        self._on_read = on_read
        self.failures: dict[int, FileChanged | FileRejected] = {}
        """Number of a delivery that could not be read -> why."""

    def reader(self) -> pa.RecordBatchReader:
        """The batches; reading them raises an error if a file could not be read."""
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
            except BaseException as error:  # noqa: BLE001 -- the reader of the batches raises it again
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
        ended_threads = 0
        while ended_threads < self._threads:
            try:
                item = queue.get(timeout=_LOOK_EVERY_SECONDS)
            except Empty:
                continue
            if item is None:
                ended_threads += 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item

    def _read(self, file: LandingFile, put: Callable[[pa.RecordBatch], None], stop: Event) -> None:
        records = 0
        try:
            for batch in bronze_batches(file, self._shapes[file.shape], self._schema.names):
                put(batch.cast(self._schema))
                records += batch.num_rows
                if stop.is_set():
                    return
        except (FileChanged, FileRejected) as error:
            self.failures[file.file_id] = error
            raise
        self._on_read(file.bytes, records)


@dataclass
class LandingPartition(InputPartition):
    """The files that one task reads, in the order of their numbers."""

    files: tuple[LandingFile, ...]


class LandingSource(DataSource):
    """The data source `sales_landing`."""

    @classmethod
    def name(cls) -> str:
        """Gives the name of the format."""
        return "sales_landing"

    def schema(self) -> str:
        """Gives the schema of the bronze table as DDL."""
        return ", ".join(f"`{name}` {sql}" for name, sql in json.loads(self.options["columns"]))

    def reader(self, schema: Any) -> LandingReader:  # noqa: ARG002 - Spark asks for it
        """Makes the reader; the schema is known from the options."""
        files = [LandingFile(**values) for values in json.loads(self.options["files"])]
        shapes = [FileShape.from_dict(values) for values in json.loads(self.options["shapes"])]
        names = [name for name, _ in json.loads(self.options["columns"])]
        return LandingReader(files, shapes, names, int(self.options.get("partitions", "1")))


class LandingReader(DataSourceReader):
    """Reads landing files, several in a partition, as Arrow batches."""

    def __init__(
        self,
        files: Sequence[LandingFile],
        shapes: Sequence[FileShape],
        names: Sequence[str],
        partitions: int,
    ) -> None:
        self._files = files
        self._shapes = shapes
        self._names = names
        self._partitions = partitions

    def partitions(self) -> Sequence[InputPartition]:
        """Gives the files in partitions of about the same number of bytes."""
        return [LandingPartition(files) for files in balanced(self._files, self._partitions)]

    def read(self, partition: LandingPartition) -> Iterator[pa.RecordBatch]:  # type: ignore[override]
        """Reads a partition's files; raises FileChanged if one is not as it was claimed."""
        for file in partition.files:
            yield from bronze_batches(file, self._shapes[file.shape], self._names)


def balanced(files: Sequence[LandingFile], count: int) -> list[tuple[LandingFile, ...]]:
    """Spreads files over at most `count` groups (at least one) of about the same size.

    The largest files are placed first, each in the smallest group.
    """
    groups: list[list[LandingFile]] = [[] for _ in range(max(1, min(count, len(files))))]
    sizes = [0] * len(groups)
    for file in sorted(files, key=lambda file: (-file.bytes, file.file_id)):
        least = sizes.index(min(sizes))
        groups[least].append(file)
        sizes[least] += max(1, file.bytes)
    return [tuple(sorted(group, key=lambda file: file.file_id)) for group in groups]
