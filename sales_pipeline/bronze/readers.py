"""Readers of landing files: all give the same records, in the columns of a bronze table.

The usual one reads in this process and hands the batches to the engine; many bytes that are not
written from here are read by Spark's workers, through a Python data source. For workspaces where
such sources are not allowed there is Spark's own CSV reader: its records are compared with those
that the landing reader reads of the same file in this process, so that none is lost or changed.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sales_pipeline.bronze.feed_files import shape_of
from sales_pipeline.bronze.file_moves import Folders
from sales_pipeline.engines.statements import union_of
from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.lakehouse.arrow_types import arrow_type
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.landing.bronze_rows import BronzeStream, LandingFile, LandingSource
from sales_pipeline.landing.discovery import sha256_of
from sales_pipeline.landing.outline import Outline, Totals, misread, outline_of
from sales_pipeline.landing.shape import FileShape
from sales_pipeline.landing.spark_csv import spark_csv_rows, totals_by_file
from sales_pipeline.profile import fetched

Unread = Mapping[int, FileChanged | FileRejected]
"""Number of a delivery whose records cannot be taken -> why."""


@dataclass(frozen=True)
class LandingFiles(ABC):
    """Reads the files of some deliveries whose records go to one table."""

    _lakehouse: Lakehouse
    _folders: Folders

    def look_at(self, deliveries: Sequence[Delivery]) -> Unread:  # noqa: ARG002
        """Looks at the files before any of them is read, if more is needed than to claim them."""
        return {}

    @abstractmethod
    def write(
        self,
        table: str,
        condition: str,
        deliveries: Sequence[Delivery],
        on_read: Callable[[int, int], None],
    ) -> Unread:
        """Replaces the rows of a bronze table that fulfil a condition by the records of the files.

        Returns:
            The deliveries that could not be read; then nothing was written.
        """

    @abstractmethod
    def records(self, table: str, deliveries: Sequence[Delivery]) -> DataFrame:
        """Their records as Spark's workers read them, in the columns of a bronze table."""

    def compare(self, table: str, deliveries: Sequence[Delivery]) -> Unread:  # noqa: ARG002
        """Compares the files with their records in bronze, if the bytes read were not hashed."""
        return {}


def landing_files(lakehouse: Lakehouse, folders: Folders) -> LandingFiles:
    """The reader that is declared."""
    if lakehouse.declaration.reader == "builtin":
        return BuiltinReader(lakehouse, folders)
    return PythonReader(lakehouse, folders)


def changed_files(deliveries: Sequence[Delivery], folders: Folders) -> Unread:
    """The deliveries whose files have other bytes than were claimed."""
    paths = ((delivery, Path(_path(delivery, folders))) for delivery in deliveries)
    return {
        delivery.file_id: FileChanged(str(path))
        for delivery, path in paths
        if sha256_of(path) != delivery.sha256
    }


class PythonReader(LandingFiles):
    """The landing reader, which checks each file as it reads it."""

    def write(
        self,
        table: str,
        condition: str,
        deliveries: Sequence[Delivery],
        on_read: Callable[[int, int], None],
    ) -> Unread:
        """Writes the records from this process, or lets Spark's workers read very many bytes."""
        capabilities = self._lakehouse.engine.capabilities
        size = sum(delivery.bytes for delivery in deliveries)
        if size <= capabilities.bytes_read_here:
            return self._write_from_here(table, condition, deliveries, on_read)
        self._lakehouse.replace(table, condition, self.records(table, deliveries))
        on_read(size, 0)
        return {}

    def _write_from_here(
        self,
        table: str,
        condition: str,
        deliveries: Sequence[Delivery],
        on_read: Callable[[int, int], None],
    ) -> Unread:
        files, shapes = self._files(deliveries)
        fields = [
            pa.field(column.name, arrow_type(column.type), nullable=column.nullable)
            for column in self._lakehouse.columns(table)
        ]
        slots = self._lakehouse.engine.capabilities.task_slots
        stream = BronzeStream(files, shapes, pa.schema(fields), threads=slots, on_read=on_read)
        try:
            self._lakehouse.stream(table, condition, stream.reader())
        except Exception:
            if not stream.failures:
                raise
        return stream.failures

    def records(self, table: str, deliveries: Sequence[Delivery]) -> DataFrame:
        """The records through the data source, in as many partitions as the engine has tasks."""
        spark = self._lakehouse.engine.spark()
        spark.dataSource.register(LandingSource)
        files, shapes = self._files(deliveries)
        columns = [(column.name, column.type) for column in self._lakehouse.columns(table)]
        slots = min(self._lakehouse.engine.capabilities.task_slots, len(files))
        options = {
            "files": json.dumps([asdict(file) for file in files]),
            "shapes": json.dumps([shape.to_dict() for shape in shapes]),
            "columns": json.dumps(columns),
            "partitions": str(slots),
        }
        return spark.read.format(LandingSource.name()).options(**options).load()

    def _files(self, deliveries: Sequence[Delivery]) -> tuple[list[LandingFile], list[FileShape]]:
        """The files and their distinct shapes."""
        places: dict[FileShape, int] = {}
        files = []
        for delivery in deliveries:
            shape = shape_of(self._lakehouse.declaration, delivery)
            files.append(
                LandingFile(
                    path=_path(delivery, self._folders),
                    file_id=delivery.file_id,
                    sha256=delivery.sha256,
                    bytes=delivery.bytes,
                    feed=delivery.feed,
                    shape=places.setdefault(shape, len(places)),
                )
            )
        return files, list(places)


