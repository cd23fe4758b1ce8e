"""Finds which delivery in bronze a file is, by its records alone.

When the ledger is lost, bronze still says which records came together, and the archive still has
the files. A file is the delivery whose records are all the same as its own, in the same order. The
records are compared by the declaration as it stands; if a column was renamed, removed or declared
since then, each header of the file is looked for among the columns of bronze.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from sales_pipeline.bronze.feed_files import file_headers
from sales_pipeline.errors import FileRejected
from sales_pipeline.lakehouse.tables import BRONZE_TECHNICAL
from sales_pipeline.landing.examine import examine
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.landing.shape import FileShape, bronze_schema

_FILE_ID, _ROW, _EXTRA, _RAW = "_file_id", "_row", "_extra", "_raw"
_NO_VALUES = {_FILE_ID, _ROW, "_problem", "feed"}
_TECHNICAL = {column.name for column in BRONZE_TECHNICAL} | {"feed"}


def records_of(path: Path, shape: FileShape) -> pa.Table:
    """Returns the records of a file as bronze would have them, in the order of the file.

    Raises:
        FileRejected: The file is not as its shape says.
        FileChanged: The file is gone.
    """
    schema = bronze_schema(shape.columns)
    batches = [batch.cast(schema) for batch in read_batches(str(path), shape, 0)]
    return pa.Table.from_batches(batches, schema).sort_by(_ROW)


def first_texts(rows: pa.Table) -> list[str]:
    """Returns the texts of the first record, sorted, without regard to its columns."""
    if not rows.num_rows:
        return []
    [record] = rows.slice(0, 1).to_pylist()
    extra = json.loads(record.get(_EXTRA) or "{}").values()
    named = (text for name, text in record.items() if name not in {*_NO_VALUES, _EXTRA})
    return sorted(text for text in (*named, *extra) if text is not None)


def headers_in_bronze(path: Path, shape: FileShape, bronze: pa.Table) -> str | None:
    """Returns the headers of a file as the ledger keeps them, or None if bronze has other records.

    Args:
        path: The file.
        shape: How it is read, by the declaration as it stands.
        bronze: All records of one delivery in bronze.
    """
    bronze = bronze.sort_by(_ROW)
    with suppress(FileRejected):
        if _has_same(records_of(path, shape), bronze, [name for name, _ in shape.columns]):
            return file_headers(shape, examine(path, shape).texts)
    return _headers_elsewhere(path, replace(shape, columns=()), bronze)


def _has_same(rows: pa.Table, bronze: pa.Table, declared: Sequence[str]) -> bool:
    """Returns whether two tables have the same values in all columns, declared or not.

    A column of bronze that the file was not read into must be empty.
    """
    compared = [*declared, _ROW, _EXTRA, _RAW]
    bronze_columns = set(bronze.column_names)
    further = bronze_columns - set(compared) - _TECHNICAL
    is_empty = all(bronze[name].null_count == bronze.num_rows for name in further)
    if not is_empty or not bronze_columns.issuperset(compared):
        return False
    return all(rows[name].equals(bronze[name]) for name in compared)


def _headers_elsewhere(path: Path, shape: FileShape, bronze: pa.Table) -> str | None:
    """The same headers if columns were declared otherwise when bronze was written."""
    rows = records_of(path, shape)
    if rows.num_rows != bronze.num_rows or rows[_RAW].to_pylist() != bronze[_RAW].to_pylist():
        return None
    records = [json.loads(text or "{}") for text in rows[_EXTRA].to_pylist()]
    extra = [json.loads(text or "{}") for text in bronze[_EXTRA].to_pylist()]
    columns = {
        name: bronze[name].to_pylist() for name in bronze.column_names if name not in _TECHNICAL
    }
    headers: dict[str, str | None] = {}
    for header in dict.fromkeys(header for record in records for header in record):
        values = [record.get(header) for record in records]
        if any(header in record for record in extra):
            if values != [record.get(header) for record in extra]:
                return None
            headers[header] = None
            continue
        column = next((name for name, texts in columns.items() if texts == values), None)
        if column is None:
            return None
        headers[header] = column
        del columns[column]
    is_all = all(value is None for values in columns.values() for value in values)
    return json.dumps(headers, ensure_ascii=False) if is_all else None
