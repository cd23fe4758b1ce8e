"""The readers of landing files: both give the same records, in the columns of bronze.

The usual one is a Python data source and runs with the workers. The other is Spark's own CSV
reader, for workspaces where such sources are not allowed; what it reads is compared with what
the landing reader reads of the same file in this process, so that no record is lost or changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pyspark.sql import DataFrame

from sales_pipeline.bronze.feed_files import shape_of
from sales_pipeline.bronze.keeping import Folders
from sales_pipeline.errors import FileChanged, FileRejected
from sales_pipeline.lakehouse.lakehouse import Lakehouse, among
from sales_pipeline.lakehouse.ledger import Delivery
from sales_pipeline.landing.data_source import LandingSource
from sales_pipeline.landing.discovery import sha256_of
from sales_pipeline.landing.outline import Outline, Totals, misread, outline_of
from sales_pipeline.landing.spark_csv import spark_csv_rows, totals_by_file

Unread = Mapping[int, FileChanged | FileRejected]
"""Number of a delivery whose records cannot be taken -> why."""


class LandingFiles(Protocol):
    """Reads the files of some deliveries of one feed and dialect."""

    def look_at(self, deliveries: Sequence[Delivery]) -> Unread:
        """Looks at the files before any of them is read."""

    def records(self, deliveries: Sequence[Delivery]) -> DataFrame:
        """Their records, in the columns of the feed's bronze table."""

    def compare(self, deliveries: Sequence[Delivery]) -> Unread:
        """Compares the files with what bronze has of them, once it has it."""


def landing_files(lakehouse: Lakehouse, folders: Folders) -> LandingFiles:
    """The reader that is declared."""
    if lakehouse.declaration.reader == "builtin":
        return BuiltinReader(lakehouse, folders)
    return PythonReader(lakehouse, folders)


def changed_files(deliveries: Sequence[Delivery], folders: Folders) -> Unread:
    """The deliveries whose files are not, or not any more, what was claimed."""
    paths = ((each, Path(_path(each, folders))) for each in deliveries)
    return {
        each.file_id: FileChanged(str(path))
        for each, path in paths
        if sha256_of(path) != each.sha256
    }


class PythonReader:
    """The landing reader as a Python data source, which checks each file as it reads it."""

    def __init__(self, lakehouse: Lakehouse, folders: Folders) -> None:
        self._lakehouse = lakehouse
        self._folders = folders
        lakehouse.engine.spark().dataSource.register(LandingSource)

    def look_at(self, deliveries: Sequence[Delivery]) -> Unread:  # noqa: ARG002 - it needs no look
        """Finds nothing: whoever claimed the files has looked at them."""
        return {}

    def records(self, deliveries: Sequence[Delivery]) -> DataFrame:
        """The records, in as many partitions as the engine has tasks."""
        files = [self._as_option(each) for each in deliveries]
        slots = min(self._lakehouse.engine.capabilities.task_slots, len(files))
        reader = self._lakehouse.engine.spark().read.format(LandingSource.name())
        shape = json.dumps(shape_of(self._lakehouse.declaration, deliveries[0]).to_dict())
        reader = reader.option("files", json.dumps(files)).option("shape", shape)
        return reader.option("partitions", str(slots)).load()

    def compare(self, deliveries: Sequence[Delivery]) -> Unread:  # noqa: ARG002 - it read them
        """Finds nothing: the very bytes that were read were hashed."""
        return {}

    def _as_option(self, delivery: Delivery) -> dict[str, Any]:
        return {
            "path": _path(delivery, self._folders),
            "file_id": delivery.file_id,
            "sha256": delivery.sha256,
            "bytes": delivery.bytes,
        }


class BuiltinReader:
    """Spark's own CSV reader, a partition for each file."""

    def __init__(self, lakehouse: Lakehouse, folders: Folders) -> None:
        self._lakehouse = lakehouse
        self._folders = folders
        self._outlines: dict[int, Outline] = {}

    def look_at(self, deliveries: Sequence[Delivery]) -> Unread:
        """Goes through each file; refuses what Spark's CSV reader is known to read otherwise."""
        unread: dict[int, FileChanged | FileRejected] = {}
        for each in deliveries:
            shape, path = shape_of(self._lakehouse.declaration, each), _path(each, self._folders)
            try:
                self._outlines[each.file_id] = outline_of(path, shape, sha256=each.sha256)
            except (FileChanged, FileRejected) as error:
                unread[each.file_id] = error
        return unread

    def records(self, deliveries: Sequence[Delivery]) -> DataFrame:
        """The records; a file that has none is not asked for them."""
        outlines = [(each.file_id, self._outlines[each.file_id]) for each in deliveries]
        outlines = [each for each in outlines if each[1].totals.records]
        if not outlines:
            return self._lakehouse.local([], f"bronze.{deliveries[0].feed}")
        shape = shape_of(self._lakehouse.declaration, deliveries[0])
        return spark_csv_rows(self._lakehouse.engine.spark(), outlines, shape)

    def compare(self, deliveries: Sequence[Delivery]) -> Unread:
        """Finds the files that changed meanwhile, and those that bronze has other records of."""
        if not deliveries:
            return {}
        read = self._totals(deliveries)
        outlines = {each.file_id: self._outlines[each.file_id] for each in deliveries}
        others = {
            file_id: misread(outline, found)
            for file_id, outline in outlines.items()
            if (found := read.get(file_id, Totals())) != outline.totals
        }
        return {**others, **changed_files(deliveries, self._folders)}

    def _totals(self, deliveries: Sequence[Delivery]) -> Mapping[int, Totals]:
        """What bronze has of each delivery, in one statement."""
        shape = shape_of(self._lakehouse.declaration, deliveries[0])
        bronze = self._lakehouse.table(f"bronze.{deliveries[0].feed}")
        of_these = bronze.where(among("_file_id", (each.file_id for each in deliveries)))
        rows = totals_by_file(of_these, shape).collect()
        return {row["_file_id"]: Totals(row["records"], row["checksum"]) for row in rows}


def _path(delivery: Delivery, folders: Folders) -> str:
    return str(folders.source(delivery).absolute())