@dataclass(frozen=True)
class BuiltinReader(LandingFiles):
    """Spark's own CSV reader, a partition for each file."""

    _outlines: dict[int, Outline] = field(default_factory=dict)

    def look_at(self, deliveries: Sequence[Delivery]) -> Unread:
        """Goes through each file; refuses a file that Spark's CSV reader would read otherwise."""
        unread: dict[int, FileChanged | FileRejected] = {}
        for delivery in deliveries:
            shape = shape_of(self._lakehouse.declaration, delivery)
            path = _path(delivery, self._folders)
            try:
                self._outlines[delivery.file_id] = outline_of(path, shape, sha256=delivery.sha256)
            except (FileChanged, FileRejected) as error:
                unread[delivery.file_id] = error
        return unread

    def write(
        self,
        table: str,
        condition: str,
        deliveries: Sequence[Delivery],
        on_read: Callable[[int, int], None],
    ) -> Unread:
        """Writes the records that Spark's reader reads."""
        self._lakehouse.replace(table, condition, self.records(table, deliveries))
        on_read(sum(delivery.bytes for delivery in deliveries), 0)
        return {}

    def records(self, table: str, deliveries: Sequence[Delivery]) -> DataFrame:
        """The records; a file without any is not read."""
        frames = []
        for (shape, feed), of_shape in self._by_shape(deliveries).items():
            outlines = [
                (delivery.file_id, self._outlines[delivery.file_id]) for delivery in of_shape
            ]
            outlines = [pair for pair in outlines if pair[1].totals.records]
            if outlines:
                rows = spark_csv_rows(self._lakehouse.engine.spark(), outlines, shape)
                frames.append(self._in_table(table, rows, feed))
        if not frames:
            return self._lakehouse.local([], table)
        return union_of(frames)

    def _in_table(self, table: str, rows: DataFrame, feed: str) -> DataFrame:
        present = {*rows.columns}
        values = {"feed": F.lit(feed)}
        none = F.lit(None).cast("STRING")
        return rows.select(
            *(
                (F.col(name) if name in present else values.get(name, none)).alias(name)
                for name in (column.name for column in self._lakehouse.columns(table))
            )
        )

    def _by_shape(
        self, deliveries: Sequence[Delivery]
    ) -> dict[tuple[FileShape, str], list[Delivery]]:
        groups: dict[tuple[FileShape, str], list[Delivery]] = {}
        for delivery in deliveries:
            place = (shape_of(self._lakehouse.declaration, delivery), delivery.feed)
            groups.setdefault(place, []).append(delivery)
        return groups

    def compare(self, table: str, deliveries: Sequence[Delivery]) -> Unread:
        """Finds files that changed meanwhile, and files whose records in bronze are others."""
        unread: dict[int, FileChanged | FileRejected] = {}
        for (shape, _), of_shape in self._by_shape(deliveries).items():
            bronze = self._lakehouse.table(table)
            rows = bronze.where(among("_file_id", (delivery.file_id for delivery in of_shape)))
            totals = fetched("add up what was read", totals_by_file(rows, shape))
            read = {
                row["_file_id"]: Totals(row["records"], row["checksum"])
                for row in totals.to_pylist()
            }
            for delivery in of_shape:
                outline = self._outlines[delivery.file_id]
                totals = read.get(delivery.file_id, Totals())
                if totals != outline.totals:
                    unread[delivery.file_id] = misread(outline, totals)
        return {**unread, **changed_files(deliveries, self._folders)}


def _path(delivery: Delivery, folders: Folders) -> str:
    return str(folders.source(delivery).absolute())
