"""The landing reader as a Spark data source: files of many shapes in, bronze rows out.

    spark.dataSource.register(LandingSource)
    spark.read.format("sales_landing").option("files", …).option("shapes", …).load()

The options are text: `files` a JSON list of `LandingFile`s, `shapes` a JSON list of
`FileShape.to_dict()`, `columns` a JSON list of the table's columns (name and SQL type),
`partitions` a number (default 1). Nothing else reaches the reader: an engine may give it another
kind of schema than Spark does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

from sales_pipeline.landing.bronze_rows import LandingFile, bronze_batches
from sales_pipeline.landing.shape import FileShape

if TYPE_CHECKING:
    import pyarrow as pa


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
        """Reads a partition's files; raises FileChanged where one is not as it was claimed."""
        for file in partition.files:
            yield from bronze_batches(file, self._shapes[file.shape], self._names)


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
