"""Arrow tables in this process: the types of the declared tables, their rows, and sums."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sales_pipeline.lakehouse.tables import Table

_SIMPLE = {
    "STRING": pa.string(),
    "BIGINT": pa.int64(),
    "INT": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us", "UTC"),
}
_BETWEEN = "\x1f"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def arrow_type(sql_type: str) -> pa.DataType:
    """The Arrow type of a Spark SQL type that the declared tables use.

    >>> arrow_type("DECIMAL(18,4)")
    Decimal128Type(decimal128(18, 4))
    >>> arrow_type("ARRAY<DATE>")
    ListType(list<item: date32[day]>)
    """
    if array := re.fullmatch(r"ARRAY<(.+)>", sql_type):
        return pa.list_(arrow_type(array[1]))
    if decimal := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", sql_type):
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    return _SIMPLE[sql_type]


def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema of a declared table."""
    return pa.schema(
        [
            pa.field(column.name, arrow_type(column.type), nullable=column.nullable)
            for column in table.columns
        ]
    )


def sql_type(arrow: pa.DataType) -> str:
    """The Spark SQL type of an Arrow type that the declared tables use.

    >>> sql_type(pa.list_(pa.decimal128(18, 4)))
    'ARRAY<DECIMAL(18,4)>'
    """
    if pa.types.is_list(arrow):
        return f"ARRAY<{sql_type(arrow.value_type)}>"
    if pa.types.is_struct(arrow):
        return f"STRUCT<{', '.join(f'{part.name}: {sql_type(part.type)}' for part in arrow)}>"
    if pa.types.is_decimal(arrow):
        return f"DECIMAL({arrow.precision},{arrow.scale})"
    return next(name for name, type_ in _SIMPLE.items() if type_ == arrow)


def sql_schema(schema: pa.Schema) -> str:
    """The columns of an Arrow schema as Spark writes them: `a BIGINT, b STRING`."""
    return ", ".join(f"`{field.name}` {sql_type(field.type)}" for field in schema)


def python_rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows of a small table.

    Arrow's own way imports pandas, half a second, to look whether a time is one of its.
    """
    columns = [_python_values(column) for column in table.columns]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def _python_values(column: pa.ChunkedArray) -> list[Any]:
    if column.type != _SIMPLE["TIMESTAMP"]:
        values: list[Any] = column.to_pylist()
        return values
    since = [moment for chunk in column.chunks for moment in chunk.view(pa.int64()).to_pylist()]
    return [None if moment is None else _EPOCH + timedelta(microseconds=moment) for moment in since]


def text_scalar(text: str) -> pa.StringScalar:
    """Returns a text as Arrow has it; `pa.scalar` would import pandas, which takes half a second.

    >>> text_scalar("a, b")
    <pyarrow.StringScalar: 'a, b'>
    """
    data = text.encode()
    ends = struct.pack("=ii", 0, len(data))
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), 1, buffers)[0]


def totals_by(
    keys: Sequence[pa.ChunkedArray], amounts: pa.ChunkedArray
) -> Iterator[tuple[list[str], int, Decimal | None]]:
    """Gives each group's keys, its number of rows, and its amount.

    pyarrow's own `group_by` imports pandas, which takes longer than the grouping itself.

    Args:
        keys: Columns without nulls, whose texts hold no unit separator.
        amounts: A column of decimals.
    """
    texts = [key.cast(pa.string()) for key in keys]
    joined = pc.binary_join_element_wise(*texts, text_scalar(_BETWEEN)).combine_chunks()
    encoded = joined.dictionary_encode()
    sorted_amounts = amounts.take(pc.sort_indices(encoded.indices))
    start = 0
    # Groups are numbered in the order in which they are met, and so are their counts.
    counts = pc.value_counts(encoded.indices).field("counts").to_pylist()
    for key, rows in zip(encoded.dictionary.to_pylist(), counts, strict=True):
        yield key.split(_BETWEEN), rows, pc.sum(sorted_amounts.slice(start, rows)).as_py()
        start += rows
