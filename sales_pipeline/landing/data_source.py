"""The landing reader as a Spark data source: many files in, one DataFrame of bronze rows out.

    spark.dataSource.register(LandingSource)
    spark.read.format("sales_landing").option("files", …).option("shape", …).load()

The options are text: `files` a JSON list of `LandingFile`s, `shape` the JSON of
`FileShape.to_dict()`, `partitions` a number (default 1). Nothing else reaches the
reader: an engine may give it another kind of schema than Spark does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

from sales_pipeline.landing.shape import BRONZE_TECHNICAL, FileShape

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class LandingFile:
    """A file to read.

    Attributes:
        path: Where it is, for every worker.
        file_id: The delivery's number.
        sha256: The hex digest that its bytes must have, or None.
        bytes: Its size.
    """

    path: str
    file_id: int
    sha256: str | None
    bytes: int


@dataclass
class LandingPartition(InputPartition):
    """The files that one task reads, in the order of their numbers."""

    files: tuple[LandingFile, ...]


class LandingSource(DataSource):
    """The data source `sales_landing`; its options are `files`, `shape` and `partitions`."""

    @classmethod
    def name(cls) -> str:
        """Gives the name of the format."""
        return "sales_landing"

    def schema(self) -> str:
        """Gives the bronze schema of the shape's columns as DDL."""
        declared = [(name, "STRING") for name, _ in _shape(self.options["shape"]).columns]
        return ", ".join(f"`{name}` {sql}" for name, sql in (*declared, *BRONZE_TECHNICAL))

    def reader(self, schema: Any) -> LandingReader:  # noqa: ARG002 - Spark asks for it
        """Makes the reader; the schema is known from the options."""
        files = [LandingFile(**values) for values in json.loads(self.options["files"])]
        shape = _shape(self.options["shape"])
        return LandingReader(files, shape, int(self.options.get("partitions", "1")))


class LandingReader(DataSourceReader):
    """Reads landing files, several in a partition, as Arrow batches."""

    def __init__(self, files: Sequence[LandingFile], shape: FileShape, partitions: int) -> None:
        self._files = files
        self._shape = shape
        self._partitions = partitions

    def partitions(self) -> Sequence[InputPartition]:
        """Gives the files in partitions of about the same number of bytes."""
        return [LandingPartition(files) for files in balanced(self._files, self._partitions)]

    def read(self, partition: LandingPartition) -> Iterator[pa.RecordBatch]:  # type: ignore[override]
        """Reads a partition's files; raises FileChanged where one is not as it was claimed."""
        from sales_pipeline.landing.reader import read_batches  # On the worker only.

        for file in partition.files:
            yield from read_batches(file.path, self._shape, file.file_id, sha256=file.sha256)


def balanced(files: Sequence[LandingFile], count: int) -> list[tuple[LandingFile, ...]]:
    """Spreads files over at most `count` groups (at least one) of about the same size.

    The largest files are placed first, each where there is least.
    """
    groups: list[list[LandingFile]] = [[] for _ in range(max(1, min(count, len(files))))]
    sizes = [0] * len(groups)
    for file in sorted(files, key=lambda file: (-file.bytes, file.file_id)):
        least = sizes.index(min(sizes))
        groups[least].append(file)
        sizes[least] += max(1, file.bytes)
    return [tuple(sorted(group, key=lambda file: file.file_id)) for group in groups]


def _shape(text: str) -> FileShape:
    return FileShape.from_dict(json.loads(text))
